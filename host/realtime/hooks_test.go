package realtime

import (
	"context"
	"testing"

	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/session"
)

// fakeHooks act on the status that a message carries, and tell after hooks' news.
type fakeHooks struct{ after chan string }

func (f *fakeHooks) Before(_ context.Context, name string, caller *session.Caller, in *rtapi.Envelope) (*rtapi.Envelope, error) {
	switch in.GetStatusUpdate().GetStatus().GetValue() {
	case "refuse":
		return nil, nil
	case "raise":
		return nil, status.Error(codes.Internal, "raised by "+caller.Username+" in "+name)
	case "broken":
		return &rtapi.Envelope{}, status.Error(codes.Internal, "no table")
	case "other":
		return &rtapi.Envelope{Message: &rtapi.Envelope_Ping{Ping: &rtapi.Ping{}}}, nil
	case "change":
		in.GetStatusUpdate().Status.Value = "changed"
	}
	return in, nil
}

func (f *fakeHooks) After(_ context.Context, name string, _ *session.Caller, out, in *rtapi.Envelope) {
	answer := "no answer"
	if out != nil {
		answer = "answer " + out.Cid
	}
	f.after <- name + " " + answer + " to " + in.Cid
}

func TestHooks(t *testing.T) {
	t.Parallel()
	hooks := &fakeHooks{after: make(chan string, 100)}
	s := newStage(t, func(o *Options) { o.Hooks = hooks })
	alice := s.dial("alice", "")
	for len(hooks.after) > 0 {
		<-hooks.after
	}
	update := func(status string) { alice.write(`{"cid":"1","status_update":{"status":"` + status + `"}}`) }

	update("raise")
	if e := alice.read(); e["cid"] != "1" || e["error"].(map[string]any)["message"] != "raised by alice in StatusUpdate" {
		t.Errorf("answered %v", e)
	}
	update("broken")
	alice.want(`{"error":{"code":7}}`)
	update("other")
	alice.want(`{"cid":"1","error":{"code":7}}`)
	update("change")
	alice.want(`{"cid":"1"}`)
	event := alice.read()["status_presence_event"].(map[string]any)["joins"].([]any)[0].(map[string]any)
	if event["status"] != "changed" {
		t.Errorf("the status is %v", event)
	}
	alice.write(`{"cid":"2","pong":{}}`)
	alice.write(`{"cid":"3","match_leave":{}}`)
	alice.want(`{"cid":"3","error":{"code":3}}`)
	alice.write(`{"cid":"4","rpc":{"id":"echo"}}`)
	alice.want(`{"cid":"4","rpc":{"id":"echo"}}`)
	update("refuse")
	frames, _, text := alice.closed()
	alice.same(frames[0], `{"cid":"1","error":{"code":1}}`)
	if text != "error processing message" {
		t.Errorf("closed with %q", text)
	}
	for _, want := range []string{"StatusUpdate answer 1 to 1", "Pong no answer to 2"} {
		if got := <-hooks.after; got != want {
			t.Errorf("after hook: %q, want %q", got, want)
		}
	}
	if len(hooks.after) != 0 {
		t.Errorf("a hook ran after a failure or an RPC: %q", <-hooks.after)
	}
}
