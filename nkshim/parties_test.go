package nkshim

import (
	"errors"
	"testing"

	"github.com/heroiclabs/nakama-common/api"

	"nkhost/host/party"
)

// fakeParties list what they are asked for.
type fakeParties struct{ asked party.ListQuery }

func (f *fakeParties) List(query party.ListQuery) ([]*api.Party, string, error) {
	f.asked = query
	if query.Cursor == "bad" {
		return nil, "", errors.New("invalid cursor")
	}
	if query.Query == "none" {
		return nil, "", nil
	}
	return []*api.Party{{PartyId: "p", Open: true, Hidden: true, MaxSize: 5, Label: `{"a":1}`}}, "next", nil
}

func TestPartyList(t *testing.T) {
	t.Parallel()
	parties := &fakeParties{}
	list := func(body string) (string, error) {
		return evaluate(t, body, func(d *Deps) { d.Parties = parties })
	}
	for body, want := range map[string]string{
		`local list, cursor = nk.party_list(7, true, true, "+label.a:1", "c")
			local p = list[1]
			return #list .. p.match_id .. tostring(p.open) .. p.maxSize .. p.label .. cursor .. tostring(p.hidden)`: `1ptrue5{"a":1}nextnil`,
		`local list, cursor = nk.party_list(nil, nil, false, "none"); return #list .. tostring(cursor)`: "0nil",
	} {
		got, err := list(body)
		if err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", body, got, err, want)
		}
	}
	if _, err := list(`nk.party_list(7, false, true, "+label.a:1", "c")`); err != nil {
		t.Error(err)
	}
	if q := parties.asked; q.Limit != 7 || q.Open == nil || *q.Open || !q.Hidden || q.Query != "+label.a:1" || q.Cursor != "c" {
		t.Errorf("asked for %+v", q)
	}
	for body, want := range map[string]string{
		`nk.party_list(0, nil, false)`:             "argument 1 (limit) must be from 1 to 100, got 0",
		`nk.party_list(101, nil, false)`:           "argument 1 (limit) must be from 1 to 100, got 101",
		`nk.party_list()`:                          "argument 2 (open) must be given",
		`nk.party_list(1, "yes", false)`:           "argument 2 (open) must be a boolean or nil",
		`nk.party_list(1, nil)`:                    "argument 3 (show hidden) must be a boolean, got nothing",
		`nk.party_list(1, nil, false, {})`:         "argument 4 (query) must be a string or nil, got a table",
		`nk.party_list(1, nil, false, nil, "bad")`: "nakama.party_list: invalid cursor",
	} {
		if _, err := list(body); err == nil {
			t.Errorf("%s: no error", body)
		} else {
			wantText(t, message(err), want)
		}
	}
}
