package nkshim

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/match"
	"nkhost/lua"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// files are modules by path.
type files map[string]string

// open loads modules into a runtime whose clock stands at 2024-02-29 12:30:15 UTC.
func open(t testing.TB, modules files, change ...func(*Deps)) *Runtime {
	t.Helper()
	r, err := tryOpen(t, modules, change...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func tryOpen(t testing.TB, modules files, change ...func(*Deps)) (*Runtime, error) {
	t.Helper()
	tree := fstest.MapFS{}
	for path, text := range modules {
		tree[path] = &fstest.MapFile{Data: []byte(text)}
	}
	read, err := lua.ReadModules(tree)
	if err != nil {
		return nil, err
	}
	deps := Deps{
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Node: "node1", Version: "1.2.3+test",
		Env: map[string]string{"MODE": "test"}, Files: tree, NewID: uuid.NewString,
		Now:     func() time.Time { return time.Date(2024, 2, 29, 12, 30, 15, 0, time.UTC) },
		Config:  map[string]any{"name": "node1"},
		Matches: &fakeMatches{},
	}
	for _, f := range change {
		f(&deps)
	}
	r := New(read, deps)
	return r, r.Load(t.Context())
}

// call runs the body of an RPC function and returns its answer.
func evaluate(t *testing.T, body string, change ...func(*Deps)) (string, error) {
	t.Helper()
	r := open(t, files{"main.lua": `
		local nk = require("nakama")
		nk.register_rpc(function(context, payload)
			` + body + `
		end, "test")`}, change...)
	return r.RPC(t.Context(), "test", nil, "")
}

// logTo collects the log, at every level.
func logTo(buffer *lockedBuffer) func(*Deps) {
	return func(d *Deps) {
		d.Log = slog.New(slog.NewTextHandler(buffer, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// fakeMatches answers as the registry of matches would, and keeps what it was asked.
type fakeMatches struct {
	module string
	params map[string]any
	query  match.ListQuery
	data   string
}

const fakeMatchID = "01234567-89ab-4cde-8f01-23456789abcd.node1"

func (f *fakeMatches) Create(_ context.Context, module string, params map[string]any) (string, error) {
	if module == "absent" {
		return "", status.Error(codes.NotFound, "there is no match module \"absent\"")
	}
	f.module, f.params = module, params
	return fakeMatchID, nil
}

func (f *fakeMatches) Get(id string) (match.Listing, error) {
	if id != fakeMatchID {
		return match.Listing{}, status.Error(codes.NotFound, "match not found")
	}
	return match.Listing{ID: id, Authoritative: true, Label: "a label", TickRate: 10, Handler: "game", Size: 2}, nil
}

func (f *fakeMatches) List(query match.ListQuery) ([]match.Listing, error) {
	f.query = query
	return []match.Listing{{ID: fakeMatchID, Authoritative: true, Size: 1}, {ID: "relayed.", Size: 3}}, nil
}

func (f *fakeMatches) Signal(_ context.Context, _, data string) (string, error) {
	f.data = data
	return "answer to " + data, nil
}

// wantText fails unless got contains every part.
func wantText(t *testing.T, got string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Errorf("%q is not in\n%s", part, got)
		}
	}
}
