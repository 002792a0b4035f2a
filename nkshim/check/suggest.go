package check

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"nkhost/lua"
)

// didYouMean suggests the name that is spelt most like one, or says nothing.
func didYouMean(name string, known []string) string {
	best := nearest(name, known)
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %s?", best)
}

// nearest is the known name that is spelt most like name, if one is close.
func nearest(name string, known []string) string {
	type candidate struct {
		name     string
		distance int
	}
	var near []candidate
	limit := min(3, len(name)/4)
	for _, other := range known {
		if other == name || len(other) > len(name)+limit || len(name) > len(other)+limit {
			continue
		}
		if d := distance(name, other); d <= limit {
			near = append(near, candidate{other, d})
		}
	}
	if len(near) == 0 {
		return ""
	}
	return slices.MinFunc(near, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	}).name
}

// distance is how many letters have to be added, removed, replaced or swapped with
// their neighbour to make b of a.
func distance(a, b string) int {
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}

// foreign are spellings of other languages, and what they are in Lua.
var foreign = []struct {
	spelling *regexp.Regexp
	instead  string
}{
	{regexp.MustCompile(`!=`), "unequal is written ~="},
	{regexp.MustCompile(`&&`), "write and"},
	{regexp.MustCompile(`\|\|`), "write or"},
	{regexp.MustCompile(`!`), "write not"},
	{regexp.MustCompile(`[-+*/]=`), "write a = a + 1"},
	{regexp.MustCompile(`\+\+`), "write a = a + 1"},
	{regexp.MustCompile(`//|/\*`), "a comment begins with --"},
	{regexp.MustCompile(`\bcontinue\b`), "there is no continue: write goto next, and ::next:: at the loop's end"},
	{regexp.MustCompile(`\bnull\b`), "nothing is written nil"},
}

// suggestSyntax says what may be wrong at a line that is not Lua.
func suggestSyntax(source string, fault *lua.SyntaxError) string {
	if strings.HasSuffix(fault.Message, "at the end of the file") {
		if elseIf.MatchString(source) {
			return "an end is missing somewhere above: else if wants one of its own, elseif does not"
		}
		return "an end or a closing bracket is missing somewhere above"
	}
	if lines := strings.Split(source, "\n"); fault.Line >= 1 && fault.Line <= len(lines) {
		text := strings.Join(lines[max(0, fault.Line-2):fault.Line], "\n")
		text = comment.ReplaceAllString(quoted.ReplaceAllString(text, `""`), "")
		for _, f := range foreign {
			if f.spelling.MatchString(text) {
				return f.instead
			}
		}
	}
	return "look for what is missing or too much here or right above, such as a comma, a bracket, then, do or end"
}

var (
	quoted  = regexp.MustCompile(`"[^"\n]*"|'[^'\n]*'`)
	comment = regexp.MustCompile(`--.*`)
	elseIf  = regexp.MustCompile(`\belse[ \t]+if\b`)
)
