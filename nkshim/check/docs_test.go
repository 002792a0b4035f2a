package check

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	ruleHeading = regexp.MustCompile("(?m)^### `([a-z-]+)`")
	luaExample  = regexp.MustCompile("(?s)```lua\n(.*?)```")
)

// TestTheDocsDescribeEveryRule wants a section a rule, whose example is reported.
func TestTheDocsDescribeEveryRule(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/check.md")
	if err != nil {
		t.Fatal(err)
	}
	missing := []string{"syntax", "module-name"}
	for _, r := range rules() {
		missing = append(missing, r.name)
	}
	found := ruleHeading.FindAllSubmatchIndex(page, -1)
	for i, heading := range found {
		name := string(page[heading[2]:heading[3]])
		if !slices.Contains(missing, name) {
			t.Errorf("%s is no rule, or described twice", name)
		}
		missing = slices.DeleteFunc(missing, func(other string) bool { return other == name })
		end := len(page)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		for _, example := range luaExample.FindAllSubmatch(page[heading[0]:end], -1) {
			text := string(example[1])
			if strings.Contains(text, "\nreturn ") {
				text = "-- FILE match.lua\n" + text
			}
			if len(of(checked(t, text), name)) == 0 {
				t.Errorf("%s: its example is not reported:\n%s", name, example[1])
			}
		}
	}
	if len(missing) > 0 {
		t.Errorf("the page does not describe %v", missing)
	}
}
