package main

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestTestCommand(t *testing.T) {
	t.Parallel()
	good := folderWith(t, "sum_test.lua", "it('adds', function() expect(1 + 1):equals(2) end)\nit('waits')\n")
	bad := folderWith(t, "sum.test.lua", "it('adds', function() expect(1 + 1):equals(3) end)\nit('is', function() end)\n")
	modules := folderWith(t, "sum.lua", "return function(a, b)\n  return a + b\nend")
	using := folderWith(t, "sum_test.lua", "it('adds', function() expect(require('sum')(1, 2)):equals(3) end)\n")
	junit, lcov := filepath.Join(t.TempDir(), "junit.xml"), filepath.Join(t.TempDir(), "lcov.info")
	for _, test := range []struct {
		name   string
		args   []string
		status int
		out    string // a part of what is printed
		err    string // a part of what is printed as an error
	}{
		{"good", []string{good}, 0, "2 tests, 0 failed, 1 pending", ""},
		{"bad", []string{bad, "--junit", junit}, 1, "FAIL     sum.test.lua: adds\n         sum.test.lua:1: not what is wanted:\n           got 2, want 3\n", ""},
		{"chosen", []string{bad, "--run", "^is$"}, 0, "1 tests, 0 failed", ""},
		{"modules of another folder", []string{"--runtime.path", modules, using}, 0, "1 tests, 0 failed", ""},
		{"covered", []string{"--runtime.path", modules, using, "--cover", lcov}, 0, "/sum.lua  100.0 %  2 of 2 lines\ntotal", ""},
		{"covered nowhere", []string{good, "--cover", filepath.Join(bad, "none", "x")}, 1, "", "--cover"},
		{"help", []string{"--help"}, 0, "-junit FILE", ""},
		{"no such folder", []string{filepath.Join(bad, "none")}, 1, "", "the folder cannot be read"},
		{"no test files", []string{modules}, 1, "there is no test: those of files whose names end in _test.lua", ""},
		{"no test chosen", []string{bad, "--run", "^of nothing$"}, 1, "no test has a name that matches --run ^of nothing$", ""},
		{"no pattern", []string{"--run", "(", bad}, 1, "", "--run"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stderr strings.Builder
			cmd := program(t, append([]string{"test"}, test.args...)...)
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
	if xml, err := os.ReadFile(junit); err != nil || !strings.Contains(string(xml), `<testsuite name="sum.test.lua" tests="2" failures="1"`) {
		t.Errorf("JUnit: %v\n%s", err, xml)
	}
	if info, err := os.ReadFile(lcov); err != nil || !strings.Contains(string(info), "/sum.lua\nDA:1,3\nDA:2,1\n") {
		t.Errorf("lcov: %v\n%s", err, info)
	}
}

// TestTestWatch wants that a change runs the tests again, and that an interrupt ends it.
func TestTestWatch(t *testing.T) {
	t.Parallel()
	folder := folderWith(t, "a_test.lua", "it('fails', function() error('x') end)")
	cmd := program(t, "test", "--watch", folder)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	until := func(text string) {
		for lines.Scan() {
			if strings.Contains(lines.Text(), text) {
				return
			}
		}
		t.Errorf("%q was not printed", text)
	}
	until("1 tests, 1 failed")
	until("waiting for a change")
	if err := os.WriteFile(filepath.Join(folder, "a_test.lua"), []byte("it('holds', function() end) -- now"), 0o600); err != nil {
		t.Fatal(err)
	}
	until("1 tests, 0 failed")
	until("waiting for a change")
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
}
