package check

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/yuin/gopher-lua/ast"
)

// requires visits each require("name") of the modules.
func (p *program) requires(visit func(m *module, c call, name string)) {
	for _, m := range p.modules {
		for _, c := range m.calls {
			if name, ok := p.requiredName(m, c.FuncCallExpr); ok {
				visit(m, c, name)
			}
		}
	}
}

// isGuarded says whether a call stands in a function that is given to pcall.
func isGuarded(c call) bool {
	for fn := c.in; fn != nil; fn = fn.parent {
		if fn.guarded {
			return true
		}
	}
	return false
}

func unknownModules(p *program, report reporter) {
	if p.dynamicModules {
		return
	}
	p.requires(func(m *module, c call, name string) {
		_, standard := p.standard[name]
		if name == "nakama" || standard || p.byName[name] != nil || isGuarded(c) {
			return
		}
		report(m, c.Line(), Error, fmt.Sprintf("there is no module %q", name), p.suggestModule(name))
	})
}

func evaluatedTwice(p *program, report reporter) {
	seen := map[string]bool{}
	p.requires(func(m *module, c call, name string) {
		if c.in != m.chunk || p.byName[name] == nil || name >= m.name || seen[name] {
			return
		}
		seen[name] = true
		if p.requiredEarlier(name) {
			return
		}
		report(m, c.Line(), Info,
			fmt.Sprintf("module %q sorts before this one, which requires it first: it is evaluated once for itself and once for require", name),
			"that is harmless unless loading it has effects; a name that sorts later avoids it")
	})
}

// requiredEarlier says whether a module is required by one that sorts before it, so that
// it is evaluated only for that.
func (p *program) requiredEarlier(name string) bool {
	found := false
	p.requires(func(m *module, c call, required string) {
		if required == name && m.name < name && c.in == m.chunk {
			found = true
		}
	})
	return found
}

func globalAssignments(p *program, report reporter) {
	for _, name := range slices.Sorted(maps.Keys(p.globals)) {
		for _, w := range p.globals[name] {
			if w.in == w.module.chunk || slices.Contains(p.standard["_G"], name) {
				continue
			}
			report(w.module, w.line, Warning,
				fmt.Sprintf("%s is a global: all RPCs and hooks share it, and each match has one of its own", name),
				"declare it with local if it is for this function only")
		}
	}
}

// replacedStandards finds assignments to what Lua itself has, such as print or math.floor:
// every module gets the new value. A function that takes the place of one may be meant to.
func replacedStandards(p *program, report reporter) {
	tell := func(m *module, line int, name string, value ast.Expr) {
		severity := Warning
		if _, ok := value.(*ast.FunctionExpr); ok {
			severity = Info
		}
		report(m, line, severity, fmt.Sprintf("%s is Lua's own: this replaces it for all modules", name), "give it another name, or declare it with local")
	}
	for _, name := range slices.Sorted(maps.Keys(p.globals)) {
		for _, w := range p.globals[name] {
			if slices.Contains(p.standard["_G"], name) {
				tell(w.module, w.line, name, w.value)
			}
		}
	}
	for _, m := range p.modules {
		for _, w := range m.loose {
			library := dottedName(w.object)
			if library != "_G" && !w.any && slices.Contains(p.standard[library], w.key) && p.standardRoot(m, w.object) == library {
				tell(m, w.object.Line(), library+"."+w.key, w.value)
			}
		}
	}
}

// unusedGlobals finds globals that no module reads.
func unusedGlobals(p *program, report reporter) {
	if p.dynamicGlobals {
		return
	}
	read, sure := p.globalReads()
	if !sure {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(p.globals)) {
		w := p.globals[name][0]
		if w.in != w.module.chunk { // global-assignment has said so
			continue
		}
		if !read[name] && !strings.HasPrefix(name, "_") && !slices.Contains(p.standard["_G"], name) {
			report(w.module, w.line, Info, fmt.Sprintf("the global %s is never used", name), "remove it, or begin its name with _")
		}
	}
}

// globalReads are the globals that modules read by name. It is not sure of that when _G
// itself is passed about.
func (p *program) globalReads() (read map[string]bool, sure bool) {
	read, named, whole := map[string]bool{}, 0, 0
	for _, m := range p.modules {
		for _, use := range m.globals {
			read[use.Value] = true
			if use.Value == "_G" {
				whole++
			}
		}
		for _, f := range m.fields {
			if dottedName(f.Object) == "_G" {
				read[f.name] = true
				named++
			}
		}
		for _, w := range m.loose {
			if dottedName(w.object) == "_G" && !w.any {
				named++
			}
		}
	}
	return read, named >= whole
}

