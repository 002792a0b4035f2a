package lua

import (
	"strings"

	"nkhost/lua/glua"
)

const (
	patternSpecials = "^$*+?.([%-"

	maxCaptures     = 32
	maxPatternDepth = 10000

	// The steps that one call of a pattern function may take: enough to go through any
	// text many times, and few enough to end a pattern that backtracks without end.
	patternSteps        = 20_000_000
	patternStepsPerByte = 64

	// How many steps there are between two looks at what is left and at the call's limits.
	stepsPerLook = 1 << 20

	// Bytes that are compared at once in the time of a step.
	bytesPerStep = 16

	// What a directive of a replacement takes.
	directiveSteps = 8
)

// matcher finds a Lua pattern in a text. It raises what is wrong with the pattern as a
// Lua error. Unlike PUC Lua's, patterns have no %f, as on Nakama.
type matcher struct {
	L        *glua.LState
	text     string
	pattern  string // without its ^
	anchored bool

	level    int // captures that are begun
	captures [maxCaptures]capture
	steps    int // that were left at the last look

	untilLook int // how many steps
	depth     int
}

// capture is text[start:end], or a position.
type capture struct{ start, end int }

const (
	captureOpen     = -1 // as end: not yet closed
	capturePosition = -2 // as end: a position
)

func newMatcher(L *glua.LState, text, pattern string) *matcher {
	m := &matcher{L: L, text: text, pattern: pattern}
	if strings.HasPrefix(pattern, "^") {
		m.anchored, m.pattern = true, pattern[1:]
	}
	m.steps, m.untilLook = patternSteps+patternStepsPerByte*len(text), stepsPerLook
	return m
}

func (m *matcher) fail(format string, args ...any) { m.L.RaiseError(format, args...) }

// step counts one step.
func (m *matcher) step() { m.spend(1) }

func (m *matcher) spend(steps int) {
	m.untilLook -= steps
	if m.untilLook < 0 {
		m.look()
	}
}

// look sees from time to time whether the matcher, or the call that it is part of, has
// taken too long.
func (m *matcher) look() {
	m.steps -= stepsPerLook - m.untilLook
	m.untilLook = stepsPerLook
	if m.steps < 0 {
		m.fail("pattern %.60q takes too many steps on a text of %d bytes", m.pattern, len(m.text))
	}
	if s := stackOf(m.L); s != nil {
		s.raiseIfOverdue(m.L)
	}
}

// search looks for a match that begins at init or later; to is -1 when there is none.
func (m *matcher) search(init int) (from, to int) {
	m.depth = 0 // a search that raised has left it as it was
	for from = init; from <= len(m.text); from++ {
		m.level = 0
		if to = m.match(from, 0); to >= 0 {
			return from, to
		}
		if m.anchored {
			break
		}
	}
	return 0, -1
}

// match matches the pattern from p at text position s and returns where the match ends,
// or -1. The recursion is as deep as the pattern has parts that can be matched in
// several ways, however long the text.
func (m *matcher) match(s, p int) int {
	m.depth++
	if m.depth > maxPatternDepth {
		m.fail("pattern is too complex")
	}
	end := m.matchHere(s, p)
	m.depth--
	return end
}

func (m *matcher) matchHere(s, p int) int {
	for p < len(m.pattern) {
		m.step()
		switch m.pattern[p] {
		case '(':
			return m.openCapture(s, p+1)
		case ')':
			return m.closeCapture(s, p+1)
		case '$':
			if p+1 == len(m.pattern) {
				if s == len(m.text) {
					return s
				}
				return -1
			}
		case '%':
			next, after, special := m.escape(s, p+1)
			if special {
				if next < 0 {
					return -1
				}
				s, p = next, after
				continue
			}
		}
		end := m.itemEnd(p)
		switch m.suffix(end) {
		case '?':
			if m.matchOne(s, p, end) {
				if to := m.match(s+1, end+1); to >= 0 {
					return to
				}
			}
			p = end + 1
		case '*':
			return m.matchMost(s, p, end)
		case '+':
			if !m.matchOne(s, p, end) {
				return -1
			}
			return m.matchMost(s+1, p, end)
		case '-':
			return m.matchLeast(s, p, end)
		default:
			if !m.matchOne(s, p, end) {
				return -1
			}
			s, p = s+1, end
		}
	}
	return s
}

