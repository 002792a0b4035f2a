package storage

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"

	"nkhost/host/db"
	"nkhost/host/db/dbtest"
	"nkhost/host/query"
)

func scores() Index {
	return Index{Name: "scores", Collection: "c", Fields: []string{"team", "score", "tags"}, Sortable: []string{"score"}, MaxEntries: 1000}
}

func (f *fixture) find(t *testing.T, caller string, request IndexRequest) (keys, cursor string) {
	t.Helper()
	if request.Limit == 0 {
		request.Limit = 100
	}
	objects, cursor, err := f.ListIndex(t.Context(), caller, request)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, o := range objects {
		list = append(list, o.Key)
	}
	return strings.Join(list, " "), cursor
}

func mustParse(t *testing.T, text string) *query.Query {
	t.Helper()
	parsed, err := query.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// team writes a player's score.
func (f *fixture) team(t *testing.T, owner, key, team, score string) {
	t.Helper()
	f.mustWrite(t, owner, at(owner, key, `{"team":"`+team+`","score":`+score+`,"other":"x"}`))
}

func TestIndexQueries(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice := f.user(t, "alice")
		f.open(t, scores())
		f.team(t, alice, "a", "red", "10")
		f.team(t, alice, "b", "red", "30")
		f.team(t, alice, "c", "red", `"late"`)
		f.team(t, alice, "d", "blue", "40")
		f.mustWrite(t, alice, at(alice, "e", `{"tags":["x","y"],"team":"red"}`), at(alice, "none", `{"other":"red"}`))
		for _, test := range []struct {
			query, order, want string
		}{
			{"", "value.score", "a b d c e"},
			{"*", "-value.score", "c d b a e"},
			{"+value.team:red", "value.score", "a b c e"},
			{"+value.team:red", "+value.score", "a b c e"},
			{"+value.team:red +value.score:>=20", "value.score", "b"},
			{"+value.team:red -value.score:10", "value.score", "b c e"},
			{"value.team:blue value.score:30", "value.score", "b d"},
			{"value.team:blue^5 value.score:30", "", "d b"},
			{"value.team:blue^5 value.score:30", "_score", "d b"},
			{"+value.tags:y", "", "e"},
			{"+value.other:x", "", ""},
			{"+key:d", "", "d"},
			{"+key:d +value.team:red", "", ""},
			{"+value.team:green", "", ""},
			{"+value.score:30", "", "b"},
			{"+value.score:30 +value.team:red", "", "b"},
			{"+user_id:" + alice + " +collection:c", "-value.unsorted", "a b c d e"},
			{"+read:2 +write:1", "update_time", "a b c d e"},
			{"+create_time:>=\"2027-01-01T00:00:00Z\"", "", "a b c d e"},
			{"+create_time:<\"2027-01-01T00:00:00Z\"", "", ""},
		} {
			request := IndexRequest{Index: "scores", Query: test.query}
			if test.order != "" {
				request.Order = []string{test.order}
			}
			if got, _ := f.find(t, Server, request); got != test.want {
				t.Errorf("%s by %s finds %q, want %q", test.query, test.order, got, test.want)
			}
		}
		for _, bad := range []struct {
			request IndexRequest
			code    codes.Code
		}{
			{IndexRequest{Index: "absent", Limit: 1}, codes.NotFound},
			{IndexRequest{Index: "scores", Limit: 1, Query: "value.score:>"}, codes.InvalidArgument},
			{IndexRequest{Index: "scores", Limit: 1, Cursor: "garbage"}, codes.InvalidArgument},
		} {
			_, _, err := f.ListIndex(t.Context(), Server, bad.request)
			wantCode(t, err, bad.code)
		}
	})
}

func TestIndexPages(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice := f.user(t, "alice")
		f.open(t, scores())
		for i := range 5 {
			f.team(t, alice, fmt.Sprint("k", i), "red", fmt.Sprint(i))
		}
		request := IndexRequest{Index: "scores", Query: "+value.team:red", Limit: 2, Order: []string{"-value.score"}}
		for _, want := range []string{"k4 k3", "k2 k1", "k0"} {
			var got string
			got, request.Cursor = f.find(t, Server, request)
			wantKeys(t, got, want)
			if (request.Cursor == "") != (want == "k0") {
				t.Errorf("after %s the cursor is %q", want, request.Cursor)
			}
		}
		_, request.Cursor = f.find(t, Server, request)
		for name, change := range map[string]func(*IndexRequest){
			"query": func(r *IndexRequest) { r.Query = "*" },
			"limit": func(r *IndexRequest) { r.Limit = 3 },
			"order": func(r *IndexRequest) { r.Order = nil },
		} {
			other := request
			change(&other)
			_, _, err := f.ListIndex(t.Context(), Server, other)
			t.Log(name)
			wantCode(t, err, codes.InvalidArgument)
		}
	})
}

