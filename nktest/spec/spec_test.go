package spec

import (
	"bytes"
	"encoding/xml"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"

	"nkhost/modules"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// results runs the specs whose names match a pattern.
func results(t *testing.T, pattern string) (*Report, string) {
	t.Helper()
	var out bytes.Buffer
	report := NewReport(&out)
	err := Run(t.Context(), Options{
		Modules: os.DirFS("../testdata/modules"), Specs: os.DirFS("testdata/specs"), Run: regexp.MustCompile(pattern),
	}, report.Add)
	if err != nil {
		t.Fatal(err)
	}
	report.End()
	return report, out.String()
}

func TestSpecs(t *testing.T) {
	t.Parallel()
	report, out := results(t, "arena|test_")
	if report.Failed() > 0 || !strings.Contains(out, "9 tests, 0 failed, 1 pending") {
		t.Error(out)
	}
	if !strings.Contains(out, "pending  arena_test.lua: the arena has a test that is yet to be written\n") {
		t.Errorf("the pending test is not told:\n%s", out)
	}
}

// TestGame runs the bundled game's specs.
func TestGame(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	report := NewReport(&out)
	if err := Run(t.Context(), Options{Modules: modules.Game(), Specs: os.DirFS("testdata/game")}, report.Add); err != nil {
		t.Fatal(err)
	}
	if report.Failed() > 0 || len(report.Results) == 0 {
		t.Error(out.String())
	}
}

// TestSpecFailures wants that each test of failing.test.lua fails with the text that one
// needs.
func TestSpecFailures(t *testing.T) {
	t.Parallel()
	report, _ := results(t, "^(a|no) |^assert$")
	want := map[string][]string{
		"a difference":           {"failing.test.lua:4: not what is wanted:\n", "a.2: got 2, want 5", "a.3: got 3, want nothing", "c: got nothing, want true"},
		"assert":                 {"failing.test.lua:8", "one is not two"},
		"a Lua error in a match": {"failing.test.lua:16: match ", "arena.lua:36: attempt to index", "in function 'act'", `victim = "alice"`},
		"a stranger":             {"failing.test.lua:20: eve is not in the match"},
		"a wrong argument":       {"failing.test.lua:24: the module must be a string, got nil"},
		"no error":               {"failing.test.lua:28: the function did not raise an error"},
		"no such part":           {`failing.test.lua:32: "abc" does not contain "d"`},
	}
	for _, result := range report.Results {
		for _, text := range want[result.Name] {
			if !strings.Contains(result.Failure, text) {
				t.Errorf("%q fails without %q:\n%s", result.Name, text, result.Failure)
			}
		}
		delete(want, result.Name)
	}
	if len(want) > 0 {
		t.Errorf("these have not run: %v", want)
	}
}

// TestBrokenFiles wants that a file or modules that do not load are a failure of the file.
func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ spec, module, want string }{
		{"local = 1", "", "a_test.lua:1: "},
		{"local x = nil; x.y = 1", "", "a_test.lua:1: attempt to index a non-table object(nil) with key 'y' (x is nil)"},
		{"it('x', 5)", "", "a_test.lua:1: it: the body must be a function, got number"},
		{"", "error('no')", "m.lua:1: no"},
	} {
		var results []Result
		err := Run(t.Context(), Options{
			Modules: fstest.MapFS{"m.lua": {Data: []byte(test.module)}, "a_test.lua": {Data: []byte("error('is no module')")}},
			Specs:   fstest.MapFS{"a_test.lua": {Data: []byte(test.spec)}, ".x/b_test.lua": {Data: []byte("=")}},
		}, func(r Result) { results = append(results, r) })
		if err != nil {
			t.Fatal(err)
		}
		if len(results) != 1 || results[0].Name != "" || !strings.Contains(results[0].Failure, test.want) {
			t.Errorf("spec %q, module %q: %+v, want %q", test.spec, test.module, results, test.want)
		}
	}
}

func TestJUnit(t *testing.T) {
	t.Parallel()
	report, _ := results(t, "^a difference|yet to be|hears")
	var out bytes.Buffer
	if err := report.WriteJUnit(&out); err != nil {
		t.Fatal(err)
	}
	var read junitSuites
	if err := xml.Unmarshal(out.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	var failures, skipped, tests int
	for _, suite := range read.Suites {
		tests, failures, skipped = tests+suite.Tests, failures+suite.Failures, skipped+suite.Skipped
	}
	if tests != 3 || failures != 1 || skipped != 1 {
		t.Errorf("%d tests, %d failures, %d skipped:\n%s", tests, failures, skipped, out.String())
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before := Fingerprint(os.DirFS(dir))
	if before != Fingerprint(os.DirFS(dir)) {
		t.Error("it changes by itself")
	}
	if err := os.WriteFile(dir+"/a.lua", []byte("return 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if before == Fingerprint(os.DirFS(dir)) {
		t.Error("a new file does not change it")
	}
}
