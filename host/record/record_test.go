package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"nkhost/host/match"
)

func appendState(out []byte, state any) ([]byte, error) { return fmt.Append(out, state), nil }

func openFolder(t testing.TB, maxBytes int64) *Folder {
	t.Helper()
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	f, err := Open(Options{
		Path: filepath.Join(t.TempDir(), "records"), MaxBytes: maxBytes,
		Now:         func() time.Time { now = now.Add(time.Second); return now },
		Seed:        func() uint64 { return 42 },
		AppendState: appendState,
		Failed:      func(err error) { t.Error(err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// playMatch records a short match.
func playMatch(f *Folder, id string, ticks int) {
	w := f.Begin(id, "game", map[string]any{"n": 1.0})
	w.Now(w.start.Time.Add(time.Minute))
	w.Done(match.Outcome{State: "begun"})
	alice := match.Presence{UserID: "u", SessionID: "s", Username: "alice"}
	w.Step(match.Input{Kind: "match_join", Presences: []match.Presence{alice}})
	w.Sent([]match.Presence{alice}, match.Broadcast{OpCode: 1, Data: []byte("hello")})
	w.Done(match.Outcome{State: "joined"})
	for i := range ticks {
		w.Step(match.Input{Kind: match.KindTick})
		_, _, _ = w.Call("storage_read", func() ([]byte, string) { return []byte{byte(i)}, "refused" })
		w.Done(match.Outcome{State: "joined", Tick: int64(i + 1)})
	}
	w.Step(match.Input{Kind: "match_leave", Presences: []match.Presence{alice}})
	w.Done(match.Outcome{State: "joined", Err: errors.New("no more"), Ended: true})
	w.Close()
}

func files(t *testing.T, f *Folder) []string {
	t.Helper()
	found, err := filepath.Glob(f.options.Path + "/*" + Extension)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func readAll(r *Reader) (steps []*Step, err error) {
	for {
		step, err := r.Next()
		if errors.Is(err, io.EOF) {
			return steps, nil
		}
		if err != nil {
			return steps, err
		}
		steps = append(steps, step)
	}
}

func TestWriteAndRead(t *testing.T) {
	t.Parallel()
	f := openFolder(t, 1<<20)
	playMatch(f, "id", 2)
	if f.Writer("id") != nil {
		t.Error("the writer is still there")
	}
	data, err := os.ReadFile(files(t, f)[0])
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if r.Start.Module != "game" || r.Start.MatchID != "id" || r.Start.Seed != 42 || !reflect.DeepEqual(r.Start.Params, map[string]any{"n": 1.0}) {
		t.Errorf("the start is %+v", r.Start)
	}
	steps, err := readAll(r)
	if err != nil || len(steps) != 5 || r.Cut {
		t.Fatalf("%d steps, cut %t: %v", len(steps), r.Cut, err)
	}
	if got := steps[0].times; len(got) != 1 || got[0].Sub(r.Start.Time) != time.Minute {
		t.Errorf("the times are %v", got)
	}
	if steps[1].Input.Presences[0].Username != "alice" || steps[1].Done.Sent == 0 || steps[1].Done.State == steps[0].Done.State {
		t.Errorf("the join is %+v", steps[1])
	}
	if got := steps[3]; got.Input.Kind != match.KindTick || got.calls[0].Name != "storage_read" || got.calls[0].Failure != "refused" ||
		got.calls[0].Results[0] != 1 || got.Done.State != steps[1].Done.State || got.Done.Sent != 0 {
		t.Errorf("the second tick is %+v", got)
	}
	if got := steps[4].Done; got.Err != "no more" || !got.Ended {
		t.Errorf("the end is %+v", got)
	}
}

// TestOnDemand wants that no more is recorded than was asked for.
func TestOnDemand(t *testing.T) {
	t.Parallel()
	f := openFolder(t, 1<<20)
	f.options.OnDemand = true
	f.Ask("games/lobby", 1)
	f.Ask("", 1)
	for i, step := range []struct {
		module string
		want   bool
	}{
		{"games.lobby", true}, {"games.lobby", true}, {"other", false}, {"games.lobby", false},
	} {
		w := f.Begin(fmt.Sprint(i), step.module, nil)
		if (w != nil) != step.want {
			t.Errorf("match %d of module %s: recorded is %t, want %t", i, step.module, w != nil, step.want)
		}
		if w != nil {
			w.Close()
		}
	}
	if got := len(files(t, f)); got != 2 {
		t.Errorf("there are %d files", got)
	}
}

// TestBrokenFiles wants a clear error for what is damaged or foreign, and that what was
// kept of a match of which the end is missing can be read.
func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	f := openFolder(t, 1<<20)
	playMatch(f, "id", 50)
	whole, err := os.ReadFile(files(t, f)[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, foreign := range []string{"", "PK\x03\x04", magic[:5], "nkhost match 2\n" + string(whole[len(magic):])} {
		if _, err := NewReader(strings.NewReader(foreign)); !errors.Is(err, errForeign) {
			t.Errorf("%q: %v", foreign, err)
		}
	}
	damaged := bytes.Clone(whole)
	damaged[len(damaged)-6] ^= 0x40 // in the checksum
	r, err := NewReader(bytes.NewReader(damaged))
	if err == nil {
		_, err = readAll(r)
	}
	if !errors.Is(err, errDamaged) {
		t.Errorf("a damaged file: %v", err)
	}
	r, err = NewReader(bytes.NewReader(whole[:len(whole)-20]))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readAll(r); err != nil || !r.Cut {
		t.Errorf("a file without its end: %v, cut %t", err, r.Cut)
	}
}

// TestRotation wants that the oldest files go, and that a match does not fill the folder.
func TestRotation(t *testing.T) {
	t.Parallel()
	f := openFolder(t, 4000)
	for i := range 30 {
		playMatch(f, fmt.Sprint("match-", i), 3)
	}
	left := files(t, f)
	if len(left) < 3 || len(left) >= 30 || !strings.HasSuffix(left[len(left)-1], "match-29.match") {
		t.Errorf("left are %v", left)
	}
	playMatch(f, "long", 1000)
	left = files(t, f)
	file, err := os.Open(left[len(left)-1])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	if steps, err := readAll(r); err != nil || !r.Cut || len(steps) < 10 || len(steps) > 900 {
		t.Errorf("of a match that is too long %d steps were kept, cut %t: %v", len(steps), r.Cut, err)
	}
}

func FuzzReader(f *testing.F) {
	folder := openFolder(f, 1<<20)
	playMatch(folder, "id", 3)
	found, _ := filepath.Glob(folder.options.Path + "/*")
	whole, err := os.ReadFile(found[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := NewReader(bytes.NewReader(data))
		if err != nil {
			return
		}
		if _, err := readAll(r); err != nil && !errors.Is(err, errDamaged) {
			t.Errorf("neither an end nor damage: %v", err)
		}
	})
}

// FuzzEntries reads what is past the compression, which a fuzzer would not get through.
func FuzzEntries(f *testing.F) {
	done := Done{State: 7, Sent: 8, Err: "x", Ended: true}
	f.Add(byte(entryDone), done.append(nil, 1))
	call := Call{Name: "a", Failure: "b", Results: []byte{1}}
	f.Add(byte(entryCall), call.append(nil))
	f.Add(byte(entryNow), []byte{1})
	f.Add(byte(entryInput), []byte(`{"kind":"match_join"}`))
	f.Fuzz(func(t *testing.T, kind byte, data []byte) {
		r := &Reader{}
		if _, err := r.add(&Step{}, kind, data); err != nil && !errors.Is(err, errDamaged) {
			t.Errorf("neither an entry nor damage: %v", err)
		}
	})
}