// Alice's objects come into the indexes as they are written, change, and go. Bob sees
// what he may read, and an index that answers alone shows its fields only.
func TestIndexFollowsWrites(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice, bob := f.user(t, "alice"), f.user(t, "bob")
		f.team(t, alice, "early", "red", "1")
		only, keyed := scores(), scores()
		only.Name, only.IndexOnly = "only", true
		keyed.Name, keyed.Key = "keyed", "special"
		f.open(t, scores(), only, keyed)
		want := func(caller, query, want string) {
			t.Helper()
			for _, index := range []string{"scores", "only"} {
				if got, _ := f.find(t, caller, IndexRequest{Index: index, Query: query, Order: []string{"value.score"}}); got != want {
					t.Errorf("%s: %s finds %q, want %q", index, query, got, want)
				}
			}
		}
		want(Server, "+value.team:red", "early")
		f.team(t, alice, "late", "red", "2")
		private := at(alice, "private", `{"team":"red","score":3}`)
		private.PermissionRead = ReadOwner
		f.mustWrite(t, alice, private)
		want(Server, "+value.team:red", "early late private")
		want(alice, "+value.team:red", "early late private")
		want(bob, "+value.team:red", "early late")

		f.team(t, alice, "late", "blue", "2")
		want(Server, "+value.team:red", "early private")
		want(Server, "+value.team:blue", "late")
		f.mustWrite(t, alice, at(alice, "early", `{"other":1}`))
		want(Server, "+value.team:red", "private")
		if err := f.Delete(t.Context(), alice, []Delete{{ID: private.ID}}); err != nil {
			t.Fatal(err)
		}
		want(Server, "+value.team:red", "")

		if got, _ := f.find(t, Server, IndexRequest{Index: "keyed"}); got != "" {
			t.Errorf("the index of one key holds %s", got)
		}
		f.team(t, alice, "special", "green", "1")
		if got, _ := f.find(t, Server, IndexRequest{Index: "keyed"}); got != "special" {
			t.Errorf("the index of one key holds %s", got)
		}
		for index, want := range map[string]string{"scores": `{"team":"green","score":1,"other":"x"}`, "only": `{"score":1,"team":"green"}`} {
			objects, _, err := f.ListIndex(t.Context(), Server, IndexRequest{Index: index, Query: "+value.team:green", Limit: 1})
			if err != nil || len(objects) != 1 || objects[0].Value != want {
				t.Errorf("%s shows %v, %v, want the value %s", index, objects, err, want)
			}
		}
	})
}

// A write has begun when the indexes are opened, and is committed when they are full.
func TestIndexesAreOpenedDuringAWrite(t *testing.T) {
	// In memory there is one connection, and a reader waits for the writer.
	dbtest.EachKept(t, func(t *testing.T, place dbtest.Place) {
		f := startIn(t, place)
		f.team(t, System, "old", "red", "1")
		f.team(t, System, "gone", "red", "1")
		err := f.Update(t.Context(), func(_ *db.Tx, batch *Batch) error {
			if _, err := batch.Write(t.Context(), Server, []Write{at(System, "new", `{"team":"red"}`), at(System, "old", `{"team":"blue"}`)}); err != nil {
				return err
			}
			if err := batch.Delete(t.Context(), Server, []Delete{{ID: ID{"c", "gone", System}}}); err != nil {
				return err
			}
			return f.OpenIndexes(t.Context(), []Index{scores()})
		})
		if err != nil {
			t.Fatal(err)
		}
		if hits := f.indexes.all()["scores"].found(mustParse(t, "+value.team:red")); len(hits) != 1 || hits[0].object.Key != "new" {
			t.Errorf("the index finds %v", hits)
		}
	})
}

// A filter keeps objects out and takes them out; where it fails the index stays.
func TestIndexFilter(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice := f.user(t, "alice")
		f.team(t, alice, "early", "red", "1")
		f.team(t, alice, "early no", "no", "2")
		index := scores()
		index.Filter = func(_ context.Context, o *api.StorageObject) (bool, error) {
			if strings.Contains(o.Value, "broken") {
				return false, errors.New("broken")
			}
			return !strings.Contains(o.Value, "no"), nil
		}
		f.open(t, index)
		want := func(want string) {
			t.Helper()
			if got, _ := f.find(t, Server, IndexRequest{Index: "scores", Order: []string{"value.score"}}); got != want {
				t.Errorf("the index holds %q, want %q", got, want)
			}
		}
		want("early")
		f.team(t, alice, "late", "red", "3")
		want("early late")
		f.team(t, alice, "early", "no", "1")
		want("late")
		f.team(t, alice, "late", "broken", "3")
		f.team(t, alice, "new", "broken", "4")
		want("late")
		if len(f.reports) != 2 || f.reports[1] != "scores new: broken" {
			t.Errorf("reported %q", f.reports)
		}
	})
}

