package check

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the formats make of the sample to testdata")

// sample has findings of each severity, one with a suggestion and one without, and in a
// file whose name a GitHub command has to escape.
const sample = `
nk.jsn_decode("{}")
nk.json_decode({})
local unused = 1
count, nk.time = 1, 2
local function f() count = 2 end
f()
-- FILE odd, 100%.lua
local = 1
-- FILE fine.lua
return {}
`

func TestFormats(t *testing.T) {
	t.Parallel()
	report := checked(t, sample)
	for _, format := range Formats() {
		var text strings.Builder
		if err := report.Write(&text, format, "server/modules"); err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", format+".golden")
		if *update {
			if err := os.WriteFile(golden, []byte(text.String()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if text.String() != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", format, text.String(), want)
		}
	}
	if err := report.Write(&strings.Builder{}, "xml", ""); err == nil || !strings.Contains(err.Error(), "text, json, github") {
		t.Errorf("an unknown format: %v", err)
	}
}

func TestAReportWithoutFindings(t *testing.T) {
	t.Parallel()
	report := checked(t, "print(nk)\n")
	for format, want := range map[string]string{"text": "1 module checked: 0 errors, 0 warnings\n", "json": "[]\n", "github": ""} {
		var text strings.Builder
		if err := report.Write(&text, format, ""); err != nil || text.String() != want {
			t.Errorf("%s: %q, %v", format, text.String(), err)
		}
	}
}

func TestHintsCanBeLeftOut(t *testing.T) {
	t.Parallel()
	report := checked(t, sample)
	without := report.WithoutHints()
	if report.Count(Info) == 0 || without.Count(Info) != 0 || without.Count(Error) != report.Count(Error) || without.Count(Warning) != report.Count(Warning) {
		t.Errorf("with %v, without %v", report.Findings, without.Findings)
	}
}
