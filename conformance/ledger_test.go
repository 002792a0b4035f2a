package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// ledger is what is known of scenes that do not hold as they were recorded.
type ledger struct {
	// Pending lists scenes that the host still owes.
	Pending []string `json:"pending"`
	// Sometimes names pending scenes that hold by luck, each with the reason; they
	// are replayed, but neither outcome fails.
	Sometimes map[string]string `json:"sometimes,omitempty"`

	differences []difference
}

// difference is an answer in which the host departs from the reference on purpose.
type difference struct {
	Scene  string `json:"scene"`
	Step   int    `json:"step"` // from 1
	Reason string `json:"reason"`
	// Database is the only one, "sqlite" or "postgresql", on which the answer differs.
	Database string `json:"database,omitempty"`
	// Want is the host's own answer, normalised like the scene's; without it, any
	// but the reference's will do.
	Want json.RawMessage `json:"want,omitempty"`
}

// readLedger reads what is known of scenes on a database.
func readLedger(database string) (*ledger, error) {
	l := &ledger{}
	if err := readJSON("pending.json", l); err != nil {
		return nil, err
	}
	if err := readJSON("differences.json", &l.differences); err != nil {
		return nil, err
	}
	for _, d := range l.differences {
		if d.Reason == "" || d.Step < 1 {
			return nil, fmt.Errorf("differences.json: the row of %s, step %d, needs a step from 1 and a reason", d.Scene, d.Step)
		}
	}
	l.differences = slices.DeleteFunc(l.differences, func(d difference) bool { return d.Database != "" && d.Database != database })
	return l, nil
}

func readJSON(file string, into any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// writePending makes pending.json list the scenes that do not hold; scenes that
// were not replayed stay as they are.
func (l *ledger) writePending(holds map[string]bool) error {
	kept := ledger{Pending: []string{}, Sometimes: l.Sometimes}
	for _, scene := range l.Pending {
		if _, replayed := holds[scene]; !replayed {
			kept.Pending = append(kept.Pending, scene)
		}
	}
	for scene, held := range holds {
		if _, sometimes := l.Sometimes[scene]; !held && !sometimes {
			kept.Pending = append(kept.Pending, scene)
		}
	}
	slices.Sort(kept.Pending)
	data, err := json.MarshalIndent(kept, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile("pending.json", append(data, '\n'), 0o644)
}

func (l *ledger) isPending(scene string) bool { return slices.Contains(l.Pending, scene) }

// strangers names the rows that belong to no scene.
func (l *ledger) strangers(scenes []string) error {
	var problems []error
	check := func(file, scene string) {
		if !slices.Contains(scenes, scene) {
			problems = append(problems, fmt.Errorf("%s names %s, which is no scene", file, scene))
		}
	}
	for _, scene := range l.Pending {
		check("pending.json", scene)
	}
	for scene := range l.Sometimes {
		check("pending.json", scene)
	}
	for _, d := range l.differences {
		check("differences.json", d.Scene)
	}
	return errors.Join(problems...)
}

// replay plays a scene and returns what differs beyond the intended differences,
// giving up after limit of them.
func (l *ledger) replay(server Server, name string, scene *Scene, limit int) []string {
	intended := map[int]difference{}
	for _, d := range l.differences {
		if d.Scene == name {
			intended[d.Step] = d
		}
	}
	var problems []string
	Replay(server, scene, false, func(f Failure) bool {
		d, known := intended[f.Step]
		delete(intended, f.Step)
		switch {
		case !known:
			problems = append(problems, fmt.Sprintf("step %d: %s", f.Step, f.Text))
		case len(d.Want) > 0 && compact(parse(d.Want)) != f.Got:
			problems = append(problems, fmt.Sprintf("step %d: %s\nours %s (differences.json)", f.Step, f.Text, compact(parse(d.Want))))
		}
		return len(problems) < limit
	})
	if len(problems) < limit {
		for step := range intended {
			problems = append(problems, fmt.Sprintf("step %d answers as the reference does: take its row out of differences.json", step))
		}
	}
	return problems
}

// sceneNames lists the scenes below a folder as GROUP/NAME, or NAME where the
// folder has no groups.
func sceneNames(folder string) ([]string, error) {
	fsys := os.DirFS(folder)
	var names []string
	for _, pattern := range []string{"*.json", "*/*.json"} {
		found, err := fs.Glob(fsys, pattern)
		if err != nil {
			return nil, err
		}
		for _, file := range found {
			names = append(names, file[:len(file)-len(".json")])
		}
	}
	return names, nil
}
