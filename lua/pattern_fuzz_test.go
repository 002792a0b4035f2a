package lua_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// patternItems are what generated patterns are made of, so that most of them match
// something.
var patternItems = []string{
	"a", "b", "c", "ab", " ", "1", ".", "%a", "%d", "%s", "%w", "%A", "%x", "%p", "%z", "%.", "%%",
	"[ab]", "[^a]", "[a-c]", "[]a]", "[^]]", "[%d.]", "[%a-z]", "[a-]", "[", "]",
	"(", ")", "()", "(a)", "(.)", "%1", "%2", "%0", "%b()", "%bab", "%b", "^", "$", "%",
	"*", "+", "-", "?", "%-", "(a*)", "(%w+)", ".-",
}

const textLetters = "aabbcc()1 %-.[]^$xZ\x00\xe9"

// Patterns may take exponential time under PUC Lua.
const (
	maxFuzzPattern   = 40
	maxFuzzText      = 40
	maxFuzzRepeaters = 4
)

type patternCase struct {
	call, text, pattern, with string
	n                         int
}

func (c patternCase) args() []string {
	return []string{c.call, c.text, c.pattern, c.with, strconv.Itoa(c.n)}
}

var patternCalls = []string{"find", "plain", "match", "gmatch", "gsub", "gsub_n", "gsub_function", "gsub_table"}

// patternDifferences are the places where nkhost's patterns are not PUC Lua's.
var patternDifferences = []struct {
	difference
	applies func(patternCase) bool
}{
	{
		difference{
			reason: "%f is no frontier pattern on Nakama, but the letter f",
			call:   []string{"find", "the f", "%f[a-e]", "", "1"},
			ours:   []string{"nil"}, theirs: []string{"n3", "n2"},
		},
		func(c patternCase) bool { return strings.Contains(c.pattern, "%f") },
	},
	{
		difference{
			reason: "PUC Lua 5.1 takes a zero byte for the end of a pattern",
			call:   []string{"find", "ab", "[a]\x00", "", "1"},
			ours:   []string{"nil"}, theirs: []string{"n1", "n1"},
		},
		func(c patternCase) bool { return strings.Contains(c.pattern, "\x00") },
	},
	{
		difference{
			reason: "string.match returns nothing, not nil, on Nakama",
			call:   []string{"match", "a", "b", "", "1"},
			ours:   nil, theirs: []string{"nil"},
		},
		func(c patternCase) bool { return false }, // wantOf turns the one into the other
	},
	{
		difference{
			reason: "an init beyond the end finds nothing on Nakama",
			call:   []string{"find", "abc", "", "", "9"},
			ours:   []string{"nil"}, theirs: []string{"n4", "n3"},
		},
		func(c patternCase) bool { return c.n > len(c.text)+1 && !strings.HasPrefix(c.call, "g") },
	},
	{
		difference{
			reason: "^ anchors string.gmatch on Nakama",
			call:   []string{"gmatch", "aa^a", "^a", "", ""},
			ours:   []string{"s<a|nil|nil>"}, theirs: []string{"s<^a|nil|nil>"},
		},
		func(c patternCase) bool { return c.call == "gmatch" && strings.HasPrefix(c.pattern, "^") },
	},
	{
		difference{
			reason: "% in front of another character stays in string.gsub's replacement on Nakama",
			call:   []string{"gsub", "a", "a", "%x", ""},
			ours:   []string{"s%x", "n1"}, theirs: []string{"sx", "n1"},
		},
		func(c patternCase) bool {
			return strings.HasPrefix(c.call, "gsub") && strangeReplacement.MatchString(c.with)
		},
	},
}

// strangeReplacement is a text with a % that is followed by neither a digit nor a %.
var strangeReplacement = regexp.MustCompile(`(?s)^(?:[^%]|%[0-9%])*%(?:[^0-9%]|$)`)

func (c patternCase) differs() bool {
	return slices.ContainsFunc(patternDifferences, func(d struct {
		difference
		applies func(patternCase) bool
	}) bool {
		return d.applies(c)
	})
}

func TestPatternDifferences(t *testing.T) {
	t.Parallel()
	b := newBoth(t)
	for _, d := range patternDifferences {
		b.checkDifference(t, d.difference)
	}
}

// generate makes text of choices, one a byte.
func generate(program string, choose func(byte) string) string {
	var text strings.Builder
	for _, c := range []byte(program) {
		text.WriteString(choose(c))
	}
	return text.String()
}

func patternItem(c byte) string { return patternItems[int(c)%len(patternItems)] }

func textLetter(c byte) string { return textLetters[int(c)%len(textLetters):][:1] }

// FuzzPattern compares all functions that take patterns with PUC Lua's. The pattern and
// the text are taken as they are, or, when raw is false, as programs that choose items.
func FuzzPattern(f *testing.F) {
	for _, pattern := range []string{
		"^(%d%d%d%d)%-(%d%d)%-(%d%d)$", "(%w+)%s*=%s*(%w+)", "%b()", "^%s*(.-)%s*$", "([^,]*),?", "(.)%1",
		"()a()", "[%w_]+", "[^]]+", "[]]", "[a-]", "a-", "a*", "(a*(.)%w(%s*))", "", "^", "$", "%", "[", "[^", "[%",
		"(", ")", "(()", "%b", "%bx", "%0", "%1", "(%1)", "a**", "a+-", "?", "*a", "[a-%d]", "[%a-%z]", "^^a", "a$b",
	} {
		f.Add(true, pattern, "the (quick) brown foxx = 2024-05-06, ]a-]", "<%0>%1", int8(1))
	}
	f.Add(false, "\x1b\x05\x29\x1c\x20", "\x00\x01\x02\x03", "%1%2", int8(-3))
	f.Add(false, "\x2e\x2f\x30\x23", "\x06\x00\x02\x07\x06", "%%", int8(2))
	b := newBoth(f)
	f.Fuzz(func(t *testing.T, raw bool, pattern, text, with string, n int8) {
		if !raw {
			pattern, text = generate(pattern, patternItem), generate(text, textLetter)
		}
		repeaters := strings.Count(pattern, "*") + strings.Count(pattern, "+") + strings.Count(pattern, "-") + strings.Count(pattern, "?")
		if len(pattern) > maxFuzzPattern || len(text) > maxFuzzText || len(with) > maxFuzzText || repeaters > maxFuzzRepeaters {
			return
		}
		for _, call := range patternCalls {
			c := patternCase{call, text, pattern, with, int(n)}
			ours, theirs := b.call(t, c.args()...)
			if call == "match" && slices.Equal(theirs, []string{"nil"}) {
				theirs = nil
			}
			if !c.differs() && !slices.Equal(ours, theirs) {
				t.Errorf("%q:\nnkhost returns %q\nPUC Lua returns %q", c.args(), ours, theirs)
			}
		}
	})
}
