package conformance

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"nkhost/host/db/dbtest"
)

var (
	address      = flag.String("addr", "", "replay scenes/ against the server at this URL, which runs modules/")
	gameAddress  = flag.String("game-addr", "", "replay xoxo/ against the server at this URL, which runs the tic-tac-toe game")
	settings     = flag.String("settings", "", "JSON object of the settings that the server at -addr was started with; the scenes that ask for exactly these are replayed")
	processID    = flag.Int("pid", 0, "process id of the server at -addr, for a scene that stops it")
	serverKey    = flag.String("server-key", "defaultkey", "server key of the server under test")
	httpKey      = flag.String("http-key", "defaulthttpkey", "HTTP key of the server under test")
	node         = flag.String("node", "nakama1", "name of the node of the server under test")
	stepTimeout  = flag.Duration("step-timeout", 30*time.Second, "how long a step waits for an answer or a frame before it gives up")
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
	play(t, "scenes", serversUnderTest(t, *address, *gameAddress, "--runtime.path=modules"), ledgerOf(t, "sqlite"))
}

// TestScenesOnPostgreSQL replays the scenes of what is stored against a host that
// keeps it in PostgreSQL.
func TestScenesOnPostgreSQL(t *testing.T) {
	if *address != "" || *gameAddress != "" {
		t.Skip("the server under test has a database of its own")
	}
	servers := serversUnderTest(t, "", "", "--runtime.path=modules", "--database.address="+dbtest.PostgreSQL(t).Address)
	play(t, "scenes", servers, ledgerOf(t, "postgresql"), storedGroups...)
}

// storedGroups are the groups of scenes whose outcome may depend on the database.
var storedGroups = []string{"account", "chat", "hooks", "leaderboard", "sql", "storage", "social"}

func ledgerOf(t *testing.T, database string) *ledger {
	ledger, err := readLedger(database)
	if err != nil {
		t.Fatal(err)
	}
	return ledger
}

// TestGame replays xoxo/ against a host that runs the bundled game.
func TestGame(t *testing.T) {
	play(t, "xoxo", serversUnderTest(t, *gameAddress, *address), &ledger{})
}

// play replays the scenes of a folder, or of some of its groups.
func play(t *testing.T, folder string, servers *servers, ledger *ledger, groups ...string) {
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
			open := servers.opener(t, scene)
			if *record {
				recordScene(t, open(), scene, file)
				return
			}
			tally.add(name, check(t, open, ledger, name, scene))
		})
	}
}

// check replays a scene, fails the test where the ledger has it otherwise, and says
// whether the scene holds.
func check(t *testing.T, open func() Server, ledger *ledger, name string, scene *Scene) bool {
	_, sometimes := ledger.Sometimes[name]
	if sometimes {
		return len(ledger.replay(open(), name, scene, 1)) == 0
	}
	if !ledger.isPending(name) {
		problems := ledger.replay(open(), name, scene, failuresShown)
		if !*writePending {
			for _, problem := range problems {
				t.Error(problem)
			}
		}
		return len(problems) == 0
	}
	for range replaysThatProve {
		if problems := ledger.replay(open(), name, scene, 1); len(problems) > 0 {
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
