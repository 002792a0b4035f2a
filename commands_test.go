package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nkhost/host/api"
	"nkhost/host/realtime"
	"nkhost/nkshim/check"
)

func TestCheckCommand(t *testing.T) {
	t.Parallel()
	bad := folderWith(t, "main.lua", "local nk = require('nakama')\nlocal unused = nk.jsn_decode('')\n")
	warned := folderWith(t, "main.lua", "local function f() count = 1 end\nf()\n")
	configured := filepath.Join(folderWith(t, "local.yml", "runtime:\n  path: "+bad+"\n"), "local.yml")
	tests := []struct {
		name   string
		args   []string
		status int
		out    string // a part of what is printed
		err    string // a part of what is printed as an error
	}{
		{"the bundled game", nil, 0, " modules checked: 0 errors, 0 warnings\n", ""},
		{"an error", []string{bad}, 1, "main.lua:2: error: the nakama module has no function jsn_decode [nakama-function]", ""},
		{"a warning", []string{warned}, 0, "0 errors, 1 warning\n", ""},
		{"hints", []string{bad, "--all"}, 1, "the local unused is never used", ""},
		{"runtime.path", []string{"--runtime.path", bad}, 1, "1 error", ""},
		{"a configuration", []string{"--config=" + configured}, 1, "1 error", ""},
		{"GitHub", []string{"--format", "github", bad}, 1, "::error file=" + bad + "/main.lua,line=2,title=nakama-function::", ""},
		{"help", []string{"--help"}, 0, "-format FORM", ""},
		{"no such folder", []string{filepath.Join(bad, "none")}, 1, "", "the modules folder cannot be read"},
		{"two folders", []string{bad, bad}, 1, "", "give one folder"},
		{"no such format", []string{"--format=xml", bad}, 1, "", `no format "xml"`},
		{"no such flag", []string{"--al"}, 1, "", "-al"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var stderr strings.Builder
			cmd := program(t, append([]string{"check"}, test.args...)...)
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
	out, _ := program(t, "check", "--format=json", bad).Output()
	var findings []struct{ File, Rule string }
	if err := json.Unmarshal(out, &findings); err != nil || len(findings) != 1 || findings[0].Rule != "nakama-function" {
		t.Errorf("JSON: %v: %s", err, out)
	}
}

func TestTypesCommand(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "new", "types")
	if out, err := program(t, "types", folder).CombinedOutput(); err != nil || !strings.Contains(string(out), filepath.Join(folder, "nakama.lua")) {
		t.Fatalf("%v: %s", err, out)
	}
	written, err := os.ReadFile(filepath.Join(folder, "nakama.lua"))
	if err != nil {
		t.Fatal(err)
	}
	printed, err := program(t, "types", "-").Output()
	if err != nil || string(printed) != string(written) || !strings.HasPrefix(string(printed), "---@meta nakama\n") {
		t.Errorf("%v: what is printed is not what is written", err)
	}
	cmd := program(t, "types")
	cmd.Dir = t.TempDir()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(cmd.Dir, ".nkhost", "types", "nakama.lua")); err != nil {
		t.Error(err)
	}
}

// TestTheCheckKnowsEveryHook keeps the check's names and those of the host together.
func TestTheCheckKnowsEveryHook(t *testing.T) {
	t.Parallel()
	requests, messages := check.HookNames()
	for _, part := range []struct {
		names, all []string
		hookless   []string
	}{
		{requests, api.Operations(), []string{"Healthcheck", "RpcFunc"}},
		{messages, realtime.Messages(), []string{"Rpc"}},
	} {
		want := slices.DeleteFunc(part.all, func(name string) bool { return slices.Contains(part.hookless, name) })
		slices.Sort(want)
		if !slices.Equal(part.names, want) {
			t.Errorf("the check knows %v, the host %v", part.names, want)
		}
	}
}
