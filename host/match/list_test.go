package match

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

// relabels are matches that take what they are signalled for their label.
func relabels(_ context.Context, c *callback) {
	if c.name == "signal" {
		if err := c.UpdateLabel(c.data); err != nil {
			c.answer = err.Error()
		}
	}
}

func TestLabelUpdate(t *testing.T) {
	play(t, Config{LabelUpdateInterval: time.Second}, func(s *stage) {
		s.module("relabels", relabels)
		s.label = "one"
		id := s.create("relabels")
		s.pass(100 * time.Millisecond)
		listed := func(label string) bool {
			found, err := s.List(ListQuery{Limit: 10, Label: &label})
			if err != nil || len(found) > 1 {
				t.Errorf("List: %v, %v", found, err)
			}
			return len(found) == 1 && found[0].ID == id && found[0].Label == label
		}
		if listed("one") {
			t.Error("a new match is listed at once")
		}
		s.pass(time.Second)
		if !listed("one") {
			t.Error("a new match is not listed a second later")
		}

		for _, label := range []string{"two", "three"} {
			s.Signal(s.t.Context(), id, label)
			if l, _ := s.Get(id); l.Label != label {
				t.Errorf("Get says %q right after the update to %q", l.Label, label)
			}
			if got := s.attempt(id, "alice"+label); got.Label != label {
				t.Errorf("who joins sees %q", got.Label)
			}
		}
		if !listed("one") || listed("two") || listed("three") {
			t.Error("a listing must show the old label at first")
		}
		s.pass(time.Second)
		if listed("one") || listed("two") || !listed("three") {
			t.Error("a listing must show the last label a second later")
		}
		s.Signal(s.t.Context(), id, "four")
		s.pass(time.Second)
		s.Signal(s.t.Context(), id, "five")
		if !listed("four") {
			t.Error("an update must not hide the one of the interval before")
		}

		answer, _ := s.Signal(s.t.Context(), id, strings.Repeat("l", 2049))
		if !strings.Contains(answer, "2048") {
			t.Errorf("a label that is too long: %q", answer)
		}
		if answer, _ := s.Signal(s.t.Context(), id, strings.Repeat("l", 2048)); strings.Contains(answer, "2048") {
			t.Errorf("the longest label: %q", answer)
		}
		if answer, _ := s.Signal(s.t.Context(), id, ""); answer != "got " {
			t.Errorf("an empty label: %q", answer)
		}
	})
}

func TestList(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		labels := map[string]string{}
		for _, m := range []struct{ name, label string }{
			{"a", `{"mode":"duel","rank":5,"open":true,"tags":["red","blue"],"map":{"size":3}}`},
			{"b", `{"mode":"duel","rank":10,"open":false}`},
			{"c", `{"mode":"team","rank":15.5,"open":true}`},
			{"d", "plain"},
			{"e", `["mode","duel"]`},
		} {
			s.label = m.label
			labels[s.create("plain")] = m.name
		}
		s.pass(time.Second)
		for id, name := range labels {
			switch name {
			case "b":
				s.join(id, "alice")
			case "c":
				s.join(id, "alice", "bob")
			}
		}
		text := func(s string) *string { return &s }
		number := func(n int) *int { return &n }
		yes, no := true, false
		for name, c := range map[string]struct {
			query ListQuery
			want  string
		}{
			"newest first":           {ListQuery{Limit: 10}, "e d c b a"},
			"limit":                  {ListQuery{Limit: 2}, "e d"},
			"no limit":               {ListQuery{}, ""},
			"negative limit":         {ListQuery{Limit: -1}, ""},
			"authoritative":          {ListQuery{Limit: 1, Authoritative: &yes}, "e"},
			"relayed only":           {ListQuery{Limit: 10, Authoritative: &no}, ""},
			"label":                  {ListQuery{Limit: 10, Label: text("plain")}, "d"},
			"part of a label":        {ListQuery{Limit: 10, Label: text("pla")}, ""},
			"empty label":            {ListQuery{Limit: 10, Label: text("")}, ""},
			"at least one":           {ListQuery{Limit: 10, MinSize: number(1)}, "c b"},
			"at most one":            {ListQuery{Limit: 10, MaxSize: number(1)}, "e d b a"},
			"exactly two":            {ListQuery{Limit: 10, MinSize: number(2), MaxSize: number(2)}, "c"},
			"limit counts what fits": {ListQuery{Limit: 1, MinSize: number(1), MaxSize: number(1)}, "b"},
			"empty query":            {ListQuery{Limit: 10, Query: text("")}, "e d c b a"},
			"query":                  {ListQuery{Limit: 10, Query: text("+label.mode:duel")}, "b a"},
			"query before label":     {ListQuery{Limit: 10, Label: text("plain"), Query: text("+label.mode:duel")}, "b a"},
			"query and size":         {ListQuery{Limit: 10, Query: text("+label.mode:duel"), MinSize: number(1)}, "b"},
			"best first":             {ListQuery{Limit: 10, Query: text("+label.rank:>0 label.mode:duel^2 label.map.size:3^5")}, "a b c"},
			"best with limit":        {ListQuery{Limit: 1, Query: text("+label.rank:>0 label.map.size:3^5")}, "a"},
			"boolean":                {ListQuery{Limit: 10, Query: text("+label.open:T")}, "c a"},
			"array":                  {ListQuery{Limit: 10, Query: text("+label.tags:red")}, "a"},
			"handler":                {ListQuery{Limit: 2, Query: text("+handler_name:plain")}, "e d"},
			"tick rate":              {ListQuery{Limit: 2, Query: text("+tick_rate:10 +node:n1")}, "e d"},
			"label string":           {ListQuery{Limit: 10, Query: text("+label_string:plain")}, "d"},
			"nothing":                {ListQuery{Limit: 10, Query: text("+label.mode:none")}, ""},
		} {
			found, err := s.List(c.query)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			var got []string
			for _, l := range found {
				got = append(got, labels[l.ID])
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%s: found %v, want %s", name, got, c.want)
			}
		}
		_, err := s.List(ListQuery{Limit: 1, Query: text("+label.mode:")})
		wantCode(s.t, err, codes.Unknown, "+label.mode:")
	})
}

// Matches that end leave the list at once and keep the others in order.
func TestListWithoutTheGone(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		var ids []string
		for range 20 {
			ids = append(ids, s.create("plain"))
		}
		s.pass(time.Second)
		for i := range 20 {
			at := (i * 7) % len(ids)
			s.lookup(ids[at]).stop(outcome{why: "a test"})
			ids = slices.Delete(ids, at, at+1)
			found, _ := s.List(ListQuery{Limit: 100})
			if len(found) != len(ids) {
				t.Fatalf("%d listed of %d", len(found), len(ids))
			}
			for i, l := range found {
				if l.ID != ids[len(ids)-1-i] {
					t.Fatalf("wrong order after %d have gone", 20-len(ids))
				}
			}
		}
	})
}
