package api

import (
	"slices"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// FuzzDecode gives every operation that is served any body and query. What is
// refused is refused as the client's mistake, and what is accepted can be sent on.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		"", "{}", "null", "[]", `"x"`, `{"id":"device"}`, `{"id":"a","id":"b"}`, `{"vars":{"a":"b"}} more`,
		`{"email":"a@b.c","password":"p"}`, `{"token":"t","vars":{}}`, `{"display_name":null,"langTag":"x"}`, "{\"id\":\"\xff\"}",
	} {
		for _, query := range []string{
			"", "create=true&username=x", "create=maybe", "limit=5&min_size=-1&query=%2Ba", "vars[a]=b", "account.vars[a]=b",
			"a;b", "%zz", "limit.value=5", "username=a&username=b", "username=%ff",
		} {
			f.Add([]byte(body), query)
		}
	}
	table := (&server{}).operations()
	newRoutes(table)
	f.Fuzz(func(t *testing.T, body []byte, query string) {
		for _, op := range table {
			if op.handle == nil {
				continue
			}
			request := op.newRequest()
			params := slices.Repeat([]string{query}, len(op.fields))
			if err := op.decode(request, body, params, query); err != nil {
				if status.Code(err) != codes.InvalidArgument {
					t.Errorf("%s: %v", op.name, err)
				}
				continue
			}
			if _, err := proto.Marshal(request); err != nil {
				t.Errorf("%s takes %q?%q, which cannot be sent on: %v", op.name, body, query, err)
			}
		}
	})
}
