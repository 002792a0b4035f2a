package storage

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"

	"nkhost/host/db"

	"nkhost/host/db/dbtest"
)

// Alice saves her game from two places. Each save names the version it was made from,
// so that the later of two from the same one is refused.
func TestVersions(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice := f.user(t, "alice")
		write := func(value, version string) (string, error) {
			w := at(alice, "save", value)
			w.Version = version
			acks, err := f.Write(t.Context(), alice, []Write{w})
			if err != nil {
				return "", err
			}
			return acks[0].Version, nil
		}
		_, err := write(`{"n":0}`, "0123456789abcdef0123456789abcdef")
		wantRefused(t, err, ErrVersion)
		first, err := write(`{"n":1}`, "*")
		if err != nil || first != "082c26c8a6bc75226a31da5495cc9292" {
			t.Fatalf("version %s, %v, want the md5 of the text", first, err)
		}
		_, err = write(`{"n":2}`, "*")
		wantRefused(t, err, ErrVersion)
		second, err := write(`{"n":2}`, first)
		if err != nil || second == first {
			t.Fatalf("version %s after %s, %v", second, first, err)
		}
		_, err = write(`{"n":3}`, first)
		wantRefused(t, err, ErrVersion)
		wantKeys(t, f.stored(t, "c"), `save{"n":2}`)

		remove := func(caller, version string) error {
			return f.Delete(t.Context(), caller, []Delete{{ID{"c", "save", alice}, version}})
		}
		wantCode(t, remove(alice, first), codes.InvalidArgument)
		wantCode(t, remove(Server, first), codes.InvalidArgument)
		wantCode(t, remove(alice, second), codes.OK)
		wantCode(t, remove(alice, ""), codes.InvalidArgument)
		wantCode(t, remove(Server, second), codes.InvalidArgument)
		wantCode(t, remove(Server, ""), codes.OK)
		wantKeys(t, f.stored(t, "c"), "")
	})
}

func wantRefused(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
	wantCode(t, err, codes.InvalidArgument)
}

// Of a batch in which one write or deletion is refused nothing is left.
func TestBatchesAreWhole(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice := f.user(t, "alice")
		f.mustWrite(t, alice, at(alice, "b", "{}"))
		last := at(alice, "b", `{"n":1}`)
		last.Version = "*"
		_, err := f.Write(t.Context(), alice, []Write{at(alice, "a", "{}"), last, at(alice, "c", "{}")})
		wantRefused(t, err, ErrVersion)
		wantKeys(t, f.stored(t, "c"), `b{}`)

		acks := f.mustWrite(t, alice, at(alice, "z", "{}"), at(alice, "a", "{}"), at(alice, "z", `{"n":2}`))
		if acks[0].Key != "z" || acks[1].Key != "a" || acks[2].Key != "z" {
			t.Errorf("acknowledged %v", acks)
		}
		wantKeys(t, f.stored(t, "c"), `a{} b{} z{"n":2}`)
		err = f.Delete(t.Context(), alice, []Delete{{ID: ID{"c", "a", alice}}, {ID: ID{"c", "absent", alice}}})
		wantCode(t, err, codes.InvalidArgument)
		wantKeys(t, f.stored(t, "c"), `a{} b{} z{"n":2}`)

		broken := errors.New("broken")
		err = f.Update(t.Context(), func(_ *db.Tx, batch *Batch) error {
			if _, err := batch.Write(t.Context(), Server, []Write{at(alice, "new", "{}")}); err != nil {
				return err
			}
			return broken
		})
		if !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
		wantKeys(t, f.stored(t, "c"), `a{} b{} z{"n":2}`)
	})
}

// Clients are held to the permissions of what is there, the server is not.
func TestPermissions(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice := f.user(t, "alice")
		frozen := at(alice, "frozen", `{"n":1}`)
		frozen.PermissionRead, frozen.PermissionWrite = ReadOwner, WriteNobody
		f.mustWrite(t, alice, frozen)
		_, err := f.Write(t.Context(), alice, []Write{frozen})
		wantRefused(t, err, ErrPermission)
		wantCode(t, f.Delete(t.Context(), alice, []Delete{{ID: frozen.ID}}), codes.InvalidArgument)
		f.mustWrite(t, Server, frozen)
		frozen.PermissionRead = ReadNobody
		f.mustWrite(t, Server, frozen)
		for caller, want := range map[string]string{alice: "", Server: `frozen{"n":1}`} {
			objects, err := f.Read(t.Context(), caller, []ID{frozen.ID})
			if err != nil {
				t.Fatal(err)
			}
			wantKeys(t, keysOf(objects), want)
		}
		wantCode(t, f.Delete(t.Context(), Server, []Delete{{ID: frozen.ID}}), codes.OK)
	})
}

