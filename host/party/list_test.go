package party_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"nkhost/host/cursor"
	"nkhost/host/party"
)

func (w *world) list(q party.ListQuery) (ids, next string) {
	w.t.Helper()
	found, next, err := w.List(q)
	if err != nil {
		w.t.Fatal(err)
	}
	var list []string
	for _, p := range found {
		list = append(list, p.PartyId)
	}
	return strings.Join(list, " "), next
}

func TestList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create("a", party.New{Open: true, MaxSize: 4, Label: `{"mode":"duel","level":3}`}, "alice")
	w.create("b", party.New{MaxSize: 2, Label: `{"mode":"team","level":5}`}, "bob")
	w.create("c", party.New{Open: true, MaxSize: 8, Hidden: true}, "carol")
	w.create("d", party.New{Open: true, MaxSize: 8}, "dave")
	if ids, _ := w.list(party.ListQuery{Limit: 10, Hidden: true}); ids != "" {
		t.Errorf("parties are listed at once: %s", ids)
	}
	w.now = w.now.Add(time.Second)
	yes, no := true, false
	for _, test := range []struct {
		query party.ListQuery
		want  string
	}{
		{party.ListQuery{Limit: 10}, "a b d"},
		{party.ListQuery{Limit: 2}, "a b"},
		{party.ListQuery{}, ""},
		{party.ListQuery{Limit: 10, Hidden: true}, "a b c d"},
		{party.ListQuery{Limit: 10, Open: &yes}, "a d"},
		{party.ListQuery{Limit: 10, Open: &no}, "b"},
		{party.ListQuery{Limit: 10, Query: "*"}, "a b d"},
		{party.ListQuery{Limit: 10, Query: "+label.mode:duel"}, "a"},
		{party.ListQuery{Limit: 10, Query: "+label.level:>3"}, "b"},
		{party.ListQuery{Limit: 10, Query: "+max_size:>=4"}, "a d"},
		{party.ListQuery{Limit: 10, Query: "+open:F"}, "b"},
		{party.ListQuery{Limit: 10, Query: "+node:n +hidden:T", Hidden: true}, "c"},
		{party.ListQuery{Limit: 10, Query: `+create_time:<"2023-11-15"`}, "a b d"},
		{party.ListQuery{Limit: 10, Query: `+create_time:>"2023-11-15"`}, ""},
		{party.ListQuery{Limit: 10, Query: "+label.level:>0 label.mode:team^2"}, "b a"},
		{party.ListQuery{Limit: 10, Query: "+label.never:x"}, ""},
	} {
		if got, next := w.list(test.query); got != test.want || next == "" != (test.query.Limit != 2) {
			t.Errorf("%+v: %s and the cursor %q, want %s", test.query, got, next, test.want)
		}
	}
	found, _, _ := w.List(party.ListQuery{Limit: 10, Hidden: true})
	if a := found[0]; a.Label != `{"mode":"duel","level":3}` || !a.Open || a.Hidden || a.MaxSize != 4 {
		t.Errorf("a is listed as %v", a)
	}
	if c := found[2]; c.Label != "{}" || !c.Hidden {
		t.Errorf("c is listed as %v", c)
	}

	if err := w.Update("a", "alice", `{"mode":"team"}`, false, false); err != nil {
		t.Fatal(err)
	}
	if got, _ := w.list(party.ListQuery{Limit: 10, Query: "+label.mode:duel", Open: &yes}); got != "a" {
		t.Errorf("an update is listed at once: %s", got)
	}
	w.now = w.now.Add(time.Second)
	if got, _ := w.list(party.ListQuery{Limit: 10, Query: "+label.mode:team", Open: &no}); got != "a b" {
		t.Errorf("an update is not listed: %s", got)
	}
	w.Left("a", who("alice"))
	if got, _ := w.list(party.ListQuery{Limit: 10}); got != "b d" {
		t.Errorf("listed %s without a", got)
	}
}

// A listing goes on where it was although parties come and go between its pages.
func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 7 {
		w.create(fmt.Sprint(i), party.New{Open: true, MaxSize: 2, Label: fmt.Sprintf(`{"n":%d,"even":%t}`, i, i%2 == 0)}, fmt.Sprint(i))
	}
	w.now = w.now.Add(time.Second)
	query := party.ListQuery{Limit: 2, Query: "label.n:>=0 label.even:T"}
	var pages []string
	for len(pages) == 0 || query.Cursor != "" {
		ids, next := w.list(query)
		pages = append(pages, ids)
		query.Cursor = next
		if ids == "0 2" {
			w.Left("0", who("0"))
		}
	}
	if got := strings.Join(pages, "|"); got != "0 2|4 6|1 3|5" {
		t.Errorf("pages %s", got)
	}

	_, query.Cursor = w.list(party.ListQuery{Limit: 1, Query: query.Query})
	yes := true
	for _, test := range []struct {
		query party.ListQuery
		want  string
	}{
		{party.ListQuery{Limit: 1, Cursor: "!!"}, "invalid cursor"},
		{party.ListQuery{Limit: 1, Cursor: cursor.Encode([]int{1})}, "invalid cursor"},
		{party.ListQuery{Limit: 1, Cursor: query.Cursor}, "invalid cursor: param query mismatch"},
		{party.ListQuery{Limit: 1, Query: query.Query, Open: &yes, Cursor: query.Cursor}, "invalid cursor: param open mismatch"},
		{party.ListQuery{Limit: 1, Query: "+label.n:"}, "error parsing query string"},
	} {
		if _, _, err := w.List(test.query); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%+v: %v, want %s", test.query, err, test.want)
		}
	}
}
