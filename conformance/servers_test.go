package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"nkhost/host"
	"nkhost/host/config"
)

// servers are those that scenes are replayed against. Without an address they are
// hosts opened here: one for each set of settings that scenes ask for, and one for
// each replay of a scene that stops it.
type servers struct {
	t      *testing.T // of the group, which outlives its scenes
	base   []string   // flags that every host is opened with
	common Server     // what all of them have in common; with its Addr, the only one

	mu     sync.Mutex
	shared map[string]func() (Server, error) // by settings
}

// serversUnderTest is the server at the given address or, if there is none, hosts
// with these flags. It skips the test when only the other's address is given.
func serversUnderTest(t *testing.T, address, other string, flags ...string) *servers {
	if address == "" && other != "" {
		t.Skip("another test has the server")
	}
	echo := startEcho()
	t.Cleanup(echo.Close)
	s := &servers{t: t, base: flags, shared: map[string]func() (Server, error){}}
	s.common = Server{
		Addr: strings.TrimRight(address, "/"), ServerKey: *serverKey, HTTPKey: *httpKey,
		Node: *node, Echo: echo.URL, Timeout: *stepTimeout,
	}
	if *processID != 0 {
		s.common.Stop = terminate
	}
	return s
}

// terminate asks the process of the server at -addr to end.
func terminate() error {
	process, err := os.FindProcess(*processID)
	if err != nil {
		return err
	}
	return process.Signal(syscall.SIGTERM)
}

// opener returns a function that gives a scene the server for a replay. It skips the
// scene if it cannot be replayed on the server at -addr.
func (s *servers) opener(t *testing.T, scene *Scene) func() Server {
	open := func() (Server, error) { return s.common, nil }
	key := compact(scene.Config)
	switch {
	case s.common.Addr != "" && key != compact(given(t)):
		t.Skip("the scene wants other settings of the server")
	case s.common.Addr != "" && scene.stops() && s.common.Stop == nil:
		t.Skip("the scene stops the server, whose process id is not given")
	case s.common.Addr != "":
	case scene.stops():
		open = func() (Server, error) { return s.openHost(t, scene.Config) }
	default:
		open = s.sharedHost(key, scene.Config)
	}
	return func() Server {
		server, err := open()
		if err != nil {
			t.Fatal(err)
		}
		return server
	}
}

// given are the settings of the server at -addr.
func given(t *testing.T) map[string]json.RawMessage {
	var given map[string]json.RawMessage
	if *settings != "" {
		if err := json.Unmarshal([]byte(*settings), &given); err != nil {
			t.Fatalf("-settings: %v", err)
		}
	}
	return given
}

func (s *servers) sharedHost(key string, settings map[string]json.RawMessage) func() (Server, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := s.shared[key]
	if open == nil {
		open = sync.OnceValues(func() (Server, error) { return s.openHost(s.t, settings) })
		s.shared[key] = open
	}
	return open
}

// openHost runs a host until the test and its subtests end.
func (s *servers) openHost(t *testing.T, settings map[string]json.RawMessage) (Server, error) {
	server := s.common
	cfg, err := s.config(settings)
	if err != nil {
		return server, err
	}
	var out io.Writer = io.Discard
	if *hostLog {
		out = os.Stderr
	}
	ctx, stop := context.WithCancel(context.Background())
	h, err := host.Open(ctx, host.Options{Config: cfg, Log: slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		stop()
		return server, err
	}
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the host ended with: %v", err)
		}
	})
	server.Addr = "http://" + h.Addr()
	server.Stop = func() error {
		stop()
		return nil
	}
	return server, nil
}

// config reads settings as the command line would.
func (s *servers) config(settings map[string]json.RawMessage) (config.Config, error) {
	flags := s.base
	for name, value := range settings {
		flags = append(flags[:len(flags):len(flags)], fmt.Sprintf("--%s=%s", name, textOf(string(value))))
	}
	cfg, _, err := config.Parse(flags, os.ReadFile)
	if err != nil {
		return cfg, fmt.Errorf("the scene's config: %w", err)
	}
	cfg.Name, cfg.DataDir = s.common.Node, ":memory:"
	cfg.Socket.Port, cfg.Socket.ServerKey = 0, s.common.ServerKey
	cfg.Runtime.HTTPKey = s.common.HTTPKey
	cfg.Socket.WriteTimeoutMs = 120_000 // bcrypt at Nakama's cost takes 20 s under the race detector
	return cfg, nil
}
