package nktest

import (
	"context"
	"io/fs"
	"log/slog"
	"os"

	"nkhost/host"
	"nkhost/host/record"
)

// Replayed is a recorded match that was run again.
type Replayed struct {
	Tick  int64 // how many times match_loop has run
	Label string
	Ended bool
	// Difference is where the match first differs from the recording; nil if it does not.
	Difference *record.Difference

	t     T
	state any
}

// Replay runs a match again that a host has recorded with match.record. That the match
// fails, as it may have done when it was recorded, fails the test. Whether it differs from
// the recording is for the test to judge: it should if a mistake was mended.
//
// A recording knows its modules' hash, not their text. Without modules, of which there may
// be one set, those of the folder "modules" in the test's folder run.
func Replay(t T, file string, modules ...fs.FS) *Replayed {
	t.Helper()
	fsys := os.DirFS("modules")
	switch len(modules) {
	case 0:
		if _, err := fs.Stat(fsys, "."); err != nil {
			t.Fatalf(`replay %s: there is no folder "modules" here; name the modules' own: nktest.Replay(t, %q, os.DirFS("…"))`, file, file)
		}
	case 1:
		fsys = modules[0]
	default:
		t.Fatalf("replay %s: a match has one set of modules, not %d", file, len(modules))
	}
	recorded, err := os.Open(file)
	if err != nil {
		t.Fatalf("replay: %v", err)
	}
	defer recorded.Close()
	log := newJournal()
	replayed, err := host.Replay(context.Background(), host.ReplayOptions{File: recorded, Modules: fsys, Log: slog.New(log), Coverage: coverage()})
	if err != nil {
		t.Fatalf("replay %s: %v", file, err)
	}
	for _, failure := range log.takeFailures() {
		t.Errorf("the match of %s fails after %d ticks: %v", file, replayed.Tick, failure)
	}
	if replayed.Err != nil && log.failure(replayed.Start.MatchID) == nil {
		t.Errorf("the match of %s fails after %d ticks: %v", file, replayed.Tick, replayed.Err)
	}
	return &Replayed{
		Tick: replayed.Tick, Label: replayed.Label, Ended: replayed.Ended, Difference: replayed.Difference, t: t, state: replayed.State,
	}
}

// State is the part of the match's last state at a path, or with "" the whole.
func (r *Replayed) State(path string) Value {
	r.t.Helper()
	value, err := plain(r.state)
	if err != nil {
		r.t.Fatalf("read the match's state: %v", err)
	}
	return Value{t: r.t, whole: "the match's state", value: value}.At(path)
}