// suffix is the character that may say how often an item matches.
func (m *matcher) suffix(end int) byte {
	if end < len(m.pattern) {
		return m.pattern[end]
	}
	return 0
}

// escape matches %b and %1 to %9, which are no single characters; p is behind the %.
func (m *matcher) escape(s, p int) (next, after int, special bool) {
	if p == len(m.pattern) {
		return 0, 0, false
	}
	switch c := m.pattern[p]; {
	case c == 'b':
		return m.matchBalanced(s, p+1), p + 3, true
	case c >= '0' && c <= '9':
		return m.matchCaptured(s, int(c)-'1'), p + 1, true
	}
	return 0, 0, false
}

// itemEnd is where the item ends that matches one character and begins at p.
func (m *matcher) itemEnd(p int) int {
	switch m.pattern[p] {
	case '%':
		if p+1 == len(m.pattern) {
			m.fail("malformed pattern (ends with '%%')")
		}
		return p + 2
	case '[':
		return m.setEnd(p + 1)
	}
	return p + 1
}

// setEnd is where a set ends whose first character is at p. A ] at its beginning is an
// ordinary character.
func (m *matcher) setEnd(p int) int {
	begin := p
	if p < len(m.pattern) && m.pattern[p] == '^' {
		p++
	}
	for first := p; p < len(m.pattern); p++ {
		switch m.pattern[p] {
		case '%':
			p++
		case ']':
			if p > first {
				m.spend(p - begin)
				return p + 1
			}
		}
	}
	m.fail("malformed pattern (missing ']')")
	return 0
}

// matchOne says whether the item pattern[p:end] matches the character at s.
func (m *matcher) matchOne(s, p, end int) bool {
	if s >= len(m.text) {
		return false
	}
	c := m.text[s]
	switch m.pattern[p] {
	case '.':
		return true
	case '%':
		return inClass(c, m.pattern[p+1])
	case '[':
		m.spend(end - p)
		return inSet(c, m.pattern[p+1:end-1])
	}
	return c == m.pattern[p]
}

func (m *matcher) matchMost(s, p, end int) int {
	n := 0
	for m.matchOne(s+n, p, end) {
		m.step()
		n++
	}
	for ; n >= 0; n-- {
		m.step()
		if to := m.match(s+n, end+1); to >= 0 {
			return to
		}
	}
	return -1
}

func (m *matcher) matchLeast(s, p, end int) int {
	for {
		m.step()
		if to := m.match(s, end+1); to >= 0 {
			return to
		}
		if !m.matchOne(s, p, end) {
			return -1
		}
		s++
	}
}

// matchBalanced matches %bxy, of which x is at p.
func (m *matcher) matchBalanced(s, p int) int {
	if p+1 >= len(m.pattern) {
		m.fail("malformed pattern (missing arguments to '%%b')")
	}
	if s >= len(m.text) || m.text[s] != m.pattern[p] {
		return -1
	}
	open, close := m.pattern[p], m.pattern[p+1]
	nested := 1
	for s++; s < len(m.text); s++ {
		m.step()
		switch m.text[s] {
		case close:
			nested--
			if nested == 0 {
				return s + 1
			}
		case open:
			nested++
		}
	}
	return -1
}

// matchCaptured matches the text of an earlier capture.
func (m *matcher) matchCaptured(s, index int) int {
	if index < 0 || index >= m.level || m.captures[index].end == captureOpen {
		m.fail("invalid capture index")
	}
	c := m.captures[index]
	m.spend(max(c.end-c.start, 0) / bytesPerStep)
	if c.end == capturePosition || !strings.HasPrefix(m.text[s:], m.text[c.start:c.end]) {
		return -1
	}
	return s + c.end - c.start
}

func (m *matcher) openCapture(s, p int) int {
	if m.level == maxCaptures {
		m.fail("too many captures (the limit is %d)", maxCaptures)
	}
	c := capture{s, captureOpen}
	if p < len(m.pattern) && m.pattern[p] == ')' {
		c.end = capturePosition
		p++
	}
	m.captures[m.level] = c
	m.level++
	to := m.match(s, p)
	if to < 0 {
		m.level--
	}
	return to
}

