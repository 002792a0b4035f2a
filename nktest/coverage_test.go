package nktest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCover runs a test of this package again, as go test does with the flag.
func TestCover(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	profile, info := filepath.Join(folder, "lua.out"), filepath.Join(folder, "lcov.info")
	out, err := exec.Command(os.Args[0], "-test.run=^TestGame$|^TestReplay$", "-nk.cover", profile, "-nk.cover="+info).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{"lines of the Lua modules that ran:\n", "\ntictactoe_match.lua ", "\ntestdata/modules/arena.lua ", "\ntotal "} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q was not printed:\n%s", want, out)
		}
	}
	for file, wants := range map[string][]string{
		profile: {"mode: count\n", "\n./testdata/modules/arena.lua:2.1,3.1 1 ", "\n./tictactoe_match.lua:"},
		info:    {"SF:testdata/modules/arena.lua\nDA:", "SF:tictactoe_match.lua\n"},
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s lacks %q:\n%s", filepath.Base(file), want, text)
			}
		}
	}
}

// TestCoverNowhere wants that a file which cannot be written fails the run.
func TestCoverNowhere(t *testing.T) {
	t.Parallel()
	out, err := exec.Command(os.Args[0], "-test.run=^TestGame$", "-nk.cover", filepath.Join(t.TempDir(), "none", "lua.out")).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "write the coverage") {
		t.Errorf("%v: %s", err, out)
	}
}
