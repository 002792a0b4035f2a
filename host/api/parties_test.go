package api_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"nkhost/host/matchmaker"
	"nkhost/host/party"
)

func TestListParties(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice := h.login(t, "alice")
	for i, n := range []party.New{
		{Open: true, MaxSize: 4, Label: `{"mode":"duel"}`},
		{MaxSize: 2, Label: `{"mode":"team"}`},
		{Open: true, MaxSize: 2, Hidden: true},
	} {
		if err := h.parties.Create(fmt.Sprint("party", i), n); err != nil {
			t.Fatal(err)
		}
	}
	h.now = h.now.Add(time.Second)
	const (
		duel = `{"party_id":"party0","open":true,"max_size":4,"label":"{\"mode\":\"duel\"}"}`
		team = `{"party_id":"party1","max_size":2,"label":"{\"mode\":\"team\"}"}`
	)
	for query, want := range map[string]string{
		"":                         `{"parties":[` + duel + `,` + team + `]}`,
		"open=true":                `{"parties":[` + duel + `]}`,
		"open=false&limit=100":     `{"parties":[` + team + `]}`,
		"query=%2Blabel.mode:duel": `{"parties":[` + duel + `]}`,
		"query=%2Blabel.x:y":       `{}`,
	} {
		wantJSON(t, h.do(call{method: "GET", path: "/v2/party?" + query, auth: alice.auth()}), want)
	}
	first := h.do(call{method: "GET", path: "/v2/party?limit=1", auth: alice.auth()}).Body.String()
	_, cursor, _ := strings.Cut(first, `"cursor":"`)
	cursor, _, _ = strings.Cut(cursor, `"`)
	wantJSON(t, h.do(call{method: "GET", path: "/v2/party?limit=1&cursor=" + url.QueryEscape(cursor), auth: alice.auth()}), `{"parties":[`+team+`]}`)

	for query, want := range map[string][2]int{
		"limit=0": {400, 3}, "limit=101": {400, 3}, "cursor=x": {500, 13}, "query=%2Blabel.x:": {500, 13},
	} {
		wantFailure(t, h.do(call{method: "GET", path: "/v2/party?" + query, auth: alice.auth()}), want[0], want[1])
	}
	wantFailure(t, h.do(call{method: "GET", path: "/v2/party"}), 401, 16)
}

func TestMatchmakerStats(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice := h.login(t, "alice")
	want := func(want string) {
		t.Helper()
		wantJSON(t, h.do(call{method: "GET", path: "/v2/matchmaker/stats", auth: alice.auth()}), want)
	}
	want(`{}`)
	add := func(session, query string) {
		t.Helper()
		_, err := h.maker.Add(matchmaker.AddRequest{
			Presences: []matchmaker.Presence{{SessionID: session}}, SessionID: session, Query: query, MinCount: 2, MaxCount: 2, CountMultiple: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		h.now = h.now.Add(time.Second)
	}
	add("a", "")
	want(`{"ticket_count":1,"oldest_ticket_create_time":"2027-01-15T08:00:00Z"}`)
	add("b", "")
	h.maker.Process()
	want(`{"completions":[{"create_time":"2027-01-15T08:00:01Z","complete_time":"2027-01-15T08:00:02Z"},` +
		`{"create_time":"2027-01-15T08:00:00Z","complete_time":"2027-01-15T08:00:02Z"}]}`)
	wantFailure(t, h.do(call{method: "GET", path: "/v2/matchmaker/stats"}), 401, 16)
}
