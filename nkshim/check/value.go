package check

import (
	"slices"

	"github.com/yuin/gopher-lua/ast"
)

// value is what an expression is known to be: one of the types below, or nil when that
// is not plain from the text.
type value any

type (
	nakamaModule   struct{}
	nakamaFunction string
	// required is what require returns for a module of the folder, or for none.
	required string
	// constant is a string, a number, a boolean or nil.
	constant struct{ ast.Expr }
)

// table is a table that a constructor makes.
type table struct {
	module *module
	in     *function // where it is made
	line   int
	fields map[string][]ast.Expr // what is assigned to each; nil where that is not one expression
	open   bool                  // it may have fields that the text does not show
}

// maxDepth bounds how many names a value is followed through.
const maxDepth = 24

// eval says what an expression of a module is.
func (p *program) eval(m *module, expr ast.Expr) value { return p.follow(m, expr, maxDepth) }

func (p *program) follow(m *module, expr ast.Expr, depth int) value {
	if depth == 0 {
		return nil
	}
	switch e := expr.(type) {
	case *ast.StringExpr, *ast.NumberExpr, *ast.TrueExpr, *ast.FalseExpr, *ast.NilExpr:
		return constant{e}
	case *ast.FunctionExpr:
		if fn := m.byNode[e]; fn != nil {
			return fn
		}
	case *ast.TableExpr:
		return p.tables[e]
	case *ast.IdentExpr:
		return p.followName(m, e, depth-1)
	case *ast.AttrGetExpr:
		if key, ok := e.Key.(*ast.StringExpr); ok {
			return p.field(p.follow(m, e.Object, depth-1), key.Value, depth-1)
		}
	case *ast.FuncCallExpr:
		if name, ok := p.requiredName(m, e); ok {
			if name == "nakama" {
				return nakamaModule{}
			}
			return required(name)
		}
	}
	return nil
}

// followName follows a name that has one value for all of its life.
func (p *program) followName(m *module, e *ast.IdentExpr, depth int) value {
	if v := m.uses[e]; v != nil {
		if len(v.values) == 1 && v.values[0] != nil {
			return p.follow(m, v.values[0], depth)
		}
		return nil
	}
	if writes := p.globals[e.Value]; len(writes) == 1 && writes[0].value != nil {
		return p.follow(writes[0].module, writes[0].value, depth)
	}
	if p.isNakamaEverywhere(p.globals[e.Value]) {
		return nakamaModule{}
	}
	return nil
}

// isNakamaEverywhere says whether a global is require("nakama") wherever it is assigned.
func (p *program) isNakamaEverywhere(writes []globalWrite) bool {
	for _, w := range writes {
		e, ok := w.value.(*ast.FuncCallExpr)
		if !ok {
			return false
		}
		if name, ok := p.requiredName(w.module, e); !ok || name != "nakama" {
			return false
		}
	}
	return len(writes) > 0
}

// field is a named field of a value.
func (p *program) field(object value, key string, depth int) value {
	switch object := object.(type) {
	case nakamaModule:
		return nakamaFunction(key)
	case required:
		if t, ok := p.returned(p.byName[string(object)], depth).(*table); ok {
			return p.field(t, key, depth)
		}
	case *table:
		values := object.fields[key]
		if len(values) == 1 && values[0] != nil {
			return p.follow(object.module, values[0], depth)
		}
	}
	return nil
}

// returned is what a module returns, if there is one and it does so in one place.
func (p *program) returned(m *module, depth int) value {
	if m == nil || m.chunk == nil || len(m.chunk.returns) != 1 || len(m.chunk.returns[0].Exprs) != 1 || depth <= 0 {
		return nil
	}
	return p.follow(m, m.chunk.returns[0].Exprs[0], depth-1)
}

// requiredName is the name in require("name").
func (p *program) requiredName(m *module, e *ast.FuncCallExpr) (string, bool) {
	if !p.isBuiltin(m, e.Func, "require") || len(e.Args) != 1 {
		return "", false
	}
	name, ok := e.Args[0].(*ast.StringExpr)
	if !ok {
		return "", false
	}
	return name.Value, true
}

// isBuiltin says whether an expression is a standard function by its dotted name, such
// as table.sort, that no module replaces.
func (p *program) isBuiltin(m *module, expr ast.Expr, name string) bool {
	return expr != nil && dottedName(expr) == name && p.standardRoot(m, expr) != ""
}

// standardRoot is the first name of a dotted one, if it is a global that no module sets.
func (p *program) standardRoot(m *module, expr ast.Expr) string {
	for {
		switch e := expr.(type) {
		case *ast.AttrGetExpr:
			expr = e.Object
		case *ast.IdentExpr:
			if m.uses[e] != nil || len(p.globals[e.Value]) > 0 {
				return ""
			}
			return e.Value
		default:
			return ""
		}
	}
}

// nakamaCall is the name of the nakama function that is called.
func (p *program) nakamaCall(m *module, c call) (string, bool) {
	if c.Func == nil {
		return "", false
	}
	name, ok := p.eval(m, c.Func).(nakamaFunction)
	return string(name), ok
}

// analyse finds out all that rules want to know of the modules that were read.
func (p *program) analyse() {
	for _, m := range p.modules {
		p.resolve(m)
	}
	for _, m := range p.modules {
		p.findTables(m)
	}
	for _, m := range p.modules {
		p.findFields(m)
	}
	for _, m := range p.modules {
		p.findGiven(m)
	}
	p.createdModules(func(_ *module, _ call, name string) { p.created[name] = true })
	for _, m := range p.modules {
		p.findRoles(m)
	}
}

// findTables makes a table for each constructor.
func (p *program) findTables(m *module) {
	for _, fn := range m.functions {
		inspect(fn.body, func(expr ast.Expr) {
			e, ok := expr.(*ast.TableExpr)
			if !ok {
				return
			}
			t := &table{module: m, in: fn, line: e.Line(), fields: map[string][]ast.Expr{}}
			for _, f := range e.Fields {
				switch key := f.Key.(type) {
				case *ast.StringExpr:
					t.fields[key.Value] = append(t.fields[key.Value], f.Value)
				case nil, *ast.NumberExpr:
				default:
					t.open = true
				}
			}
			p.tables[e] = t
		})
	}
}

// findFields adds what is assigned to the fields of tables.
func (p *program) findFields(m *module) {
	for _, w := range m.loose {
		if name := dottedName(w.object); w.any && (name == "package.loaded" || name == "package.preload" || name == "package.loaders") ||
			name == "package" || name == "package.loaded" || name == "package.preload" {
			p.dynamicModules = true
		}
		object := p.eval(m, w.object)
		if name, ok := object.(required); ok {
			object = p.returned(p.byName[string(name)], maxDepth)
		}
		t, ok := object.(*table)
		switch {
		case !ok:
		case w.any:
			t.open = true
		default:
			t.fields[w.key] = append(t.fields[w.key], w.value)
		}
	}
}

// findGiven marks the tables that are given to functions of the modules, which may add
// fields to them.
func (p *program) findGiven(m *module) {
	for _, c := range m.calls {
		given := c.Args
		if c.Func == nil {
			given = append([]ast.Expr{c.Receiver}, given...)
		} else if _, ok := p.nakamaCall(m, c); ok || slices.Contains(p.standard["_G"], p.standardRoot(m, c.Func)) {
			continue
		}
		for _, arg := range given {
			if t, ok := p.eval(m, arg).(*table); ok {
				t.open = true
			}
		}
	}
}
