package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nkhost/host/config"
	"nkhost/modules"
	"nkhost/nktest"
)

func TestReplayCommand(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	h := nktest.Open(t, modules.Game(), nktest.Configure(func(c *config.Config) { c.Match.Record = folder }))
	alice, bob := h.User("alice"), h.User("bob")
	m := h.Matchmake(alice, bob)
	m.Join(alice, bob)
	m.Send(alice, 1, `{"row":1,"col":1}`)
	m.Tick(5)
	m.Leave(alice)
	found, err := filepath.Glob(folder + "/*.match")
	if err != nil || len(found) != 1 {
		t.Fatalf("recorded: %v, %v", found, err)
	}
	foreign := filepath.Join(folderWith(t, "x.match", "not a match"), "x.match")
	source, err := os.ReadFile("modules/tictactoe_match.lua")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := os.ReadFile("modules/tictactoe_state.lua")
	if err != nil {
		t.Fatal(err)
	}
	other := folderWith(t, "tictactoe_match.lua", string(source))
	if err := os.WriteFile(filepath.Join(other, "tictactoe_state.lua"), []byte(strings.Replace(string(rules), "3 - player", "player", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		args   []string
		status int
		out    string // a part of what is printed
		err    string // a part of what is printed as an error
	}{
		{"the same", []string{found[0]}, 0, "5 ticks\nit is as it was recorded\n", ""},
		{"a moment", []string{found[0], "--until", "1", "--print", "state"}, 0, `"player_turn": 2`, ""},
		{"other code", []string{"--runtime.path", other, found[0]}, 1, "it differs from the recording at tick ", ""},
		{"help", []string{"--help"}, 0, "-until NUMBER", ""},
		{"a foreign file", []string{foreign}, 1, "", "this is no recorded match"},
		{"no file", nil, 1, "", "give one file"},
		{"no such part", []string{"--print", "x", found[0]}, 1, "", "it can be state"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stderr strings.Builder
			cmd := program(t, append([]string{"replay"}, test.args...)...)
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if cmd.ProcessState.ExitCode() != test.status {
				t.Fatalf("ended with %v, want exit status %d: %s%s", err, test.status, out, stderr.String())
			}
			if !strings.Contains(string(out), test.out) || !strings.Contains(stderr.String(), test.err) || (test.err == "") != (stderr.Len() == 0) {
				t.Errorf("printed %q and %q", out, stderr.String())
			}
		})
	}
}
