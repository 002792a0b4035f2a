package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"nkhost/host/db/dbtest"
)

// asMain makes this test's binary behave as the program.
const asMain = "NKHOST_TEST_AS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
		return
	}
	os.Exit(dbtest.Main(m).Run())
}

// program is killed when it has not ended after a minute.
func program(t *testing.T, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asMain+"=1")
	return cmd
}

// folderWith makes a folder of files, given as name and text in turn.
func folderWith(t *testing.T, files ...string) (folder string) {
	folder = t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(folder, files[i]), []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestAStartThatFailsSaysWhy(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() }) // the cases run when this function has returned
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	file := filepath.Join(folderWith(t, "file", ""), "file")
	tests := []struct {
		name string
		args []string
		want []string // parts of what is printed
	}{
		{"a port in use", []string{"--socket.port", port}, []string{"127.0.0.1:" + port, "in use", "socket.port"}},
		{"an address of another machine", []string{"--socket.address=192.0.2.1"}, []string{"192.0.2.1:0", "socket.address"}},
		{"no such modules folder", []string{"--runtime.path", "no/such"}, []string{"no/such", "runtime.path"}},
		{"a file for a modules folder", []string{"--runtime.path", file}, []string{file, "runtime.path", "not a folder"}},
		{"a syntax error", []string{"--runtime.path", folderWith(t, "broken.lua", "local a = 1\nlocal = 2\n")}, []string{"broken.lua:2"}},
		{"a module that raises", []string{"--runtime.path", folderWith(t, "raise.lua", "local a\nerror('no luck')\n")}, []string{"raise.lua:2", "no luck"}},
		{"an unreadable configuration", []string{"--config=none.yml"}, []string{"none.yml"}},
		{"a wrong setting", []string{"--socket.prot=1"}, []string{"--socket.port"}},
		{"a data folder that cannot be", []string{"--data_dir", filepath.Join(file, "x")}, []string{filepath.Join(file, "x"), "data_dir"}},
		{"a log file that cannot be", []string{"--logger.file", filepath.Join(file, "x")}, []string{"logger.file"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			cmd := program(t, append([]string{"--data_dir=:memory:", "--socket.port=0", "--logger.level=error"}, test.args...)...)
			cmd.Stderr = &stderr
			stdout, err := cmd.Output()
			if cmd.ProcessState.ExitCode() != 1 {
				t.Fatalf("ended with %v, want exit status 1: %s", err, stdout)
			}
			text := stderr.String()
			for _, part := range test.want {
				if !strings.Contains(text, part) {
					t.Errorf("%q says nothing of %q", text, part)
				}
			}
			if strings.Contains(text, "goroutine") || strings.Count(text, "\n") != 1 {
				t.Errorf("want one line without a stack trace: %s", text)
			}
		})
	}
}

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]string{"--help": "--socket.port NUMBER", "--version": "nkhost "} {
		out, err := program(t, arg).Output()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v: %s", arg, err, out)
		}
	}
}

// TestASignalEndsIt starts the program, waits until it says that it is ready, and
// stops it as a terminal and as a supervisor would.
func TestASignalEndsIt(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			cmd := program(t, "--data_dir", t.TempDir(), "--socket.port=0")
			address := start(t, cmd)
			response, err := http.Get(address + "healthcheck")
			if err != nil || response.StatusCode != http.StatusOK {
				t.Fatalf("health: %v, %v", response, err)
			}
			_ = response.Body.Close()
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("ended with %v, want a clean end", err)
			}
		})
	}
}

// TestASecondSignalEndsItAtOnce keeps a match that would take its time to end.
func TestASecondSignalEndsItAtOnce(t *testing.T) {
	t.Parallel()
	folder := folderWith(t, "main.lua", `
local nk = require("nakama")
nk.register_rpc(function() return nk.match_create("slow", {}) end, "create")
`, "slow.lua", `
local function stay(context, dispatcher, tick, state) return state end
return {
	match_init = function() return {}, 1, "" end,
	match_join_attempt = function(context, dispatcher, tick, state) return state, true end,
	match_join = stay, match_leave = stay, match_loop = stay, match_terminate = stay,
	match_signal = function(context, dispatcher, tick, state) return state, "" end,
}
`)
	cmd := program(t, "--data_dir=:memory:", "--socket.port=0", "--runtime.path", folder, "--shutdown_grace_sec=600")
	address := start(t, cmd)
	response, err := http.Post(address+"v2/rpc/create?http_key=defaulthttpkey", "application/json", strings.NewReader(`""`))
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("create: %v, %v", response, err)
	}
	_ = response.Body.Close()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		// A signal that comes before the first one has been taken counts as the first.
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case <-ended:
			if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
				t.Errorf("ended with %v, want the signal's own effect", cmd.ProcessState)
			}
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// start runs the program and returns its address once it is ready. It is stopped
// when the test ends.
func start(t *testing.T, cmd *exec.Cmd) (address string) {
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		var line struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "nkhost is ready" {
			return line.Address
		}
	}
	t.Fatal("it never was ready")
	return ""
}