// An index has room for a tenth more than it should; then the oldest go.
func TestIndexEviction(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice := f.user(t, "alice")
		index := scores()
		index.MaxEntries = 10
		f.open(t, index)
		held := func() string {
			got, _ := f.find(t, Server, IndexRequest{Index: "scores", Order: []string{"update_time"}})
			return got
		}
		for i := range 11 {
			f.now = f.now.Add(time.Second)
			f.team(t, alice, fmt.Sprint("k", i), "red", "1")
		}
		wantKeys(t, held(), "k0 k1 k2 k3 k4 k5 k6 k7 k8 k9 k10")
		f.now = f.now.Add(time.Second)
		f.team(t, alice, "k0", "red", "2")
		f.now = f.now.Add(time.Second)
		f.team(t, alice, "k11", "red", "1")
		wantKeys(t, held(), "k3 k4 k5 k6 k7 k8 k9 k10 k0 k11")
		wantPostings(t, f.indexes.all()["scores"])
	})
}

// Two changes of one object are committed in one order and reach the index in the
// other: the index must not go back, nor bring back what was deleted.
func TestIndexIgnoresWhatComesLate(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		f.open(t, scores())
		id := ID{"c", "k", System}
		object := func(team string) *api.StorageObject {
			return &api.StorageObject{Collection: "c", Key: "k", UserId: System, Value: `{"team":"` + team + `"}`, PermissionRead: 2}
		}
		has := func(team string) bool {
			return len(f.indexes.all()["scores"].found(mustParse(t, "+value.team:"+team))) == 1
		}
		done := f.indexes.begin()
		f.apply(t.Context(), []change{{id, object("second"), 2}})
		f.apply(t.Context(), []change{{id, object("first"), 1}})
		if !has("second") || has("first") {
			t.Error("the index went back")
		}
		f.apply(t.Context(), []change{{id: id, stamp: 4}})
		f.apply(t.Context(), []change{{id, object("third"), 3}})
		if has("third") {
			t.Error("the index brought back what was deleted")
		}
		done()
		if gone := f.indexes.all()["scores"].gone; len(gone) != 0 {
			t.Errorf("%v is remembered for nobody", gone)
		}
	})
}

// wantPostings wants each entry to be where its fields say, and nothing else anywhere.
func wantPostings(t *testing.T, x *index) {
	t.Helper()
	places, slots := 0, 0
	for _, e := range x.entries {
		places += len(e.places)
		for nth, place := range e.places {
			if place.list.slots[place.at] != (slot{e, nth}) {
				t.Errorf("place %d of %s is another's", nth, e.object.Key)
			}
		}
	}
	for posting, list := range x.postings.lists {
		slots += len(list.slots)
		if len(list.slots) == 0 || list.posting != posting {
			t.Errorf("the list of %v is empty or another's", posting)
		}
	}
	if places != slots {
		t.Errorf("%d places and %d slots", places, slots)
	}
}

// Whatever the order in which writers come, index and database agree in the end.
func TestIndexAgreesWithTheDatabase(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		f.open(t, scores())
		const writers, rounds = 4, 30
		var all sync.WaitGroup
		for writer := range writers {
			all.Go(func() {
				for round := range rounds {
					w := at(System, fmt.Sprint("k", round%3), fmt.Sprintf(`{"team":"t%d-%d"}`, writer, round))
					var err error
					if round%5 == 4 {
						err = f.Delete(context.Background(), Server, []Delete{{ID: w.ID}})
					} else {
						_, err = f.Write(context.Background(), Server, []Write{w})
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		objects, _, err := f.List(t.Context(), Server, ListRequest{Collection: "c", Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		index := f.indexes.all()["scores"]
		entries := index.found(mustParse(t, "*"))
		wantPostings(t, index)
		if len(entries) != len(objects) {
			t.Errorf("%d entries for %d objects", len(entries), len(objects))
		}
		for _, o := range objects {
			for _, e := range entries {
				if idOf(e.object) == idOf(o) && e.object.Version != o.Version {
					t.Errorf("the index holds another version of %s", o.Key)
				}
			}
		}
	})
}
