package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRecordCommand has a running host record one match of several, and replays it.
func TestRecordCommand(t *testing.T) {
	t.Parallel()
	folder := folderWith(t, "main.lua", `
local nk = require("nakama")
nk.register_rpc(function() return nk.match_create("lobby", {}) end, "create")
`, "lobby.lua", `
local function stay(context, dispatcher, tick, state) return state end
return {
	match_init = function() return {}, 60, "" end,
	match_join_attempt = function(context, dispatcher, tick, state) return state, true end,
	match_join = stay, match_leave = stay, match_loop = stay, match_terminate = stay,
	match_signal = function(context, dispatcher, tick, state) return state, "" end,
}
`)
	records := t.TempDir()
	cmd := program(t, "--data_dir=:memory:", "--socket.port=0", "--runtime.path", folder, "--match.record", records, "--match.record_on_demand",
		"--runtime.http_key=secret", "--shutdown_grace_sec=0")
	address := start(t, cmd)
	create := func() {
		t.Helper()
		response, err := http.Post(address+"v2/rpc/create?http_key=secret", "application/json", strings.NewReader(`""`))
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("create: %v, %v", response, err)
		}
		_ = response.Body.Close()
	}
	create() // before anybody has asked
	for _, test := range []struct {
		name   string
		args   []string
		status int
		out    string // a part of what is printed, to either
	}{
		{"one", []string{"lobby", "--url", address, "--runtime.http_key=secret"}, 0, "the next match of module lobby will be recorded in " + records},
		{"wrong key", []string{"--url", address}, 1, "the host refuses: HTTP key invalid"},
		{"no such module", []string{"lobyb", "--url", address, "--runtime.http_key=secret"}, 1, `no module "lobyb"`},
		{"too many", []string{"--count=100000", "--url", address, "--runtime.http_key=secret"}, 1, "from 1 to"},
		{"not nkhost", []string{"--url", address + "v2/", "--runtime.http_key=secret"}, 1, "refuses: Not Found"},
		{"nobody there", []string{"--url", "http://127.0.0.1:1"}, 1, "cannot be asked"},
		{"two modules", []string{"a", "b"}, 1, "one module"},
		{"help", []string{"--help"}, 0, "nkhost record"},
	} {
		t.Run(test.name, func(t *testing.T) {
			command := program(t, append([]string{"record"}, test.args...)...)
			out, err := command.CombinedOutput()
			if command.ProcessState.ExitCode() != test.status || !strings.Contains(string(out), test.out) {
				t.Errorf("ended with %v and %q", err, out)
			}
		})
	}
	create()
	create()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(records + "/*.match")
	if err != nil || len(found) != 1 {
		t.Fatalf("recorded: %v, %v", found, err)
	}
	if out, err := program(t, "replay", "--runtime.path", folder, found[0]).CombinedOutput(); err != nil || !strings.Contains(string(out), "it is as it was recorded") {
		t.Errorf("replayed: %v: %s", err, out)
	}
}
