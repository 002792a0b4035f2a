package check

import (
	"github.com/yuin/gopher-lua/ast"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// resolver walks over a module once and finds which variable each name means.
type resolver struct {
	p      *program
	m      *module
	fn     *function
	scopes []map[string]*variable
}

func (p *program) resolve(m *module) {
	r := &resolver{p: p, m: m}
	r.function(m.chunk)
}

func (r *resolver) function(fn *function) {
	r.m.functions = append(r.m.functions, fn)
	outer := r.fn
	r.fn = fn
	r.push()
	for _, param := range fn.params {
		r.declare(param)
	}
	r.statements(fn.body)
	r.pop()
	r.fn = outer
}

func (r *resolver) push() { r.scopes = append(r.scopes, map[string]*variable{}) }
func (r *resolver) pop()  { r.scopes = r.scopes[:len(r.scopes)-1] }

func (r *resolver) block(body []ast.Stmt) {
	r.push()
	r.statements(body)
	r.pop()
}

func (r *resolver) declare(v *variable) {
	r.scopes[len(r.scopes)-1][v.name] = v
	r.m.variables = append(r.m.variables, v)
}

func (r *resolver) local(name string, kind variableKind, line int, values ...ast.Expr) {
	r.declare(&variable{name: name, kind: kind, line: line, fn: r.fn, values: values})
}

func (r *resolver) lookup(name string) *variable {
	for i := len(r.scopes) - 1; i >= 0; i-- {
		if v := r.scopes[i][name]; v != nil {
			return v
		}
	}
	return nil
}

func (r *resolver) statements(body []ast.Stmt) {
	for _, stmt := range body {
		r.statement(stmt)
	}
}

func (r *resolver) statement(stmt ast.Stmt) {
	switch s := stmt.(type) {
	case *ast.AssignStmt:
		r.assign(s)
	case *ast.LocalAssignStmt:
		r.localAssign(s)
	case *ast.FuncCallStmt:
		r.expr(s.Expr, false)
	case *ast.DoBlockStmt:
		r.block(s.Stmts)
	case *ast.WhileStmt:
		r.condition(s.Condition)
		r.block(s.Stmts)
	case *ast.RepeatStmt:
		r.push() // the condition sees the body's variables
		r.statements(s.Stmts)
		r.condition(s.Condition)
		r.pop()
	case *ast.IfStmt:
		r.condition(s.Condition)
		r.block(s.Then)
		r.block(s.Else)
	case *ast.NumberForStmt:
		r.exprs([]ast.Expr{s.Init, s.Limit, s.Step})
		r.push()
		r.local(s.Name, loopVariable, s.Line(), nil)
		r.statements(s.Stmts)
		r.pop()
	case *ast.GenericForStmt:
		r.m.loops = append(r.m.loops, s)
		r.exprs(s.Exprs)
		r.push()
		for _, name := range s.Names {
			r.local(name, loopVariable, s.Line(), nil)
		}
		r.statements(s.Stmts)
		r.pop()
	case *ast.FuncDefStmt:
		r.funcDef(s)
	case *ast.ReturnStmt:
		r.fn.returns = append(r.fn.returns, s)
		r.exprs(s.Exprs)
	}
}

// valueAt is what the i-th of several names gets: nil when it is not one expression.
func valueAt(exprs []ast.Expr, i int) ast.Expr {
	if i >= len(exprs) || i == len(exprs)-1 && glua.HasManyValues(exprs[i]) && i > 0 {
		return nil
	}
	return exprs[i]
}

func (r *resolver) localAssign(s *ast.LocalAssignStmt) {
	if len(s.Names) == 1 && len(s.Exprs) == 1 {
		if _, ok := s.Exprs[0].(*ast.FunctionExpr); ok { // it sees itself, local function or not
			r.local(s.Names[0], localVariable, s.Line(), s.Exprs[0])
			r.expr(s.Exprs[0], false)
			return
		}
	}
	r.exprs(s.Exprs)
	for i, name := range s.Names {
		if len(s.Exprs) == 0 {
			r.local(name, localVariable, s.Line())
			continue
		}
		kind := localVariable
		if len(s.Names) > 1 {
			kind = oneOfSeveral
		}
		r.local(name, kind, s.Line(), valueAt(s.Exprs, i))
	}
}

func (r *resolver) assign(s *ast.AssignStmt) {
	r.m.assigns = append(r.m.assigns, assignment{s, r.fn})
	r.exprs(s.Rhs)
	for i, target := range s.Lhs {
		r.write(target, valueAt(s.Rhs, i))
	}
}

// write notes an assignment to a variable or a field.
func (r *resolver) write(target ast.Expr, value ast.Expr) {
	switch t := target.(type) {
	case *ast.IdentExpr:
		v := r.lookup(t.Value)
		r.m.uses[t] = v
		if v != nil {
			v.values = append(v.values, value)
			return
		}
		r.p.globals[t.Value] = append(r.p.globals[t.Value], globalWrite{r.m, r.fn, t.Line(), value})
	case *ast.AttrGetExpr:
		r.expr(t.Object, true)
		r.expr(t.Key, false)
		w := looseWrite{object: t.Object, value: value, in: r.fn}
		if key, ok := t.Key.(*ast.StringExpr); ok {
			w.key = key.Value
		} else {
			w.any = true
		}
		r.m.loose = append(r.m.loose, w)
		if r.isGlobal(t.Object, "_G") {
			r.writeThroughG(w, t.Line())
		}
	}
}

// writeThroughG is an assignment to a field of _G.
func (r *resolver) writeThroughG(w looseWrite, line int) {
	if w.any {
		r.p.dynamicGlobals = true
		return
	}
	r.p.globals[w.key] = append(r.p.globals[w.key], globalWrite{r.m, r.fn, line, w.value})
}

func (r *resolver) isGlobal(expr ast.Expr, name string) bool {
	ident, ok := expr.(*ast.IdentExpr)
	return ok && ident.Value == name && r.lookup(name) == nil
}

func (r *resolver) funcDef(s *ast.FuncDefStmt) {
	if s.Name.Func != nil {
		r.write(s.Name.Func, s.Func)
	} else {
		r.expr(s.Name.Receiver, true)
		r.m.loose = append(r.m.loose, looseWrite{object: s.Name.Receiver, key: s.Name.Method, value: s.Func, in: r.fn})
	}
	r.functionExpr(s.Func, s.Name.Method != "")
}

// functionExpr walks a function.
func (r *resolver) functionExpr(e *ast.FunctionExpr, method bool) *function {
	fn := &function{module: r.m, parent: r.fn, line: e.Line(), body: e.Stmts, varargs: e.ParList.HasVargs}
	names := e.ParList.Names
	if method {
		names = append([]string{"self"}, names...)
	}
	for _, name := range names {
		fn.params = append(fn.params, &variable{name: name, kind: parameter, line: e.Line(), fn: fn, values: []ast.Expr{nil}})
	}
	r.m.byNode[e] = fn
	r.function(fn)
	return fn
}

func (r *resolver) exprs(list []ast.Expr) {
	for _, e := range list {
		if e != nil {
			r.expr(e, false)
		}
	}
}

// expr walks an expression; needed says that it is called or indexed.
func (r *resolver) expr(expr ast.Expr, needed bool) {
	switch e := expr.(type) {
	case *ast.IdentExpr:
		r.ident(e, needed)
	case *ast.AttrGetExpr:
		r.expr(e.Object, true)
		r.expr(e.Key, false)
		if key, ok := e.Key.(*ast.StringExpr); ok {
			r.m.fields = append(r.m.fields, fieldUse{e, key.Value, r.fn, needed})
		}
	case *ast.FuncCallExpr:
		r.call(e)
	case *ast.LogicalOpExpr:
		r.test(e.Lhs)
		r.test(e.Rhs)
		r.exprs(lua.ExprParts(e))
	case *ast.RelationalOpExpr:
		r.test(e.Lhs)
		r.test(e.Rhs)
		r.exprs(lua.ExprParts(e))
	case *ast.UnaryNotOpExpr:
		r.test(e.Expr)
		r.expr(e.Expr, false)
	case *ast.FunctionExpr:
		r.functionExpr(e, false)
	default:
		r.exprs(lua.ExprParts(e))
	}
}

func (r *resolver) ident(e *ast.IdentExpr, needed bool) {
	v := r.lookup(e.Value)
	r.m.uses[e] = v
	if v != nil {
		v.reads++
		return
	}
	r.m.globals = append(r.m.globals, globalUse{e, r.fn, needed})
}

func (r *resolver) condition(expr ast.Expr) {
	r.test(expr)
	r.expr(expr, false)
}

// test notes a name whose absence the module seems to expect.
func (r *resolver) test(expr ast.Expr) {
	if name := dottedName(expr); name != "" {
		r.m.tested[name] = true
	}
}

// call walks a call and notes what changes globals or modules behind the text's back.
func (r *resolver) call(e *ast.FuncCallExpr) {
	guards := false
	if e.Func != nil {
		r.expr(e.Func, true)
		guards = r.builtin(e)
	} else {
		r.expr(e.Receiver, true)
	}
	r.m.calls = append(r.m.calls, call{FuncCallExpr: e, in: r.fn})
	for i, arg := range e.Args {
		inner, isFunction := arg.(*ast.FunctionExpr)
		if !isFunction {
			r.expr(arg, false)
			continue
		}
		fn := r.functionExpr(inner, false)
		fn.guarded = guards && i == 0
	}
}

// builtin looks at the calls of base functions that rules must know of, and says whether
// it is one of those that catch errors.
func (r *resolver) builtin(e *ast.FuncCallExpr) (guards bool) {
	ident, ok := e.Func.(*ast.IdentExpr)
	if !ok || r.lookup(ident.Value) != nil {
		return false
	}
	switch ident.Value {
	case "type":
		for _, arg := range e.Args {
			r.test(arg)
		}
	case "pcall", "xpcall":
		r.m.usesPcall = true
		return true
	case "setfenv", "module", "load", "loadstring", "getfenv":
		r.p.dynamicGlobals = true
	case "rawset", "setmetatable":
		if len(e.Args) == 0 {
			break
		}
		if r.isGlobal(e.Args[0], "_G") {
			r.p.dynamicGlobals = true
		}
		r.m.loose = append(r.m.loose, looseWrite{object: e.Args[0], in: r.fn, any: true})
	}
	return false
}

// dottedName is "a.b.c" for names joined by dots, or "".
func dottedName(expr ast.Expr) string {
	switch e := expr.(type) {
	case *ast.IdentExpr:
		return e.Value
	case *ast.AttrGetExpr:
		key, ok := e.Key.(*ast.StringExpr)
		if object := dottedName(e.Object); ok && object != "" {
			return object + "." + key.Value
		}
	}
	return ""
}
