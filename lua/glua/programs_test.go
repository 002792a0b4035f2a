package glua_test

import (
	"fmt"
	"strconv"
	"strings"
)

// program makes a Lua program of bytes: each choice takes the next, and where none are
// left the first, which is a simple one. Loops and functions begin with a tick, of which
// there are so many, so that each program ends.
type program struct {
	choices []byte
	out     strings.Builder
	indent  int
	names   []variable // that can be seen, the innermost last
	made    int        // names so far
	depth   int        // of expressions and blocks
	inLoop  bool
	label   string // at the end of the innermost loop's body that has one
	varArg  bool
}

// variable is a local one. Its kind is what it most likely has.
type variable struct {
	name string
	kind kind
}

type kind int

const (
	number kind = iota
	text
	table
	function
	boolean
	anything
	kinds
)

// makeProgram is valid Lua for any bytes. An error ends a part of the program only.
func makeProgram(choices []byte) string {
	p := &program{choices: choices}
	p.line("local n0, s0, t0, f0, b0 = 1, 'x', {1, 2, 3, x = 4, y = 'y', f = count}, function(...) tick() return ... end, true")
	p.names = []variable{{"n0", number}, {"s0", text}, {"t0", table}, {"f0", function}, {"b0", boolean}}
	for len(p.choices) > 0 {
		p.line("print(pcall(function(...)")
		p.varArg = true
		p.block()
		p.varArg = false
		p.line("end, 1, f0, t0))")
		if p.choose(3) == 0 {
			p.statement()
		}
	}
	p.line("show(t0) print(n0, s0, t0, f0, b0)")
	return prelude + p.out.String()
}

// prelude has what programs use but do not vary.
const prelude = `local function show(t)
  if type(t) ~= 'table' then print(t) return end
  local n = 0
  for k, v in pairs(t) do n = n + 1 if n < 20 or n < 200 and n % 20 == 0 then print(k, v) end end
  for i, v in ipairs(t) do if i < 20 then print(i, v) end end
  print(n, rawget(t, 'n'), getmetatable(t))
end
local function count(n)
  local i = 0
  return function() tick() i = i + 1 if i <= n then return i, n - i end end
end
local E1, E2 = setmetatable({}, {__index = _G}), {G2 = 'two', G1 = 'one'}
for k, v in pairs(_G) do E2[k] = v end
local M = {
  {__index = function(t, k) tick() return k end},
  {__index = {x = 7, y = 8, s = 'meta', f = function(...) tick() return select('#', ...) end}},
  {__newindex = function(t, k, v) tick() rawset(t, k, v) end},
  {__newindex = {}},
  {__add = function(a, b) tick() return 100 end, __sub = function() return 's' end, __mul = function(a, b) return a end,
   __div = function(a, b) return b end, __mod = function() return nil end, __pow = function() return 1, 2 end, __unm = function(a) return a end},
  {__eq = function(a, b) tick() return true end, __lt = function(a, b) tick() return 1 end, __le = function() tick() return nil end},
  {__lt = function(a, b) tick() return false end},
  {__concat = function(a, b) tick() return 'joined' end, __len = function() return 3 end, __tostring = function() return 'named' end},
  {__call = function(self, ...) tick() return select('#', ...), ... end},
  {__metatable = 'hidden', __call = 5, __index = 'text', __newindex = 4},
}
M[11] = {__index = setmetatable({z = 'deep'}, M[2])}
M[12] = {__index = function(t, k) tick() if k == 'x' then error('no x') end if k == 'y' then error({k}, 2) end return rawget(t, 1) end}
`

func (p *program) choose(n int) int {
	if len(p.choices) == 0 {
		return 0
	}
	c := int(p.choices[0])
	p.choices = p.choices[1:]
	return c % n
}

func (p *program) pick(of ...string) string { return of[p.choose(len(of))] }

func (p *program) line(format string, args ...any) {
	p.out.WriteString(strings.Repeat(" ", p.indent))
	fmt.Fprintf(&p.out, format, args...)
	p.out.WriteByte('\n')
}

// block writes statements that see the given variables, too.
func (p *program) block(seen ...variable) {
	before, inLoop, varArg := len(p.names), p.inLoop, p.varArg
	p.names = append(p.names, seen...)
	p.indent++
	p.depth++
	for range 1 + p.choose(5) {
		p.statement()
	}
	p.depth--
	p.indent--
	p.names, p.inLoop, p.varArg = p.names[:before], inLoop, varArg
}