func TestChecksOfWrites(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice := f.user(t, "alice")
		for name, test := range map[string]struct {
			change         func(*Write)
			client, server codes.Code
		}{
			"as it should be":       {func(*Write) {}, codes.OK, codes.OK},
			"padded":                {func(w *Write) { w.Value = " {} " }, codes.OK, codes.OK},
			"no collection":         {func(w *Write) { w.Collection = "" }, codes.InvalidArgument, codes.InvalidArgument},
			"no key":                {func(w *Write) { w.Key = "" }, codes.InvalidArgument, codes.InvalidArgument},
			"key not UTF-8":         {func(w *Write) { w.Key = "\xff" }, codes.InvalidArgument, codes.InvalidArgument},
			"a zero byte":           {func(w *Write) { w.Key = "a\x00" }, codes.InvalidArgument, codes.InvalidArgument},
			"long key":              {func(w *Write) { w.Key = strings.Repeat("é", 128) }, codes.OK, codes.OK},
			"longer key":            {func(w *Write) { w.Key = strings.Repeat("x", 129) }, codes.Internal, codes.Internal},
			"longer collection":     {func(w *Write) { w.Collection = strings.Repeat("x", 129) }, codes.Internal, codes.Internal},
			"a list":                {func(w *Write) { w.Value = "[]" }, codes.InvalidArgument, codes.OK},
			"null":                  {func(w *Write) { w.Value = "null" }, codes.InvalidArgument, codes.OK},
			"no value":              {func(w *Write) { w.Value = "" }, codes.InvalidArgument, codes.OK},
			"broken":                {func(w *Write) { w.Value = "{" }, codes.InvalidArgument, codes.OK},
			"read permission 3":     {func(w *Write) { w.PermissionRead = 3 }, codes.InvalidArgument, codes.OK},
			"read permission -1":    {func(w *Write) { w.PermissionRead = -1 }, codes.InvalidArgument, codes.InvalidArgument},
			"write permission 2":    {func(w *Write) { w.PermissionWrite = 2 }, codes.InvalidArgument, codes.OK},
			"write permission -1":   {func(w *Write) { w.PermissionWrite = -1 }, codes.InvalidArgument, codes.InvalidArgument},
			"a user who is unknown": {func(w *Write) { w.UserID = uuid.NewString() }, codes.Unknown, codes.Unknown},
		} {
			for caller, want := range map[string]codes.Code{alice: test.client, Server: test.server} {
				w := at(alice, "key of "+name, "{}")
				test.change(&w)
				_, err := f.Write(t.Context(), caller, []Write{w})
				t.Log(name)
				wantCode(t, err, want)
			}
		}
	})
}

// An object keeps its creation time, and its update time while it stays as it is.
func TestTimes(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice := f.user(t, "alice")
		created := f.now
		f.mustWrite(t, alice, at(alice, "k", "{}"))
		f.now = f.now.Add(1500 * time.Millisecond)
		if ack := f.mustWrite(t, alice, at(alice, "k", "{}"))[0]; !ack.UpdateTime.AsTime().Equal(created) {
			t.Errorf("an update that changed nothing moved the time to %v", ack.UpdateTime.AsTime())
		}
		ack := f.mustWrite(t, alice, at(alice, "k", `{"n":1}`))[0]
		if !ack.CreateTime.AsTime().Equal(created) || !ack.UpdateTime.AsTime().Equal(f.now) {
			t.Errorf("created %v, updated %v", ack.CreateTime.AsTime(), ack.UpdateTime.AsTime())
		}
		objects, err := f.Read(t.Context(), Server, []ID{{"c", "k", alice}})
		if err != nil || len(objects) != 1 {
			t.Fatal(objects, err)
		}
		if seconds := objects[0].UpdateTime; seconds.AsTime() != f.now.Truncate(time.Second).UTC() {
			t.Errorf("updated %v", seconds.AsTime())
		}
	})
}

// Many count in one object at a time, each anew when another was quicker: no count is
// lost.
func TestOptimisticCounting(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		const writers, each = 4, 10
		var all sync.WaitGroup
		for range writers {
			all.Go(func() {
				for range each {
					f.count(context.Background(), t)
				}
			})
		}
		all.Wait()
		if counted := strings.Count(f.stored(t, "c"), "x"); counted != writers*each {
			t.Errorf("counted %d of %d", counted, writers*each)
		}
	})
}

// count adds an x to an object, by its version.
func (f *fixture) count(ctx context.Context, t *testing.T) {
	for {
		w := at(System, "counter", `{"x":1}`)
		w.Version = "*"
		objects, err := f.Read(ctx, Server, []ID{w.ID})
		if err != nil {
			t.Error(err)
			return
		}
		if len(objects) > 0 {
			w.Version = objects[0].Version
			w.Value = `{"x` + objects[0].Value[2:]
		}
		if _, err = f.Write(ctx, Server, []Write{w}); err == nil {
			return
		}
		if !errors.Is(err, ErrVersion) {
			t.Error(err)
			return
		}
	}
}

// Story: a host restarts. Objects are there as they were, and go with their owner.
func TestRestart(t *testing.T) {
	dbtest.EachKept(t, func(t *testing.T, place dbtest.Place) {
		var alice string
		t.Run("before", func(t *testing.T) {
			f := startIn(t, place)
			alice = f.user(t, "alice")
			f.mustWrite(t, alice, at(alice, "k", `{"n":1}`))
			f.mustWrite(t, Server, at(System, "news", `{"n":2}`))
		})
		f := startIn(t, place)
		wantKeys(t, f.stored(t, "c"), `k{"n":1} news{"n":2}`)
		if _, err := f.db.Exec(t.Context(), "DELETE FROM users WHERE id = $1", alice); err != nil {
			t.Fatal(err)
		}
		wantKeys(t, f.stored(t, "c"), `news{"n":2}`)
	})
}
