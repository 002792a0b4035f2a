package conformance

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nkhost/host"
	"nkhost/host/config"
	"nkhost/host/db/dbtest"
)

var (
	address      = flag.String("addr", "", "replay scenes/ against the server at this URL, which runs modules/")
	gameAddress  = flag.String("game-addr", "", "replay xoxo/ against the server at this URL, which runs the tic-tac-toe game")
	serverKey    = flag.String("server-key", "defaultkey", "server key of the server under test")
	httpKey      = flag.String("http-key", "defaulthttpkey", "HTTP key of the server under test")
	node         = flag.String("node", "nakama1", "name of the node of the server under test")
	stepTimeout  = flag.Duration("step-timeout", 5*time.Second, "how long a step waits for an answer or a frame")
	record       = flag.Bool("record", false, "write the answers of the server at -addr or -game-addr into the scenes")
	writePending = flag.Bool("write-pending", false, "write the scenes that do not hold to pending.json instead of failing")
	owed         = flag.Bool("owed", false, "print for each pending scene what it still fails at")
	hostLog      = flag.Bool("host-log", false, "print the host's log")
)

const (
	// scenesAtATime is how many scenes are replayed in parallel: they wait more than
	// they work, but several depend on answers within a second.
	scenesAtATime = 8
	// replaysThatProve is how often a pending scene must hold in a row before it
	// counts as held, so that luck does not fail the test.
	replaysThatProve = 3
	// failuresShown of one scene; what follows a failed step is often its echo.
	failuresShown = 5
)

func TestMain(m *testing.M) {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		_ = flag.Set("test.parallel", fmt.Sprint(scenesAtATime))
	}
	os.Exit(dbtest.Main(m).Run())
}

// TestScenes replays scenes/ against a host that runs modules/.
func TestScenes(t *testing.T) {
	play(t, "scenes", serverUnderTest(t, *address, *gameAddress, settings("modules")), ledgerOf(t, "sqlite"))
}

// TestScenesOnPostgreSQL replays the scenes of what is stored against a host that
// keeps it in PostgreSQL.
func TestScenesOnPostgreSQL(t *testing.T) {
	if *address != "" || *gameAddress != "" {
		t.Skip("the server under test has a database of its own")
	}
	cfg := settings("modules")
	cfg.Database.Address = []string{dbtest.PostgreSQL(t).Address}
	play(t, "scenes", serverUnderTest(t, "", "", cfg), ledgerOf(t, "postgresql"), storedGroups...)
}

// storedGroups are the groups of scenes whose outcome may depend on the database.
var storedGroups = []string{"account", "chat", "hooks", "sql", "storage"}

func settings(path string) config.Config {
	cfg := config.Default()
	cfg.Runtime.Path = path
	return cfg
}

func ledgerOf(t *testing.T, database string) *ledger {
	ledger, err := readLedger(database)
	if err != nil {
		t.Fatal(err)
	}
	return ledger
}

// TestGame replays xoxo/ against a host that runs the bundled game.
func TestGame(t *testing.T) {
	play(t, "xoxo", serverUnderTest(t, *gameAddress, *address, settings("")), &ledger{})
}

// serverUnderTest is the server at the given address or, if there is none, a host
// opened for this test. It skips the test when only the other's address is given.
func serverUnderTest(t *testing.T, address, other string, cfg config.Config) Server {
	echo := startEcho()
	t.Cleanup(echo.Close)
	server := Server{
		Addr: strings.TrimRight(address, "/"), ServerKey: *serverKey, HTTPKey: *httpKey,
		Node: *node, Echo: echo.URL, Timeout: *stepTimeout,
	}
	switch {
	case address != "":
	case other != "":
		t.Skip("another test has the server")
	default:
		cfg.Name, cfg.DataDir = server.Node, ":memory:"
		cfg.Socket.Port, cfg.Socket.ServerKey = 0, server.ServerKey
		cfg.Runtime.HTTPKey = server.HTTPKey
		cfg.Socket.WriteTimeoutMs = 120_000 // bcrypt at Nakama's cost takes 20 s under the race detector
		server.Addr = "http://" + openHost(t, cfg)
	}
	return server
}

