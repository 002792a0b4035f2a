package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"nkhost/host/api"
	"nkhost/host/realtime"
	"nkhost/nkshim"
)

var writeStatus = flag.Bool("write-status", false, "bring up to date what README.md and docs/status.md say works")

const (
	worksBegin = "<!-- what works: go test . -run WhatWorks -args -write-status -->\n"
	worksEnd   = "<!-- end of what works -->\n"
	statusHead = "# What works, name by name\n\nThis page is written by `go test . -run WhatWorks -args -write-status`.\n"
)

// TestTheDocsSayWhatWorks holds README.md's summary and docs/status.md against the
// program's own tables.
func TestTheDocsSayWhatWorks(t *testing.T) {
	for _, page := range []struct {
		file string
		make func(old string) (string, error)
	}{
		{"README.md", func(old string) (string, error) { return replaceBetween(old, worksBegin, worksEnd, worksSummary()) }},
		{"docs/status.md", func(string) (string, error) { return statusHead + statusByName(), nil }},
	} {
		old, err := os.ReadFile(page.file)
		if err != nil && !*writeStatus {
			t.Fatal(err)
		}
		want, err := page.make(string(old))
		switch {
		case err != nil:
			t.Errorf("%s: %v", page.file, err)
		case want == string(old):
		case *writeStatus:
			if err := os.WriteFile(page.file, []byte(want), 0o600); err != nil {
				t.Error(err)
			}
		default:
			t.Errorf("%s no longer says what works: run go test . -run WhatWorks -args -write-status", page.file)
		}
	}
}

func replaceBetween(text, begin, end, with string) (string, error) {
	before, rest, begins := strings.Cut(text, begin)
	_, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		return "", fmt.Errorf("there are no lines %q and %q", begin, end)
	}
	return before + begin + with + end + after, nil
}

// worksSummary is a paragraph for people who wonder whether their game will run.
func worksSummary() string {
	var whole, none []string
	var partly strings.Builder
	works, all := 0, 0
	for _, g := range nkshim.Coverage() {
		total := len(g.Works) + len(g.Missing) + len(g.Uncalled)
		works += len(g.Works)
		all += total
		switch len(g.Works) {
		case total:
			whole = append(whole, g.Name)
		case 0:
			none = append(none, g.Name)
		default:
			fmt.Fprintf(&partly, ", %s (%d of %d)", g.Name, len(g.Works), total)
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%d of the %d `nakama` functions, all %d REST operations and all %d realtime messages are there:\n\n",
		works, all, len(api.Operations()), len(realtime.Messages()))
	for _, line := range []struct{ what, groups string }{
		{"whole", strings.Join(whole, ", ")}, {"in part", strings.TrimPrefix(partly.String(), ", ")}, {"not yet", strings.Join(none, ", ")},
	} {
		if line.groups != "" {
			fmt.Fprintf(&text, "- %s: %s\n", line.what, line.groups)
		}
	}
	return text.String()
}

// statusByName lists all there is and all that is missing.
func statusByName() string {
	var text strings.Builder
	text.WriteString("\n## The `nakama` module\n\nA function that is missing raises an error that says so by name.\n\n" +
		"| group | works | missing | there, but without effect yet |\n| --- | --- | --- | --- |\n")
	for _, g := range nkshim.Coverage() {
		fmt.Fprintf(&text, "| %s | %s | %s | %s |\n", g.Name, names(g.Works), names(g.Missing), names(g.Uncalled))
	}
	fmt.Fprintf(&text, "\n## REST operations\n\nAll are served: %s.\n", names(api.Operations()))
	fmt.Fprintf(&text, "\n## Realtime messages\n\nAll are served: %s.\n", names(realtime.Messages()))
	return text.String()
}

func names(list []string) string {
	if len(list) == 0 {
		return "–"
	}
	return "`" + strings.Join(list, "` `") + "`"
}