// body is the block of a function.
func (p *program) body(varArg bool, params ...variable) {
	inLoop, outer, label := p.inLoop, p.varArg, p.label
	p.inLoop, p.varArg, p.label = false, varArg, ""
	p.line(" tick()")
	p.block(params...)
	p.names = append(p.names, params...)
	switch p.choose(5) {
	case 1:
		p.line(" return %s", p.expression(anything))
	case 2:
		p.line(" return %s, %s", p.expression(anything), p.values())
	case 3:
		p.line(" return (%s)(%s)", p.expression(function), p.values())
	case 4:
		p.line(" return (%s)", p.call())
	}
	p.names = p.names[:len(p.names)-len(params)]
	p.inLoop, p.varArg, p.label = inLoop, outer, label
}

func (p *program) loop(seen ...variable) {
	outer := p.inLoop
	defer func() { p.inLoop = outer }()
	label := p.label
	p.made++
	p.label = fmt.Sprintf("next%d", p.made)
	own := p.label
	p.inLoop = true
	p.line(" tick()")
	p.line(" do")
	p.block(seen...)
	p.line(" end")
	p.line(" ::%s::", own)
	p.label = label
}

// jump goes to the end of a loop's body.
func (p *program) jump() string {
	if p.label == "" {
		return "break"
	}
	return "goto " + p.label
}

func (p *program) fresh(k kind) variable {
	p.made++
	return variable{string("nstfbv"[k]) + strconv.Itoa(p.made), k}
}

func (p *program) anyKind() kind { return kind(p.choose(int(kinds))) }

// variable is one that can be seen, of a kind if there is one.
func (p *program) variable(k kind) variable {
	skip := p.choose(6)
	found := p.names[len(p.names)-1]
	for i := len(p.names) - 1; i >= 0; i-- {
		if v := p.names[i]; v.kind == k || k == anything {
			found = v
			if skip--; skip < 0 {
				break
			}
		}
	}
	return found
}

func (p *program) statement() {
	if p.depth > 4 {
		p.simple()
		return
	}
	switch p.choose(26) {
	default:
		p.simple()
	case 1:
		p.line("if %s then", p.expression(boolean))
		p.block()
		if p.choose(2) == 0 {
			p.line("elseif %s then", p.expression(boolean))
			p.block()
		}
		if p.choose(2) == 0 {
			p.line("else")
			p.block()
		}
		p.line("end")
	case 2:
		i := p.fresh(number)
		p.line("for %s = %s, %s%s do", i.name, p.expression(number), p.expression(number), p.pick("", ", 2", ", -1", ", 0.5", ", 3"))
		p.loop(i)
		p.line("end")
	case 3:
		k, v := p.fresh(anything), p.fresh(anything)
		names := []string{k.name, k.name + ", " + v.name, k.name + ", " + v.name + ", extra"}[p.choose(3)]
		seen := []variable{k, v}
		if !strings.Contains(names, v.name) {
			seen = seen[:1]
		}
		over := p.expression(table)
		iterator := p.pick("pairs(%s)", "pairs(%s)", "ipairs(%s)", "next, %s, nil", "count(n0), %s")
		p.line("for %s in "+iterator+" do", names, over)
		p.loop(seen...)
		p.line("end")
	case 4:
		t, k := p.variable(table), p.fresh(anything)
		p.line("for %s in pairs(%s) do", k.name, t.name)
		p.line(" tick()")
		p.line(" %s[%s] = %s", t.name, k.name, p.pick("nil", "n0", "nil", "false"))
		p.block(k)
		p.line("end")
	case 5:
		p.line("while %s do", p.expression(boolean))
		p.loop()
		p.line("end")
	case 6:
		outer := p.inLoop
		p.line("repeat")
		p.inLoop = true
		v := p.fresh(boolean)
		p.line(" tick()")
		p.line(" local %s = %s", v.name, p.expression(boolean))
		p.block(v)
		p.names = append(p.names, v)
		p.line("until %s", p.expression(boolean))
		p.names = p.names[:len(p.names)-1]
		p.inLoop = outer
	case 7:
		f := p.fresh(function)
		p.names = append(p.names, f)
		p.functionBody("local function " + f.name)
	case 8:
		p.functionBody(fmt.Sprintf("function %s%s", p.variable(table).name, p.pick(".f", ":f", ".x", ":x")))
	case 9:
		p.line("print(pcall(function(...)")
		p.body(true)
		p.line("end, %s))", p.values())
	case 10:
		p.line("do")
		p.block()
		p.line("end")
	case 11:
		f := p.variable(function)
		p.functionBody(f.name + " = function")
	}
}

// functionBody writes what follows the head of a function.
func (p *program) functionBody(head string) {
	a, b := p.fresh(p.anyKind()), p.fresh(p.anyKind())
	switch p.choose(4) {
	case 0:
		p.line("%s(%s)", head, a.name)
		p.body(false, a)
	case 1:
		p.line("%s(%s, ...)", head, a.name)
		p.body(true, a)
	case 2:
		p.line("%s(%s, %s)", head, a.name, b.name)
		p.body(false, a, b)
	case 3:
		p.line("%s(...)", head)
		if p.choose(3) == 0 { // makes the table arg
			p.line(" show(arg)")
			p.body(false)
			break
		}
		p.body(true)
	}
	p.line("end")
}

