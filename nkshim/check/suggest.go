package check

import (
	"fmt"
	"regexp"
	"strings"

	"nkhost/host/spelling"
	"nkhost/lua"
)

// didYouMean suggests the name that is spelt most like one, or says nothing.
func didYouMean(name string, known []string) string {
	best := spelling.Nearest(name, known)
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %s?", best)
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
