package storage

import (
	"strconv"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"nkhost/host/cursor"
)

// lend writes objects of alice and bob with every read permission, and one of the
// system.
func lend(t *testing.T, f *fixture) (alice, bob string) {
	t.Helper()
	alice, bob = f.user(t, "alice"), f.user(t, "bob")
	for i, owner := range []string{alice, bob} {
		for permission := ReadNobody; permission <= ReadEveryone; permission++ {
			for _, key := range []string{"y", "x"} {
				w := at(owner, key+strconv.Itoa(int(permission)), "")
				w.Value, w.PermissionRead = ":"+strconv.Itoa(i), permission
				f.mustWrite(t, Server, w)
			}
		}
	}
	w := at(System, "x2", ":s")
	f.mustWrite(t, Server, w)
	return alice, bob
}

func TestList(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice, bob := lend(t, f)
		// UUIDs of names: alice's is before bob's.
		for name, test := range map[string]struct{ caller, owner, want string }{
			"the server, everyone's":   {Server, "", "x0:0 x0:1 y0:0 y0:1 x1:0 x1:1 y1:0 y1:1 x2:s x2:0 x2:1 y2:0 y2:1"},
			"the server, one user's":   {Server, alice, "x0:0 y0:0 x1:0 y1:0 x2:0 y2:0"},
			"the server, the system's": {Server, System, "x2:s"},
			"alice, everyone's":        {alice, "", "x2:s x2:0 x2:1 y2:0 y2:1"},
			"alice, her own":           {alice, alice, "x1:0 y1:0 x2:0 y2:0"},
			"alice, bob's":             {alice, bob, "x2:1 y2:1"},
			"alice, the system's":      {alice, System, "x2:s"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if bob < alice {
					t.Fatal("the ids are in another order")
				}
				for limit := 1; limit < 15; limit++ {
					pages, got := 0, []string{}
					for cursor := ""; pages == 0 || cursor != ""; pages++ {
						objects, next, err := f.List(t.Context(), test.caller, ListRequest{Collection: "c", UserID: test.owner, Limit: limit, Cursor: cursor})
						if err != nil || len(objects) > limit {
							t.Fatalf("%d objects, %v", len(objects), err)
						}
						got, cursor = append(got, keysOf(objects)), next
					}
					wantKeys(t, strings.Join(got, " "), test.want)
					if n := len(strings.Fields(test.want)); pages != (n+limit-1)/limit {
						t.Errorf("%d pages of %d for %d objects", pages, limit, n)
					}
				}
			})
		}
	})
}

// A cursor is no way around permissions: one of another listing is clamped.
func TestListWithAForeignCursor(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice, _ := lend(t, f)
		_, next, err := f.List(t.Context(), Server, ListRequest{Collection: "c", Limit: 1})
		if err != nil || next == "" {
			t.Fatal(next, err)
		}
		objects, _, err := f.List(t.Context(), alice, ListRequest{Collection: "c", Limit: 100, Cursor: next})
		if err != nil {
			t.Fatal(err)
		}
		wantKeys(t, keysOf(objects), "x2:s x2:0 x2:1 y2:0 y2:1")
		for _, bad := range []string{"garbage", "!", cursor.Encode("a text")} {
			_, _, err := f.List(t.Context(), alice, ListRequest{Collection: "c", Limit: 1, Cursor: bad})
			wantCode(t, err, codes.InvalidArgument)
		}
		if objects, cursor, err := f.List(t.Context(), alice, ListRequest{Collection: "c"}); len(objects) != 0 || cursor != "" || err != nil {
			t.Errorf("without a limit: %v, %q, %v", objects, cursor, err)
		}
	})
}

func TestRead(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice, bob := lend(t, f)
		ids := []ID{{"c", "x2", bob}, {"c", "x1", alice}, {"c", "x0", alice}, {"c", "absent", alice}, {"c", "x1", bob}, {"c", "x2", System}, {"c", "x2", bob}}
		for caller, want := range map[string]string{
			Server: "x2:1 x1:0 x0:0 x1:1 x2:s",
			alice:  "x2:1 x1:0 x2:s",
			bob:    "x2:1 x1:1 x2:s",
		} {
			objects, err := f.Read(t.Context(), caller, ids)
			if err != nil {
				t.Fatal(err)
			}
			wantKeys(t, keysOf(objects), want)
		}
		if objects, err := f.Read(t.Context(), Server, nil); len(objects) != 0 || err != nil {
			t.Errorf("nothing: %v, %v", objects, err)
		}
	})
}

// More objects than one statement reads come in the order in which they were asked for.
func TestReadMany(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice := f.user(t, "alice")
		const count = 2*128 + 3
		f.fill(t, "many", alice, count)
		ids := make([]ID, count)
		for i := range ids {
			ids[i] = ID{"many", strconv.Itoa(count - 1 - i), alice}
		}
		for _, n := range []int{1, 2, 3, 63, 64, 65, 128, count} {
			objects, err := f.Read(t.Context(), alice, ids[:n])
			if err != nil || len(objects) != n {
				t.Fatalf("%d of %d objects, %v", len(objects), n, err)
			}
			if objects[0].Key != ids[0].Key || objects[n-1].Key != ids[n-1].Key {
				t.Errorf("%d objects are in another order", n)
			}
		}
	})
}
