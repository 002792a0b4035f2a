package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Extension is that of recorded matches.
const Extension = ".match"

// Options are the settings of a Folder.
type Options struct {
	Path     string
	MaxBytes int64 // of all files together; the oldest go first
	OnDemand bool  // only matches that Ask asks for
	Start    Start // what all matches have in common
	Now      func() time.Time
	Seed     func() uint64
	// AppendState appends a state's encoding; states with the same encoding are alike.
	AppendState func(out []byte, state any) ([]byte, error)
	Failed      func(error) // is told what cannot be recorded
}

// Folder is where matches are recorded. It is safe for concurrent use.
type Folder struct {
	options Options

	mu      sync.Mutex
	writers map[string]*Writer // of matches that are being recorded, by id
	used    int64              // bytes, by the files that are complete
	asked   map[string]int     // how many matches of a module, or of "" any, are yet to be recorded
}

// maxShare is how much of the folder one match may fill, uncompressed, before its
// recording ends.
const maxShare = 4

// Open makes the folder if it is not there.
func Open(options Options) (*Folder, error) {
	if err := os.MkdirAll(options.Path, 0o755); err != nil {
		return nil, fmt.Errorf("the folder for recorded matches (match.record) cannot be made: %w", err)
	}
	f := &Folder{options: options, writers: map[string]*Writer{}, asked: map[string]int{}}
	_, err := f.files()
	return f, err
}

// Ask has the next count matches of a module be recorded, or with "" of any module. What
// is on its way already cannot be: a replay needs all that a match was told from its
// start.
func (f *Folder) Ask(module string, count int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked[dotted(module)] += count
}

// wants says whether a match is to be recorded.
func (f *Folder) wants(module string) bool {
	if !f.options.OnDemand {
		return true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range []string{dotted(module), ""} {
		if f.asked[name] > 0 {
			f.asked[name]--
			return true
		}
	}
	return false
}

// dotted is a module's name as require knows it.
func dotted(module string) string { return strings.ReplaceAll(module, "/", ".") }

// Begin begins the record of a match; nil if it is not wanted or not possible.
func (f *Folder) Begin(matchID, module string, params map[string]any) *Writer {
	if !f.wants(module) {
		return nil
	}
	if err := f.makeRoom(); err != nil {
		f.options.Failed(err)
	}
	start := f.options.Start
	start.MatchID, start.Module, start.Params = matchID, module, params
	start.Time, start.Seed = f.options.Now().Round(0), f.options.Seed()
	name := start.Time.UTC().Format("20060102-150405") + "-" + dotted(module) + "-" + matchID + Extension
	file, err := os.Create(filepath.Join(f.options.Path, name))
	if err != nil {
		f.options.Failed(fmt.Errorf("record match %s: %w", matchID, err))
		return nil
	}
	w := &Writer{
		start: start, file: file, appendState: f.options.AppendState, failed: f.options.Failed, left: f.options.MaxBytes / maxShare,
		closed: f.forget, name: name,
	}
	if err := w.begin(); err != nil {
		f.options.Failed(fmt.Errorf("record match %s: %w", matchID, err))
		_ = file.Close() // the other error says enough
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writers[matchID] = w
	return w
}

// Writer is the one of a match that is being recorded, or nil.
func (f *Folder) Writer(matchID string) *Writer {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.writers[matchID]
}

// forget counts a file that is complete.
func (f *Folder) forget(w *Writer) {
	info, err := os.Stat(filepath.Join(f.options.Path, w.name))
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.writers, w.start.MatchID)
	if err == nil {
		f.used += info.Size()
	}
}

// makeRoom removes the oldest files if all of them together have grown too large, and
// some more, so that it need not look at the folder for each match.
func (f *Folder) makeRoom() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.used <= f.options.MaxBytes {
		return nil
	}
	files, err := f.files()
	if err != nil {
		return err
	}
	for _, file := range files {
		if f.used <= f.options.MaxBytes*keptShare/4 {
			break
		}
		if err := os.Remove(filepath.Join(f.options.Path, file.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("make room for recorded matches: %w", err)
		}
		f.used -= file.size
	}
	return nil
}

// keptShare is how many quarters of the room stay taken when room is made.
const keptShare = 3

type recorded struct {
	name string
	size int64
}

// files are those that are complete, the oldest first. It counts what they take anew.
func (f *Folder) files() (files []recorded, err error) {
	entries, err := os.ReadDir(f.options.Path)
	if err != nil {
		return nil, fmt.Errorf("look at the recorded matches: %w", err)
	}
	open := make(map[string]bool, len(f.writers))
	for _, w := range f.writers {
		open[w.name] = true
	}
	f.used = 0
	for _, entry := range entries { // by name, which begins with the time
		info, err := entry.Info()
		if err != nil || entry.IsDir() || filepath.Ext(entry.Name()) != Extension || open[entry.Name()] {
			continue
		}
		files = append(files, recorded{entry.Name(), info.Size()})
		f.used += info.Size()
	}
	return files, nil
}
