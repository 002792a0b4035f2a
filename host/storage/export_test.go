package storage

import (
	"testing"

	"google.golang.org/grpc/codes"
)

func TestExport(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice, bob := f.user(t, "alice"), f.user(t, "bob")
		if text, err := f.Export(t.Context(), alice); text != nil || err != nil {
			t.Errorf("of nothing: %s, %v", text, err)
		}
		w := at(alice, "a", `{"n":1}`)
		w.PermissionRead, w.PermissionWrite = ReadNobody, WriteNobody
		f.mustWrite(t, Server, w, at(alice, "b", "null"), at(bob, "c", "{}"))
		text, err := f.Export(t.Context(), alice)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Import(t.Context(), bob, text); err != nil {
			t.Fatal(err)
		}
		objects, _, err := f.List(t.Context(), Server, ListRequest{Collection: "c", UserID: bob, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		wantKeys(t, keysOf(objects), `a{"n":1} bnull c{}`)
		if a := objects[0]; a.PermissionRead != 0 || a.PermissionWrite != 0 || a.Version != "082c26c8a6bc75226a31da5495cc9292" {
			t.Errorf("imported %v", a)
		}
		for _, bad := range []string{"{}", "[5]", `[{"collection":"c","key":"k","value":"{"}]`, `[{"collection":"c","value":"{}"}]`} {
			wantCode(t, f.Import(t.Context(), bob, []byte(bad)), codes.InvalidArgument)
		}
	})
}