func (p *program) simple() {
	switch p.choose(23) {
	case 0:
		p.line("print(%s)", p.values())
	case 1, 2, 3:
		k := p.anyKind()
		v := p.fresh(k)
		p.line("local %s = %s", v.name, p.expression(k))
		p.names = append(p.names, v)
	case 4:
		k, l := p.anyKind(), p.anyKind()
		v, w := p.fresh(k), p.fresh(l)
		p.line("local %s, %s = %s", v.name, w.name, p.values())
		p.names = append(p.names, v, w)
	case 5, 6:
		v := p.variable(anything)
		p.line("%s = %s", v.name, p.expression(v.kind))
	case 7, 8, 9:
		p.line("%s = %s", p.field(), p.expression(anything))
	case 10:
		v := p.variable(anything)
		p.line("%s, %s = %s", v.name, p.field(), p.values())
	case 11:
		p.line("%s", p.call())
	case 12:
		p.line("setmetatable(%s, M[%d])", p.expression(table), 1+p.choose(13))
	case 13:
		p.line("table.insert(%s, %s%s)", p.variable(table).name, p.pick("", "1, ", "2, ", "n0 % 5, "), p.expression(anything))
	case 14:
		p.line("print(table.remove(%s%s))", p.variable(table).name, p.pick("", ", 1", ", 2", ", 9"))
	case 15:
		if p.inLoop {
			p.line("if %s then %s end", p.expression(boolean), p.pick("break", p.jump()))
			return
		}
		p.line("show(%s)", p.variable(table).name)
	case 16:
		p.line("show(%s)", p.expression(table))
	case 17:
		p.line("%s = %s print(G1, G2)", p.pick("G1", "G2", "_G[s0]"), p.expression(anything))
	case 18:
		p.line("rawset(%s, %s, %s)", p.variable(table).name, p.key(), p.expression(anything))
	case 20:
		p.line("for i = 1, %s do %s['w' .. i] = %s end", p.pick("9", "3", "20", "9", "3", "20", "9", "140"), p.variable(table).name, p.pick("i", "n0", "s0"))
	case 21:
		p.line("for i = 1, 9 do %s['w' .. i] = nil end", p.variable(table).name)
	case 22:
		p.line("pcall(setfenv, %s, %s)", p.variable(function).name, p.pick("E1", "E2", "_G"))
	case 19:
		p.line("if %s then error(%s%s) end", p.expression(boolean), p.expression(anything), p.pick("", ", 0", ", 1"))
	}
}

// field can be assigned to.
func (p *program) field() string {
	t := p.variable(table).name
	if p.choose(8) == 1 {
		t = "t0.t"
	}
	return t + p.pick(".x", ".y", ".s", ".f", ".t", ".w7", "["+p.key()+"]", "["+p.key()+"]")
}

func (p *program) key() string {
	switch p.choose(4) {
	case 0:
		return p.pick("1", "2", "3", "4", "5", "8", "0", "-1", "1.5", "-0", "2^53")
	case 1:
		return p.pick("'x'", "'y'", "'s'", "'k1'", "'k2'", "s0 .. 'z'", "''", "'1'")
	case 2:
		return p.pick("true", "false", "t0", "f0", "print", "#t0 + 1", "#t0", "n0 % 7")
	}
	p.depth++
	defer func() { p.depth-- }()
	return p.expression(anything)
}

// values are some expressions, the last of which may have several values.
func (p *program) values() string {
	var all []string
	for range p.choose(4) {
		all = append(all, p.expression(anything))
	}
	switch p.choose(4) {
	case 1:
		if p.varArg {
			all = append(all, "...")
		}
	case 2:
		all = append(all, p.call())
	}
	if len(all) == 0 {
		return "nil"
	}
	return strings.Join(all, ", ")
}

func (p *program) call() string {
	if p.depth > 5 {
		return "f0()"
	}
	p.depth++
	defer func() { p.depth-- }()
	switch p.choose(6) {
	default:
		return fmt.Sprintf("%s(%s)", p.variable(function).name, p.values())
	case 1:
		return fmt.Sprintf("%s%s(%s)", p.variable(table).name, p.pick(":f", ".f", ":x"), p.values())
	case 2:
		return fmt.Sprintf("pcall(%s, %s)", p.expression(function), p.values())
	case 3:
		return fmt.Sprintf("%s(%s)", p.variable(table).name, p.values())
	case 4:
		return fmt.Sprintf("select(%s, %s)", p.pick("'#'", "1", "2", "-1", "n0"), p.values())
	case 5:
		return fmt.Sprintf("unpack(%s)", p.expression(table))
	}
}

