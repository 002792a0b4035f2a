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

// TestTheDocsWalk goes the way of docs/testing.md, from a mistake in the bundled game to
// the recording that shows it mended, and wants that the page shows what is printed.
func TestTheDocsWalk(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	mended, broken := t.TempDir(), t.TempDir()
	for _, folder := range []string{mended, broken} {
		if err := os.CopyFS(folder, modules.Game()); err != nil {
			t.Fatal(err)
		}
	}
	const mend = "local mark = line and line[col]"
	file := filepath.Join(broken, "tictactoe_state.lua")
	source, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(source), mend) || !strings.Contains(string(page), mend) {
		t.Fatalf("the mend is not in the game or not on the page: %v", err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(source), mend, "local mark = line[col]", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	records := t.TempDir()
	h := nktest.Open(t, os.DirFS(broken), nktest.Configure(func(c *config.Config) { c.Match.Record = records }))
	alice, bob := h.User("alice"), h.User("bob")
	m := h.Matchmake(alice, bob)
	m.MayFail()
	m.Join(alice, bob)
	m.Send(alice, 1, `{"row":1,"col":1}`)
	m.Tick(5)
	m.Send(bob, 1, `{"row":4,"col":1}`)
	m.Tick(1)
	found, err := filepath.Glob(records + "/*.match")
	if err != nil || len(found) != 1 {
		t.Fatalf("recorded: %v, %v", found, err)
	}
	for folder, want := range map[string]string{broken: "the match fails:", mended: "it does not fail, and did"} {
		cmd := program(t, "replay", "--runtime.path", folder, found[0])
		out, err := cmd.Output()
		if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), want) {
			t.Errorf("ended with %v: %s", err, out)
		}
		for line := range strings.Lines(string(out)) {
			line = strings.TrimSpace(line)
			if before, after, ok := strings.Cut(line, ".nakama of module"); ok {
				line = before[len("match "):len("match 1ffd4e48-")] + "….nakama of module" + after
			}
			if before, _, ok := strings.Cut(line, "when it was recorded: "); ok {
				line = before // the failure, which the page leaves out
			}
			if !strings.Contains(string(page), line) {
				t.Errorf("docs/testing.md does not show the line %q", line)
			}
		}
	}
	if r := nktest.Replay(t, found[0], os.DirFS(mended)); r.Difference == nil {
		t.Error("the mended game goes as it was recorded")
	} else {
		r.State("round.player_turn").Is(2)
	}
}
