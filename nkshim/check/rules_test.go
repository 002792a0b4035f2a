package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"nkhost/modules"
	"nkhost/nkshim"
)

// folder makes a modules folder of "-- FILE" lines, each followed by the file's text. Text
// before the first such line is main.lua, whose first line sets nk.
func folder(text string) fstest.MapFS {
	files := fstest.MapFS{}
	name := "main.lua"
	body := "local nk = require('nakama')\n"
	put := func() { files[name] = &fstest.MapFile{Data: []byte(body)} }
	for line := range strings.Lines(text) {
		next, ok := strings.CutPrefix(line, "-- FILE ")
		if !ok {
			body += line
			continue
		}
		put()
		name, body = strings.TrimSpace(next), ""
	}
	put()
	return files
}

// checked checks a folder as if nkhost lacked one function and ignored another.
func checked(t *testing.T, text string) Report {
	t.Helper()
	contract := nkshim.Contract()
	for i, f := range contract {
		switch f.Name {
		case "purchase_validate_apple":
			contract[i].Status = nkshim.Missing
		case "register_storage_index":
			contract[i].Status = nkshim.Uncalled
		}
	}
	report, err := run(folder(text), contract)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// of returns the findings of a rule as "file:line severity: message | suggestion".
func of(report Report, rule string) []string {
	var list []string
	for _, f := range report.Findings {
		if f.Rule == rule {
			list = append(list, fmt.Sprintf("%s:%d %s: %s | %s", f.File, f.Line, f.Severity, f.Message, f.Suggestion))
		}
	}
	return list
}

// ruleCase is text in which a rule finds something, and text in which it does not. Line 1
// of main.lua is local nk = require('nakama').
type ruleCase struct {
	rule string
	bad  string
	want []string // what each finding says, in part
	good string
}

func TestRules(t *testing.T) {
	t.Parallel()
	covered := map[string]bool{}
	cases := slices.Concat(nakamaCases, matchCases, luaCases)
	for _, c := range cases {
		covered[c.rule] = true
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			report := checked(t, c.bad)
			for _, f := range report.Findings {
				if f.Suggestion == "" {
					t.Errorf("nothing is suggested: %+v", f)
				}
			}
			found := of(report, c.rule)
			if len(found) != len(c.want) {
				t.Fatalf("in\n%s\nfound %d, want %d:\n%s", c.bad, len(found), len(c.want), strings.Join(found, "\n"))
			}
			for i, want := range c.want {
				for part := range strings.SplitSeq(want, " … ") {
					if !strings.Contains(found[i], part) {
						t.Errorf("%q says nothing of %q", found[i], part)
					}
				}
			}
			if found := of(checked(t, c.good), c.rule); len(found) > 0 {
				t.Errorf("in\n%s\nfound %s", c.good, strings.Join(found, "\n"))
			}
		})
	}
	for _, r := range rules() {
		if !covered[r.name] {
			t.Errorf("no case is about the rule %s", r.name)
		}
	}
}

// TestNothingIsFoundInTheGame holds for hints, too.
func TestNothingIsFoundInTheGame(t *testing.T) {
	t.Parallel()
	report, err := Run(modules.Game())
	if err != nil {
		t.Fatal(err)
	}
	if report.Modules == 0 || len(report.Findings) > 0 {
		t.Errorf("%d modules, %v", report.Modules, report.Findings)
	}
}

func TestACommentSilencesItsLine(t *testing.T) {
	t.Parallel()
	for comment, want := range map[string]int{
		"":                                       1,
		"-- nkhost: ignore":                      0,
		"-- nkhost: ignore match-module":         1,
		"-- nkhost: ignore arguments":            0,
		"--nkhost:ignore match-module,arguments": 0,
	} {
		if found := of(checked(t, "nk.uuid_bytes_to_string() "+comment+"\n"), "arguments"); len(found) != want {
			t.Errorf("%q: found %v", comment, found)
		}
	}
}

// TestOneFaultHidesNoOther reads on after a module that does not compile.
func TestOneFaultHidesNoOther(t *testing.T) {
	t.Parallel()
	report := checked(t, `
nk.jsn_decode(FROM_B)
local b = require("b")
b.list = b.other
-- FILE b.lua
FROM_B = 5 local = 1
-- FILE c.lua
local x = nil +
`)
	if found := of(report, "syntax"); len(found) != 2 || !strings.HasPrefix(found[0], "b.lua:1 error") || !strings.HasPrefix(found[1], "c.lua:") {
		t.Errorf("syntax: %v", found)
	}
	if found := of(report, "nakama-function"); len(found) != 1 || len(report.WithoutHints().Findings) != 3 {
		t.Errorf("functions: %v of %v", found, report.Findings)
	}
}

// TestSyntaxSuggestions wants that spellings of other languages are known.
func TestSyntaxSuggestions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"if a != b then end":           "~=",
		"if a && b then end":           "write and",
		"if a || b then end":           "write or",
		"if !a then end":               "write not",
		"n += 1":                       "a = a + 1",
		"n++":                          "a = a + 1",
		"// a comment":                 "--",
		"while true do\ncontinue\nend": "goto next",
		"if a then else if b then end": "elseif does not",
		"print('!=' 2)\nprint(3)":      "look for what is missing",
		"local function f()":           "an end or a closing bracket is missing",
	} {
		report := checked(t, text)
		found := of(report, "syntax")
		if len(found) != 1 || !strings.Contains(found[0], want) {
			t.Errorf("%q: %v, want %q", text, found, want)
		}
	}
}

// TestGlobalsThroughG wants that nothing is said where globals may be read unseen.
func TestGlobalsThroughG(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"tally = 1\nfor k in pairs(_G) do print(k) end", "tally = 1\nlocal all = _G\nprint(all.tally)", "tally = 1\nprint(_G[x])"} {
		if found := of(checked(t, text), "unused-global"); len(found) > 0 {
			t.Errorf("%s\nfound %v", text, found)
		}
	}
}
