package check

import (
	"fmt"
	"maps"
	"slices"

	"github.com/yuin/gopher-lua/ast"

	"nkhost/lua/glua"
	"nkhost/nkshim"
)

// probed says whether a module asks if the nakama module has a function, or gives it one.
func (p *program) probed(m *module, name string) bool {
	for dotted := range m.tested {
		if len(dotted) > len(name) && dotted[len(dotted)-len(name)-1:] == "."+name {
			return true
		}
	}
	for _, other := range p.modules {
		for _, w := range other.loose {
			if w.key == name || w.any {
				if _, ok := p.eval(other, w.object).(nakamaModule); ok {
					return true
				}
			}
		}
	}
	return false
}

// calledFunctions are the functions of nakama's that a call uses: the one it calls, and
// the one it gives to pcall.
func (p *program) calledFunctions(m *module, c call) []string {
	var names []string
	if name, ok := p.nakamaCall(m, c); ok {
		names = append(names, name)
	}
	if len(c.Args) > 0 && (p.isBuiltin(m, c.Func, "pcall") || p.isBuiltin(m, c.Func, "xpcall")) {
		if name, ok := p.eval(m, c.Args[0]).(nakamaFunction); ok {
			names = append(names, string(name))
		}
	}
	return names
}

func unknownFunctions(p *program, report reporter) {
	known := slices.Sorted(maps.Keys(p.contract))
	for _, m := range p.modules {
		for _, c := range m.calls {
			for _, name := range p.calledFunctions(m, c) {
				if _, ok := p.contract[name]; ok || p.probed(m, name) {
					continue
				}
				suggestion := didYouMean(name, known)
				if name == "register_match" {
					suggestion = "a module of its own returns the callbacks; give match_create that module's name"
				}
				report(m, c.Line(), Error, fmt.Sprintf("the nakama module has no function %s", name), suggestion)
			}
		}
	}
}

// missingFunctions reports each function once a module.
func missingFunctions(p *program, report reporter) {
	for _, m := range p.modules {
		seen := map[string]bool{}
		for _, c := range m.calls {
			for _, name := range p.calledFunctions(m, c) {
				f, ok := p.contract[name]
				if !ok || seen[name] {
					continue
				}
				seen[name] = true
				switch f.Status {
				case nkshim.Missing:
					report(m, c.Line(), Warning, fmt.Sprintf("nkhost does not have %s yet: it raises", name), "the module runs on Nakama; docs/status.md lists what works here")
				case nkshim.Uncalled:
					report(m, c.Line(), Warning, fmt.Sprintf("%s has no effect in nkhost yet", name), "the module runs on Nakama; docs/status.md lists what works here")
				}
			}
		}
	}
}

func methodCalls(p *program, report reporter) {
	for _, m := range p.modules {
		for _, c := range m.calls {
			if c.Func != nil {
				continue
			}
			if _, ok := p.eval(m, c.Receiver).(nakamaModule); ok {
				report(m, c.Line(), Error, fmt.Sprintf("%s is called with a colon, which gives it the nakama module as its first argument", c.Method), "call it with a dot")
			}
		}
	}
}

// argumentList is the arguments of a call. When it is open there may be more than are
// written.
func argumentList(c call) (args []ast.Expr, open bool) {
	if n := len(c.Args); n > 0 && glua.HasManyValues(c.Args[n-1]) {
		return c.Args[:n-1], true
	}
	return c.Args, false
}

// plural writes a count with a noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func argumentCounts(p *program, report reporter) {
	for _, m := range p.modules {
		for _, c := range m.calls {
			name, ok := p.nakamaCall(m, c)
			f, known := p.contract[name]
			if !ok || !known {
				continue
			}
			args, open := argumentList(c)
			switch {
			case !open && len(args) < f.MinArgs():
				lacks := f.Params[len(args)]
				suggestion := "it takes " + signature(f)
				if lacks.Nil || lacks.Type == "any" {
					suggestion += fmt.Sprintf("; %s must be given, if only as nil", lacks.Name)
				}
				report(m, c.Line(), Error, fmt.Sprintf("%s needs %s and gets %d", name, plural(f.MinArgs(), "argument"), len(args)), suggestion)
			case len(args) > len(f.Params):
				report(m, c.Line(), Warning, fmt.Sprintf("%s takes %s and gets %d: the rest is ignored", name, plural(len(f.Params), "argument"), len(args)), "it takes "+signature(f))
			}
		}
	}
}

// signature writes a function with its parameters, those in brackets that may be left out.
func signature(f nkshim.Function) string {
	text := "(" // "(a, b[, c])"
	optional := 0
	for i, param := range f.Params {
		if i >= f.MinArgs() {
			text += "["
			optional++
		}
		if i > 0 {
			text += ", "
		}
		text += param.Name
	}
	for range optional {
		text += "]"
	}
	return text + ")"
}

func argumentTypes(p *program, report reporter) {
	for _, m := range p.modules {
		for _, c := range m.calls {
			name, ok := p.nakamaCall(m, c)
			f, known := p.contract[name]
			if !ok || !known {
				continue
			}
			for i, arg := range c.Args {
				if i >= len(f.Params) {
					break
				}
				if got := literalType(arg); got != "" && !accepts(f.Params[i], got) {
					report(m, c.Line(), Error, fmt.Sprintf("argument %d (%s) of %s must be a %s, but is %s", i+1, f.Params[i].Name, name, luaType(f.Params[i].Type), article(got)), "it takes "+signature(f))
				}
			}
		}
	}
}

func literalType(expr ast.Expr) string {
	switch expr.(type) {
	case *ast.StringExpr, *ast.StringConcatOpExpr:
		return "string"
	case *ast.NumberExpr:
		return "number"
	case *ast.TrueExpr, *ast.FalseExpr:
		return "boolean"
	case *ast.TableExpr:
		return "table"
	case *ast.FunctionExpr:
		return "function"
	case *ast.NilExpr:
		return "nil"
	}
	return ""
}

// luaType is the Lua type for a type of the contract.
func luaType(kind string) string {
	switch kind {
	case "bool":
		return "boolean"
	case "int", "int64":
		return "number"
	}
	return kind
}

func article(kind string) string {
	if kind == "nil" {
		return kind
	}
	return "a " + kind
}

// accepts says whether a parameter takes a literal of a type. A string that must be given
// may be a number.
func accepts(param nkshim.Param, got string) bool {
	switch wanted := luaType(param.Type); {
	case wanted == "any" || wanted == got:
		return true
	case got == "nil":
		return param.Optional || param.Nil
	case got == "number":
		return wanted == "string" && !param.Optional && !param.Nil
	}
	return false
}