func (m *matcher) closeCapture(s, p int) int {
	for i := m.level - 1; i >= 0; i-- {
		if m.captures[i].end != captureOpen {
			continue
		}
		m.captures[i].end = s
		to := m.match(s, p)
		if to < 0 {
			m.captures[i].end = captureOpen
		}
		return to
	}
	m.fail("invalid pattern capture: ')' without '('")
	return -1
}

// capture is the value of a capture, counted from 0. Without captures, the first is the
// whole match.
func (m *matcher) capture(index, from, to int) glua.LValue {
	if index >= m.level {
		if index > 0 {
			m.fail("invalid capture index")
		}
		return glua.LString(m.text[from:to])
	}
	c := m.captures[index]
	switch c.end {
	case capturePosition:
		return number(float64(c.start + 1))
	case captureOpen:
		m.fail("unfinished capture")
	}
	return glua.LString(m.text[c.start:c.end])
}

// pushCaptures pushes all captures and returns how many there are.
func (m *matcher) pushCaptures() int {
	for i := range m.level {
		m.L.Push(m.capture(i, 0, 0))
	}
	return m.level
}

// pushMatch pushes all captures, or the whole match if there are none.
func (m *matcher) pushMatch(from, to int) int {
	if m.level > 0 {
		return m.pushCaptures()
	}
	return pushText(m.L, m.text[from:to])
}

// replacement gathers what gsub makes.
type replacement struct {
	*matcher
	result strings.Builder
}

func (r *replacement) write(piece string) {
	checkString(r.L, "string.gsub", r.result.Len()+len(piece))
	r.result.WriteString(piece)
}

// expand writes the replacement text of a match, in which %0 is the match and %1 to %9
// are the captures. Another character behind a % leaves both as they stand, as on Nakama.
func (r *replacement) expand(template string, from, to int) {
	for {
		i := strings.IndexByte(template, '%')
		if i < 0 || i+1 == len(template) {
			r.write(template)
			return
		}
		r.spend(directiveSteps)
		r.write(template[:i])
		switch c := template[i+1]; {
		case c == '0':
			r.write(r.text[from:to])
		case c >= '1' && c <= '9':
			r.write(glua.LVAsString(r.capture(int(c)-'1', from, to)))
		case c == '%':
			r.write("%")
		default:
			r.write(template[i : i+2])
		}
		template = template[i+2:]
	}
}

// inSet says whether a set, given without its brackets, has the character.
func inSet(c byte, set string) bool {
	negated := strings.HasPrefix(set, "^")
	if negated {
		set = set[1:]
	}
	for i := 0; i < len(set); i++ {
		switch {
		case set[i] == '%' && i+1 < len(set):
			i++
			if inClass(c, set[i]) {
				return !negated
			}
		case i+2 < len(set) && set[i+1] == '-':
			if set[i] <= c && c <= set[i+2] {
				return !negated
			}
			i += 2
		case set[i] == c:
			return !negated
		}
	}
	return negated
}

// inClass says whether a class such as a in %a has the character. In upper case it is
// the complement; what is no class stands for itself.
func inClass(c, class byte) bool {
	letter := c|0x20 >= 'a' && c|0x20 <= 'z'
	digit := c >= '0' && c <= '9'
	var in bool
	switch class | 0x20 {
	case 'a':
		in = letter
	case 'c':
		in = c < ' ' || c == 0x7f
	case 'd':
		in = digit
	case 'l':
		in = c >= 'a' && c <= 'z'
	case 'p':
		in = c > ' ' && c < 0x7f && !letter && !digit
	case 's':
		in = c == ' ' || c >= '\t' && c <= '\r'
	case 'u':
		in = c >= 'A' && c <= 'Z'
	case 'w':
		in = letter || digit
	case 'x':
		in = digit || c|0x20 >= 'a' && c|0x20 <= 'f'
	case 'z':
		in = c == 0
	default:
		return c == class
	}
	return in == (class >= 'a')
}