// openHost runs a host until the test and its subtests end, and returns its address.
func openHost(t *testing.T, cfg config.Config) string {
	var out io.Writer = io.Discard
	if *hostLog {
		out = os.Stderr
	}
	ctx, stop := context.WithCancel(context.Background())
	h, err := host.Open(ctx, host.Options{Config: cfg, Log: slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		stop()
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the host ended with: %v", err)
		}
	})
	return h.Addr()
}

// play replays the scenes of a folder, or of some of its groups.
func play(t *testing.T, folder string, server Server, ledger *ledger, groups ...string) {
	if *record && *address == "" && *gameAddress == "" {
		t.Fatal("-record writes a reference server's answers: name it by -addr or -game-addr")
	}
	names, err := sceneNames(folder)
	if err != nil || len(names) == 0 {
		t.Fatalf("no scenes in %s: %v", folder, err)
	}
	if err := ledger.strangers(names); err != nil {
		t.Fatal(err)
	}
	if *address != "" || *gameAddress != "" {
		ledger.Pending, ledger.Sometimes, ledger.differences = nil, nil, nil // they speak of our host
	}
	tally := &tally{results: map[string]bool{}}
	t.Cleanup(func() { tally.report(t, folder, ledger) })
	if len(groups) > 0 {
		names = slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(groups, filepath.Dir(name)) })
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(folder, name+".json")
			scene, err := LoadScene(file)
			if err != nil {
				t.Fatal(err)
			}
			if *record {
				recordScene(t, server, scene, file)
				return
			}
			tally.add(name, check(t, server, ledger, name, scene))
		})
	}
}

// check replays a scene, fails the test where the ledger has it otherwise, and says
// whether the scene holds.
func check(t *testing.T, server Server, ledger *ledger, name string, scene *Scene) bool {
	_, sometimes := ledger.Sometimes[name]
	if sometimes {
		return len(ledger.replay(server, name, scene, 1)) == 0
	}
	if !ledger.isPending(name) {
		problems := ledger.replay(server, name, scene, failuresShown)
		if !*writePending {
			for _, problem := range problems {
				t.Error(problem)
			}
		}
		return len(problems) == 0
	}
	for range replaysThatProve {
		if problems := ledger.replay(server, name, scene, 1); len(problems) > 0 {
			if *owed {
				t.Log(problems[0])
			}
			return false
		}
	}
	if !*writePending {
		t.Error("the scene holds: take it out of pending.json, by hand or with go test ./conformance -args -write-pending")
	}
	return true
}

func recordScene(t *testing.T, server Server, scene *Scene, file string) {
	complete := true
	Replay(server, scene, true, func(f Failure) bool {
		complete = false
		t.Errorf("step %d: %s", f.Step, f.Text)
		return true
	})
	if complete {
		if err := scene.Save(file); err != nil {
			t.Error(err)
		}
	}
}

// tally gathers which scenes hold.
type tally struct {
	mu      sync.Mutex
	results map[string]bool
}

func (c *tally) add(name string, holds bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.results[name] = holds
}

// report prints what holds, by group, once all scenes are through.
func (c *tally) report(t *testing.T, folder string, ledger *ledger) {
	held, all := map[string]int{}, map[string]int{}
	for name, holds := range c.results {
		for _, group := range []string{filepath.Join(folder, filepath.Dir(name)), "all of " + folder} {
			all[group]++
			if holds {
				held[group]++
			}
		}
	}
	for _, group := range slices.Sorted(maps.Keys(all)) {
		fmt.Printf("conformance: %-22s %-20s %3d of %3d scenes hold\n", t.Name(), group, held[group], all[group])
	}
	if *writePending && t.Name() == "TestScenes" {
		if err := ledger.writePending(c.results); err != nil {
			t.Error(err)
		}
	}
}