// undefinedGlobals reports each name once a module.
func undefinedGlobals(p *program, report reporter) {
	if p.dynamicGlobals {
		return
	}
	base := p.standard["_G"]
	for _, m := range p.modules {
		seen := map[string]bool{}
		for _, use := range m.globals {
			name := use.Value
			if seen[name] || slices.Contains(base, name) || len(p.globals[name]) > 0 || m.tested[name] || lacking(name) != "" {
				continue
			}
			seen[name] = true
			severity, message := Warning, fmt.Sprintf("%s is not defined: it is nil", name)
			if use.needed {
				severity, message = Error, fmt.Sprintf("%s is not defined: using it raises", name)
			}
			report(m, use.Line(), severity, message, p.suggestName(m, use))
		}
	}
}

// suggestName says what an undefined global may be meant to be.
func (p *program) suggestName(m *module, use globalUse) string {
	var locals []string
	for _, v := range m.variables {
		if v.name == use.Value && use.in.within(v.fn) && v.line > use.Line() {
			return fmt.Sprintf("the local %s is declared further down, in line %d; declare it before", v.name, v.line)
		}
		if use.in.within(v.fn) {
			locals = append(locals, v.name)
		}
	}
	known := append(locals, slices.Collect(maps.Keys(p.globals))...)
	if use.Value == "nk" || use.Value == "nakama" {
		return fmt.Sprintf(`add local %s = require("nakama")`, use.Value)
	}
	slices.Sort(known)
	return cmp.Or(didYouMean(use.Value, append(known, p.standard["_G"]...)), "set it in a module, or declare it with local before")
}

// absent are globals of other Luas, and what to use instead.
var absent = map[string]string{
	"io":        "use nk.file_read for files of the modules folder, and storage for data",
	"debug":     "use pcall and nk.logger_error; errors carry a traceback in the log",
	"coroutine": "keep the state in a table and go on from it in the next call",
	"utf8":      "use string.gmatch with the pattern \"[%z\\1-\\127\\194-\\244][\\128-\\191]*\"",
	"bit":       "use bit32",
	"jit":       "",
	"ffi":       "",
	"socket":    "use nk.http_request",
	"channel":   "",
	"rawlen":    "use #",
	"warn":      "use nk.logger_warn",
}

// lacking says what to use instead of a global that other Luas have; "" is another name.
func lacking(name string) string {
	if instead, ok := absent[name]; ok {
		return "Nakama's Lua is 5.1 without it; " + instead
	}
	return ""
}

// instead says what to use for functions of standard libraries that are not there.
var instead = map[string]string{
	"os.getenv":      "use context.env, which runtime.env sets",
	"os.exit":        "use error to end the call",
	"os.execute":     "",
	"os.remove":      "",
	"os.rename":      "",
	"os.tmpname":     "",
	"os.setlocale":   "",
	"table.unpack":   "use unpack",
	"table.pack":     "use {n = select(\"#\", ...), ...}",
	"table.move":     "copy in a loop",
	"table.foreach":  "use pairs",
	"table.foreachi": "use ipairs",
	"math.type":      "",
	"math.tointeger": "use math.floor",
	"math.ult":       "",
	"string.pack":    "",
	"string.unpack":  "",
}

// alwaysRaise are functions that are there and always raise.
var alwaysRaise = map[string]string{
	"string.dump":     "",
	"dofile":          "use require",
	"package.loadlib": "",
}

func missingLibraries(p *program, report reporter) {
	for _, m := range p.modules {
		for _, use := range m.globals {
			if suggestion := lacking(use.Value); suggestion != "" && use.needed && !m.tested[use.Value] && len(p.globals[use.Value]) == 0 && !p.dynamicGlobals {
				report(m, use.Line(), Error, fmt.Sprintf("Nakama's Lua has no %s", use.Value), strings.TrimSuffix(suggestion, "; "))
			}
		}
		for _, f := range m.fields {
			missingField(p, m, f, report)
		}
		for _, c := range m.calls {
			for name, suggestion := range alwaysRaise {
				if p.isBuiltin(m, c.Func, name) && !isGuarded(c) {
					report(m, c.Line(), Error, fmt.Sprintf("%s always raises", name), suggestion)
				}
			}
		}
	}
}

func missingField(p *program, m *module, f fieldUse, report reporter) {
	name := dottedName(f.AttrGetExpr)
	library, _, ok := strings.Cut(name, ".")
	known := p.standard[library]
	if !ok || !f.needed || library == "_G" || known == nil || name != library+"."+f.name {
		return
	}
	if p.standardRoot(m, f.AttrGetExpr) != library || slices.Contains(known, f.name) || m.tested[name] || p.extends(library, f.name) {
		return
	}
	suggestion, listed := instead[name]
	if !listed {
		suggestion = didYouMean(f.name, known)
	}
	report(m, f.Line(), Error, fmt.Sprintf("Nakama's Lua has no %s", name), suggestion)
}

// extends says whether some module adds a field to a standard library.
func (p *program) extends(library, field string) bool {
	for _, m := range p.modules {
		for _, w := range m.loose {
			if dottedName(w.object) == library && (w.any || w.key == field) {
				return true
			}
		}
	}
	return false
}
