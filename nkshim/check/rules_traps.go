package check

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/gopher-lua/ast"

	"nkhost/lua/glua"
)

// parallelAssignments finds a, b = b, a between locals. gopher-lua puts each value in its
// local at once, so that the expressions after it see the new one.
func parallelAssignments(p *program, report reporter) {
	for _, m := range p.modules {
		for _, a := range m.assigns {
			if name := overwritten(m, a); name != "" {
				report(m, a.Line(), Error,
					fmt.Sprintf("the local %s gets its new value before the rest of this assignment is evaluated, which reads it", name),
					"assign in two steps, with a local for the old value")
			}
		}
	}
}

// overwritten is the local that an assignment changes before it reads it, or "".
func overwritten(m *module, a assignment) string {
	for i, target := range a.Lhs {
		v := localOf(m, target, a.in)
		if v == nil || i >= len(a.Rhs) || localOf(m, a.Rhs[i], a.in) == v || i == len(a.Rhs)-1 && glua.HasManyValues(a.Rhs[i]) {
			continue
		}
		for j := i + 1; j < len(a.Rhs); j++ {
			if reads(m, a.Rhs[j], v) {
				return v.name
			}
		}
		for j, other := range a.Lhs {
			get, ok := other.(*ast.AttrGetExpr)
			if ok && j != i && localOf(m, get.Object, a.in) == v {
				return v.name
			}
		}
	}
	return ""
}

// localOf is the variable of a name that belongs to the function itself.
func localOf(m *module, expr ast.Expr, fn *function) *variable {
	ident, ok := expr.(*ast.IdentExpr)
	if !ok {
		return nil
	}
	if v := m.uses[ident]; v != nil && v.fn == fn {
		return v
	}
	return nil
}

func reads(m *module, expr ast.Expr, v *variable) bool {
	found := false
	inspectExpr(expr, func(e ast.Expr) {
		if ident, ok := e.(*ast.IdentExpr); ok && m.uses[ident] == v {
			found = true
		}
	})
	return found
}

// frozenTables finds table.remove, table.sort and table.insert at a place where RPCs or
// hooks use them on a table that was there when the server started and that globals or
// required modules lead to.
func frozenTables(p *program, report reporter) {
	frozen := p.sharedTables()
	for fn, r := range p.reached(rpcRole, hookRole) {
		m := fn.module
		for _, c := range m.calls {
			if c.in != fn || len(c.Args) == 0 {
				continue
			}
			changes := p.isBuiltin(m, c.Func, "table.remove") || p.isBuiltin(m, c.Func, "table.sort") ||
				p.isBuiltin(m, c.Func, "table.insert") && len(c.Args) == 3
			if t, ok := p.eval(m, c.Args[0]).(*table); ok && changes && frozen[t] {
				report(m, c.Line(), Error,
					fmt.Sprintf("%s refuses a table that was made at start, line %d of %s, when %s comes here", dottedName(c.Func), t.line, t.module.file, r),
					"change a copy; assignment and appending work too")
			}
		}
	}
}

// sharedTables are the tables made at start that globals or required modules lead to.
func (p *program) sharedTables() map[*table]bool {
	shared := map[*table]bool{}
	var add func(v value)
	add = func(v value) {
		t, ok := v.(*table)
		if !ok || shared[t] || t.in != t.module.chunk {
			return
		}
		shared[t] = true
		for key := range t.fields {
			add(p.field(t, key, maxDepth))
		}
	}
	for _, writes := range p.globals {
		if len(writes) == 1 && writes[0].value != nil && writes[0].in == writes[0].module.chunk {
			add(p.eval(writes[0].module, writes[0].value))
		}
	}
	p.requires(func(m *module, c call, name string) {
		if c.in == m.chunk {
			add(p.returned(p.byName[name], maxDepth))
		}
	})
	return shared
}

// emptyPayloads finds json_decode(payload or "{}") in RPCs, whose payload is never nil.
func emptyPayloads(p *program, report reporter) {
	for _, m := range p.modules {
		for _, fn := range m.functions {
			if len(fn.roles) == 0 || comparesWithEmpty(m, fn) {
				continue
			}
			handled := map[ast.Expr]bool{} // by pcall
			inspect(fn.body, func(e ast.Expr) {
				if c, ok := e.(*ast.FuncCallExpr); ok && p.isBuiltin(m, c.Func, "pcall") {
					for _, arg := range c.Args {
						handled[arg] = true
					}
				}
				if name := uselessDefault(m, e); name != "" && !handled[e] {
					report(m, e.Line(), Warning,
						fmt.Sprintf("the payload of an RPC is never nil: without a body %s is \"\", which counts as true", name),
						fmt.Sprintf(`write %s ~= "" and %s or …`, name, name))
				}
			})
		}
	}
}

// uselessDefault is the name of an RPC's payload in payload or "{}".
func uselessDefault(m *module, e ast.Expr) string {
	or, ok := e.(*ast.LogicalOpExpr)
	if !ok || or.Operator != "or" {
		return ""
	}
	ident, isName := or.Lhs.(*ast.IdentExpr)
	text, isText := or.Rhs.(*ast.StringExpr)
	if !isName || !isText || !strings.ContainsAny(text.Value, "{[") {
		return ""
	}
	if !isParam(m.uses[ident], 1, func(r role) bool { return r.kind == rpcRole }) {
		return ""
	}
	return ident.Value
}

