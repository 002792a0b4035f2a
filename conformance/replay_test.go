package conformance

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// asked is a scene of one step, whose answer should be {"n":1}.
const asked = `{"about": "one request", "steps": [
	{"http": {"method": "GET", "path": "/n"}, "want": {"status": 200, "body": {"n": 1}}}
]}`

func TestReplayTellsAnswersApart(t *testing.T) {
	t.Parallel()
	row := func(want string) []difference {
		return []difference{{Scene: "a/b", Step: 1, Reason: "on purpose", Want: json.RawMessage(want)}}
	}
	tests := []struct {
		name        string
		answer      string
		differences []difference
		want        string // part of the only problem; "" for none
	}{
		{name: "as wanted", answer: `{"n": 1}`},
		{name: "other", answer: `{"n": 2}`, want: `got  {"body":{"n":2},"status":200}`},
		{name: "no JSON", answer: `<html>`, want: `got  {"body":"<html>","status":200}`},
		{name: "other on purpose", answer: `{"n": 2}`, differences: row("")},
		{name: "other on purpose, as written down", answer: `{"n": 2}`, differences: row(`{"status": 200, "body": {"n": 2}}`)},
		{name: "other on purpose, but otherwise", answer: `{"n": 3}`, differences: row(`{"status": 200, "body": {"n": 2}}`), want: `ours {"body":{"n":2},"status":200}`},
		{name: "no longer other", answer: `{"n": 1}`, differences: row(""), want: "take its row out of differences.json"},
		{name: "another scene's row", answer: `{"n": 2}`, differences: []difference{{Scene: "a/c", Step: 1, Reason: "on purpose"}}, want: "got"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, test.answer) }))
			defer server.Close()
			var scene Scene
			if err := json.Unmarshal([]byte(asked), &scene); err != nil {
				t.Fatal(err)
			}
			ledger := &ledger{differences: test.differences}
			problems := strings.Join(ledger.replay(Server{Addr: server.URL, Timeout: time.Second}, "a/b", &scene, failuresShown), "\n")
			if test.want == "" && problems != "" || !strings.Contains(problems, test.want) {
				t.Errorf("got %q, want %q", problems, test.want)
			}
		})
	}
}

func TestCloseFrame(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		err  error
		want string
	}{
		{name: "with a reason", err: &websocket.CloseError{Code: 1001, Text: "server closing"}, want: `{"code":1001,"reason":"server closing"}`},
		{name: "no frame", err: &websocket.CloseError{Code: 1006, Text: "unexpected EOF"}, want: `{"code":1006,"reason":""}`},
		{name: "broken connection", err: io.ErrUnexpectedEOF, want: `{"code":1006,"reason":""}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := compact(closeFrame(test.err)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestSceneConfigIsReadLikeFlags(t *testing.T) {
	t.Parallel()
	servers := &servers{base: []string{"--runtime.path=modules"}, common: Server{Node: "n", ServerKey: "k", HTTPKey: "h"}}
	cfg, err := servers.config(map[string]json.RawMessage{
		"match.max_empty_sec": json.RawMessage("2"), "session.single_socket": json.RawMessage("true"), "logger.level": json.RawMessage(`"warn"`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Match.MaxEmptySec != 2 || !cfg.Session.SingleSocket || cfg.Logger.Level != "warn" || cfg.Runtime.Path != "modules" || cfg.Name != "n" {
		t.Errorf("got %+v", cfg)
	}
	if _, err := servers.config(map[string]json.RawMessage{"match.max_empty_secs": json.RawMessage("2")}); err == nil {
		t.Error("a setting that does not exist was accepted")
	}
}

func TestNormalise(t *testing.T) {
	t.Parallel()
	vars := variables{
		"alice.id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "match": "6ba7b810-9dad-11d1-80b4-00c04fd430c8.nakama1",
		"node": "nakama1", "short": "abc",
	}
	tests := []struct {
		name, answer string
		step         Step
		want         string
	}{
		{name: "known values", answer: `{"id":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","m":"6ba7b810-9dad-11d1-80b4-00c04fd430c8.nakama1"}`,
			want: `{"id":"${alice.id}","m":"${match}"}`},
		{name: "known value as a key", answer: `{"6ba7b810-9dad-11d1-80b4-00c04fd430c8":1}`, want: `{"${alice.id}":1}`},
		{name: "short values are no names", answer: `"abc"`, want: `"abc"`},
		{name: "unknown ids and times", answer: `["00000000-0000-4000-8000-000000000000","2024-01-02T03:04:05.6Z","00000000-0000-4000-8000-000000000000.nakama1"]`,
			want: `["<uuid>","<time>","<uuid>.${node}"]`},
		{name: "token", answer: `"eyJh.eyJz.c2ln"`, want: `"<token>"`},
		{name: "JSON in a string", answer: `{"metadata":"{\"b\":1, \"a\":[]}"}`, want: `{"metadata":{"json":{"a":[],"b":1}}}`},
		{name: "match data", answer: `{"data":"aGk="}`, want: `{"data":"hi"}`},
		{name: "match data that is no text", answer: `{"data":"/w=="}`, want: `{"data":"/w=="}`},
		{name: "ignored", answer: `{"l":[{"t":1},{"t":2}]}`, step: Step{Ignore: []string{"l.*.t"}}, want: `{"l":[{"t":"<any>"},{"t":"<any>"}]}`},
		{name: "unordered", answer: `{"l":[2,1]}`, step: Step{Unordered: []string{"l"}}, want: `{"l":[1,2]}`},
		{name: "large numbers", answer: `9007199254740993`, want: `9007199254740993`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := compact(vars.normalise(parse([]byte(test.answer)), &test.step)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestWritePendingKeepsWhatWasNotReplayed(t *testing.T) {
	t.Chdir(t.TempDir())
	before := ledger{Pending: []string{"a/not_replayed", "a/holds_now"}, Sometimes: map[string]string{"a/luck": "a race"}}
	err := before.writePending(map[string]bool{"a/holds_now": true, "a/fails": false, "a/luck": false, "a/held": true})
	if err != nil {
		t.Fatal(err)
	}
	var after ledger
	if err := readJSON("pending.json", &after); err != nil {
		t.Fatal(err)
	}
	if got := compact(after); got != `{"pending":["a/fails","a/not_replayed"],"sometimes":{"a/luck":"a race"}}` {
		t.Errorf("got %s", got)
	}
}
