package api

import (
	"maps"
	"net/url"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

// parameterOperations are those whose requests a URL's query can set.
func parameterOperations() []operation {
	table := (&server{}).operations()
	newRoutes(table)
	return slices.DeleteFunc(table, func(op operation) bool {
		return op.handle == nil || op.body == "*" || op.empty
	})
}

// gatewaySets does the same by the library that Nakama uses. That takes the parameters
// in no order: so that the last one counts here as there, they are given one by one
// once it has accepted all.
func gatewaySets(request proto.Message, values url.Values, fixed []string) error {
	var fields [][]string
	for _, name := range fixed {
		fields = append(fields, []string{name})
	}
	filter := utilities.NewDoubleArray(fields)
	if err := runtime.PopulateQueryParameters(proto.Clone(request), values, filter); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if err := runtime.PopulateQueryParameters(request, url.Values{name: values[name]}, filter); err != nil {
			return err
		}
	}
	return nil
}

// compareWithGateway sets the request of an operation in both ways.
func compareWithGateway(t *testing.T, op operation, values url.Values) {
	t.Helper()
	got, want := op.newRequest(), op.newRequest()
	err := setParameters(got, values, op.fixed)
	wantErr := gatewaySets(want, values, op.fixed)
	switch {
	case (err == nil) != (wantErr == nil):
		t.Errorf("%s?%s: error %v, want %v", op.name, values.Encode(), err, wantErr)
	case err != nil && len(values) == 1 && err.Error() != wantErr.Error():
		t.Errorf("%s?%s: error %q, want %q", op.name, values.Encode(), err, wantErr)
	case err == nil && !proto.Equal(got, want):
		t.Errorf("%s?%s sets\n%v, want\n%v", op.name, values.Encode(), got, want)
	}
}

// TestParametersOfEveryType sets every field that a query can set.
func TestParametersOfEveryType(t *testing.T) {
	t.Parallel()
	for _, op := range parameterOperations() {
		fields := op.newRequest().ProtoReflect().Descriptor().Fields()
		for i := range fields.Len() {
			for _, value := range []string{"1", "true", "", "-1", "1e3", "2147483648", "9223372036854775808", "x"} {
				compareWithGateway(t, op, url.Values{string(fields.Get(i).Name()): {value}})
				compareWithGateway(t, op, url.Values{fields.Get(i).JSONName(): {value, "1"}})
			}
			if slices.Contains(op.fixed, string(fields.Get(i).Name())) {
				continue
			}
			name := string(fields.Get(i).Name())
			if err := setParameters(op.newRequest(), url.Values{name: {"1"}}, op.fixed); err != nil {
				t.Errorf("%s?%s=1: %v", op.name, name, err)
			}
		}
	}
}

var parameterTexts = []string{
	"", "a=b", "limit=5", "limit=", "limit=x", "limit=5&limit=6", "limit=5&limit.value=6", "limit.value=5", "limit.value.x=5",
	"limit.x=5", "limit[x]=5", "limit[]", "ids=a&ids=b", "ids[]=a", "ids[b]=c&ids=d", "ids[\n]=a", "ids[a][b]=c", "ids[=]",
	"]=[", "[]=a", "userIds=a", "user_ids=a&userIds=b", "user_ids.x=a", "user_ids[a]=b&userIds[a]=c", "group_id=a&groupId=b",
	"groupId.x=a", "group_id.x=a", "leaderboardId.a=1&leaderboard_id.b=2", "account.vars[a]=b", "account=x", "record.score=5",
	"create=true&username=x", "create=maybe", "create=T", "username=a.b&.=c&..", "forward=1&limit=0x10&state=+3&open=1_0",
}

func TestParametersAsOnTheGateway(t *testing.T) {
	t.Parallel()
	for _, text := range parameterTexts {
		values, err := url.ParseQuery(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range parameterOperations() {
			compareWithGateway(t, op, values)
		}
	}
}

// FuzzParameters compares with the library that Nakama uses.
func FuzzParameters(f *testing.F) {
	for _, text := range parameterTexts {
		f.Add(text)
	}
	table := parameterOperations()
	f.Fuzz(func(t *testing.T, text string) {
		// The gateway takes texts that are not UTF-8, and sets fields to them.
		values, err := url.ParseQuery(text)
		if plain, _ := url.QueryUnescape(text); err != nil || !utf8.ValidString(plain) {
			return
		}
		for _, op := range table {
			compareWithGateway(t, op, values)
		}
	})
}

func TestParametersMustBeUTF8(t *testing.T) {
	t.Parallel()
	for _, values := range []url.Values{{"ids": {"a", "\xff"}}, {"ids[\xff]": {"a"}}} {
		for _, op := range parameterOperations() {
			if err := setParameters(op.newRequest(), values, op.fixed); err == nil {
				t.Errorf("%s takes %q", op.name, values)
			}
		}
	}
}

func TestStatusAsOnTheGateway(t *testing.T) {
	t.Parallel()
	for code := range codes.Code(20) {
		if got, want := httpStatus(code), runtime.HTTPStatusFromCode(code); got != want {
			t.Errorf("%v: status %d, want %d", code, got, want)
		}
	}
}