// comparesWithEmpty says whether a function asks for an empty string or a length.
func comparesWithEmpty(m *module, fn *function) bool {
	found := false
	inspect(fn.body, func(e ast.Expr) {
		switch e := e.(type) {
		case *ast.RelationalOpExpr:
			for _, side := range []ast.Expr{e.Lhs, e.Rhs} {
				if text, ok := side.(*ast.StringExpr); ok && text.Value == "" {
					found = true
				}
			}
		case *ast.UnaryLenOpExpr:
			found = true
		}
	})
	return found
}

const maxCode = 16 // of gRPC

// errorCodes finds error({message, code}) with what is no code.
func errorCodes(p *program, report reporter) {
	inRPC := p.reached(rpcRole)
	inHook := p.reached(hookRole)
	for _, m := range p.modules {
		for _, c := range m.calls {
			r, ok := inRPC[c.in]
			if _, hook := inHook[c.in]; !ok || hook || len(c.Args) == 0 || !p.isBuiltin(m, c.Func, "error") {
				continue
			}
			if list, ok := c.Args[0].(*ast.TableExpr); ok && !m.usesPcall {
				if problem := wrongError(list); problem != "" {
					report(m, c.Line(), Warning, problem, `write error({"message", code}) with a code from 1 to 16`)
				}
			}
			level, ok := numberAt(c.Args, 1)
			if _, isText := c.Args[0].(*ast.StringExpr); isText && ok && level >= 3 && len(c.in.roles) > 0 {
				report(m, c.Line(), Warning,
					fmt.Sprintf("the second argument of error is a level, not a code: the answer to %s has code 13", r),
					fmt.Sprintf(`write error({"message", %v})`, level))
			}
		}
	}
}

// wrongError says why the client will not get the code of an error table.
func wrongError(list *ast.TableExpr) string {
	var places []ast.Expr
	named := map[string]bool{}
	for _, f := range list.Fields {
		switch key := f.Key.(type) {
		case nil:
			places = append(places, f.Value)
		case *ast.StringExpr:
			named[key.Value] = true
		}
	}
	switch {
	case len(places) == 0 && named["code"]:
		return "named fields of an error do not reach the client, which gets code 13"
	case len(places) == 2:
		if code, ok := numberAt(places, 1); ok && (code < 1 || code > maxCode || code != float64(int(code))) {
			return fmt.Sprintf("an error of an RPC cannot have code %v: the client gets code 13", code)
		}
		if _, ok := places[1].(*ast.StringExpr); ok {
			return "the second element of an error must be a number: the client gets code 13"
		}
	}
	return ""
}

// numberAt is the number that is written as the i-th of a list, from 0.
func numberAt(list []ast.Expr, i int) (float64, bool) {
	if i >= len(list) {
		return 0, false
	}
	sign := 1.0
	expr := list[i]
	if minus, ok := expr.(*ast.UnaryMinusOpExpr); ok {
		sign, expr = -1, minus.Expr
	}
	number, ok := expr.(*ast.NumberExpr)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseFloat(number.Value, 64)
	return sign * n, err == nil
}

// plainExponent is a number with an exponent and no point, which tonumber does not read.
var plainExponent = regexp.MustCompile(`^\s*[-+]?[0-9]+[eE][-+]?[0-9]+\s*$`)

func exponents(p *program, report reporter) {
	for _, m := range p.modules {
		for _, c := range m.calls {
			if len(c.Args) != 1 || !p.isBuiltin(m, c.Func, "tonumber") {
				continue
			}
			if text, ok := p.text(m, c.Args[0]); ok && plainExponent.MatchString(text) {
				report(m, c.Line(), Warning, fmt.Sprintf("tonumber(%q) is nil here", text), "write the number itself, or a decimal point in the text: 1.0e3")
			}
		}
	}
}

// tableIterators finds for x in t do where t is a table, which cannot be called.
func tableIterators(p *program, report reporter) {
	for _, m := range p.modules {
		for _, loop := range m.loops {
			if len(loop.Exprs) != 1 {
				continue
			}
			ident, ok := loop.Exprs[0].(*ast.IdentExpr)
			if ok && (isList(m.uses[ident]) || p.isPlainTable(m, ident)) {
				report(m, loop.Line(), Error, fmt.Sprintf("%s is a table, which for cannot call", ident.Value), fmt.Sprintf("write in ipairs(%s), or pairs(%s)", ident.Value, ident.Value))
			}
		}
	}
}

// isList says whether a variable is the list of presences or messages of a match callback,
// or the users of the matchmaker.
func isList(v *variable) bool {
	return isParam(v, 4, func(r role) bool {
		return r.name == "match_join" || r.name == "match_leave" || r.name == "match_loop"
	}) || isParam(v, 1, func(r role) bool { return r.name == "register_matchmaker_matched" })
}

// isPlainTable says whether a name is a table without a metatable.
func (p *program) isPlainTable(m *module, ident *ast.IdentExpr) bool {
	t, ok := p.eval(m, ident).(*table)
	return ok && !t.open
}

func unusedLocals(p *program, report reporter) {
	for _, m := range p.modules {
		for _, v := range m.variables {
			if v.kind == localVariable && v.reads == 0 && !strings.HasPrefix(v.name, "_") {
				report(m, v.line, Info, fmt.Sprintf("the local %s is never used", v.name), "remove it, or begin its name with _")
			}
		}
	}
}
