package api_test

import (
	"encoding/json"
	"testing"

	"nkhost/host/chat"
)

func TestListChannelMessages(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice := h.login(t, "alice")
	for _, content := range []string{`{"n":1}`, `{"n":2}`} {
		m := chat.Message{
			Channel: chat.Channel{Kind: chat.Room, Label: "r"}, SenderID: alice.id, Username: "alice", Content: content, Persistent: true,
		}
		if _, err := h.channels.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		h.now = h.now.Add(1e9)
	}
	list := func(query string) (contents, next string) {
		t.Helper()
		answer := h.do(call{method: "GET", path: "/v2/channel/" + query, auth: alice.auth()})
		var body struct {
			Messages []struct {
				Content  string
				RoomName string `json:"room_name"`
			}
			Next string `json:"next_cursor"`
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil || len(body.Messages) == 0 {
			t.Fatalf("%s: %s", query, answer.Body)
		}
		for _, m := range body.Messages {
			contents += m.RoomName + m.Content
		}
		return contents, body.Next
	}
	one, next := list("2...r")
	two, _ := list("2...r?cursor=" + next)
	back, _ := list("2...r?limit=100&forward=false")
	if one != `r{"n":1}` || two != `r{"n":2}` || back != `r{"n":2}r{"n":1}` {
		t.Errorf("listed %s, %s, %s", one, two, back)
	}
	for _, query := range []string{"nope", "2...r?limit=0", "2...r?limit=101", "2...r?cursor=x", "2...r?forward=false&cursor=" + next, "4..."} {
		wantFailure(t, h.do(call{method: "GET", path: "/v2/channel/" + query, auth: alice.auth()}), 400, 3)
	}
}