func (p *program) expression(k kind) string {
	if p.depth > 6 {
		return p.variable(k).name
	}
	p.depth++
	defer func() { p.depth-- }()
	switch p.choose(24) {
	case 0, 1, 5, 6:
		return p.variable(k).name
	case 2: // perhaps of the wrong kind
		return p.variable(anything).name
	case 3:
		return fmt.Sprintf("(%s %s %s)", p.expression(k), p.pick("and", "or"), p.expression(k))
	case 4:
		return fmt.Sprintf("(%s)", p.call())
	}
	if k == anything {
		k = kind(p.choose(int(anything)))
	}
	switch k {
	case number:
		return p.number()
	case text:
		return p.text()
	case table:
		return p.table()
	case function:
		return p.function()
	}
	return p.boolean()
}

func (p *program) number() string {
	switch p.choose(7) {
	default:
		return p.pick("0", "1", "2", "3", "-1", "2.5", "1e15", "1e100", "-0", "7", "0x10", "(0/0)", "(1/0)")
	case 1, 2:
		return fmt.Sprintf("(%s %s %s)", p.expression(number), p.pick("+", "-", "*", "/", "%", "^"), p.expression(number))
	case 3:
		return fmt.Sprintf("(- %s)", p.expression(number))
	case 4:
		return fmt.Sprintf("#%s", p.expression(table))
	case 5:
		return fmt.Sprintf("(%s.%s or 1)", p.variable(table).name, p.pick("x", "y", "n", "w7"))
	case 6:
		return fmt.Sprintf("(%s[%s])", p.variable(table).name, p.key())
	}
}

func (p *program) text() string {
	switch p.choose(6) {
	default:
		return p.pick("'x'", "'y'", "''", "'10'", "'0x1p4'", "'a b'", "' 5 '")
	case 1, 2:
		return fmt.Sprintf("cut(%s .. %s)", p.expression(text), p.expression(kind(p.choose(2))))
	case 3:
		return fmt.Sprintf("cut(%s .. %s .. tostring(%s) .. %s)", p.expression(text), p.expression(number), p.expression(anything), p.expression(anything))
	case 4:
		return fmt.Sprintf("tostring(%s)", p.expression(anything))
	case 5:
		return fmt.Sprintf("%s:sub(%s)", p.variable(text).name, p.pick("1", "2", "1, 2", "2, 1", "'x'"))
	}
}

func (p *program) table() string {
	switch p.choose(6) {
	case 0:
		return "{}"
	case 1:
		return fmt.Sprintf("{%s}", p.values())
	case 2:
		return fmt.Sprintf("{x = %s, y = %s}", p.expression(anything), p.expression(anything))
	case 3:
		return fmt.Sprintf("{y = %s, [%s] = %s, %s}", p.expression(anything), p.key(), p.expression(anything), p.values())
	case 4:
		return fmt.Sprintf("setmetatable(%s, M[%d])", p.expression(table), 1+p.choose(13))
	}
	return fmt.Sprintf("(%s.t or t0)", p.variable(table).name)
}

// function is one on a single line.
func (p *program) function() string {
	a, outer := p.fresh(p.anyKind()), p.varArg
	defer func() { p.varArg = outer }()
	switch p.choose(4) {
	case 0:
		return fmt.Sprintf("function() tick() return %s end", p.oneExpression(false, anything))
	case 1:
		return fmt.Sprintf("function(%s, ...) tick() return %s end", a.name, p.oneExpression(true, anything, a))
	case 2:
		return fmt.Sprintf("function(%s) tick() %s = %s return %s end", a.name, p.variable(anything).name,
			p.oneExpression(false, anything, a), a.name)
	}
	return "f0"
}

func (p *program) oneExpression(varArg bool, k kind, seen ...variable) string {
	p.varArg = varArg
	p.names = append(p.names, seen...)
	e := p.expression(k)
	p.names = p.names[:len(p.names)-len(seen)]
	return e
}

func (p *program) boolean() string {
	switch p.choose(6) {
	default:
		return p.pick("true", "false", "nil")
	case 1:
		return fmt.Sprintf("(%s %s %s)", p.expression(number), p.pick("<", "<=", ">", ">=", "==", "~="), p.expression(number))
	case 2:
		return fmt.Sprintf("(%s %s %s)", p.expression(anything), p.pick("==", "~="), p.expression(anything))
	case 3:
		return fmt.Sprintf("(not %s)", p.expression(anything))
	case 4:
		return fmt.Sprintf("(%s %s %s)", p.expression(text), p.pick("<", "<=", ">", ">="), p.expression(text))
	case 5:
		return fmt.Sprintf("(%s %s %s)", p.expression(table), p.pick("<", "<=", "=="), p.expression(table))
	}
}
