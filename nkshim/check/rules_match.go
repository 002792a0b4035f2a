package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/yuin/gopher-lua/ast"

	"nkhost/host/spelling"
	"nkhost/lua/glua"
	"nkhost/nkshim"
)

// createdModules are the names given to match_create, with their calls.
func (p *program) createdModules(visit func(m *module, c call, name string)) {
	for _, m := range p.modules {
		for _, c := range m.calls {
			if name, ok := p.nakamaCall(m, c); !ok || name != "match_create" || len(c.Args) == 0 {
				continue
			}
			if name, ok := p.text(m, c.Args[0]); ok {
				visit(m, c, name)
			}
		}
	}
}

func (p *program) names() []string {
	return slices.Sorted(maps.Keys(p.byName))
}

func matchModules(p *program, report reporter) {
	p.createdModules(func(m *module, c call, name string) {
		if p.byName[name] == nil && !p.dynamicModules {
			report(m, c.Line(), Error, fmt.Sprintf("there is no match module %q", name), p.suggestModule(name))
		}
	})
}

// suggestModule says which module may be meant by a name that none has.
func (p *program) suggestModule(name string) string {
	dotted := strings.ReplaceAll(strings.TrimSuffix(name, ".lua"), "/", ".")
	if dotted != name && p.byName[dotted] != nil {
		return fmt.Sprintf("did you mean %q? Modules in folders are named with dots", dotted)
	}
	for _, other := range p.names() {
		if strings.HasSuffix(other, "."+name) || strings.EqualFold(other, name) {
			return fmt.Sprintf("did you mean %q?", other)
		}
	}
	if best := spelling.Nearest(name, p.names()); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return ""
}

func missingCallbacks(p *program, report reporter) {
	for _, m := range p.modules {
		if p.created[m.name] && len(m.chunk.returns) == 0 {
			report(m, 1, Error, "this module is given to match_create and returns nothing", "return a table with the seven callbacks at its end")
		}
		t := p.matchTable(m)
		if t == nil || t.open {
			continue
		}
		severity := Warning
		if p.created[m.name] {
			severity = Error
		}
		var lacks []string
		for _, c := range callbacks {
			if len(t.fields[c.name]) == 0 {
				lacks = append(lacks, c.name)
			}
		}
		if len(lacks) > 0 {
			report(m, m.chunk.returns[0].Line(), severity,
				fmt.Sprintf("this match module has no %s: match_create will raise", strings.Join(lacks, ", ")), misspelt(t, lacks))
		}
	}
}

// misspelt names the fields of a table that may be meant for callbacks that it lacks.
func misspelt(t *table, lacks []string) string {
	var hints []string
	for _, field := range slices.Sorted(maps.Keys(t.fields)) {
		if _, is := callbackNamed(field); is {
			continue
		}
		if meant := spelling.Nearest(field, lacks); meant != "" {
			hints = append(hints, fmt.Sprintf("did you mean %s by %s?", meant, field))
		}
	}
	if len(hints) == 0 {
		return "all seven callbacks must be there, if only to return the state"
	}
	return strings.Join(hints, "; ")
}

// withRoles visits each function that the host calls, once a role.
func (p *program) withRoles(visit func(m *module, fn *function, r role)) {
	for _, m := range p.modules {
		for _, fn := range m.functions {
			for i, r := range fn.roles {
				if !slices.Contains(fn.roles[:i], r) {
					visit(m, fn, r)
				}
			}
		}
	}
}

func (r role) params() []string {
	if r.kind == matchRole {
		c, _ := callbackNamed(r.name)
		return c.params
	}
	return registrations[r.name].params
}

func callbackParams(p *program, report reporter) {
	p.withRoles(func(m *module, fn *function, r role) {
		want := r.params()
		if len(fn.params) > len(want) {
			report(m, fn.line, Warning, fmt.Sprintf("%s is called with %s, so %s is always nil", r, plural(len(want), "argument"), fn.params[len(want)].name), "declare it as "+takes(want))
			return
		}
		for i, param := range fn.params {
			place := slices.Index(want, plainName(param.name))
			if place >= 0 && place != i {
				report(m, fn.line, Warning, fmt.Sprintf("parameter %d of %s is named %s, but gets the %s", i+1, r, param.name, strings.ReplaceAll(want[i], "_", " ")), "declare it as "+takes(want))
				return
			}
		}
	})
}

// plainName makes names comparable that people write in different ways.
func plainName(name string) string {
	name = strings.ToLower(strings.Trim(name, "_"))
	if name == "ctx" {
		return "context"
	}
	return name
}

func callbackResults(p *program, report reporter) {
	p.withRoles(func(m *module, fn *function, r role) {
		c, ok := callbackNamed(r.name)
		if !ok || r.kind != matchRole {
			return
		}
		for _, ret := range fn.returns {
			problem := wrongResult(c, ret)
			if problem == "" {
				problem = p.wrongTypes(m, c, ret)
			}
			if problem != "" {
				report(m, ret.Line(), Error, problem, fmt.Sprintf("return %s", c.returns))
			}
		}
		if c.must && !endsInReturn(fn.body) {
			reportEnd(m, fn, c, report)
		}
	})
}

// reportEnd reports a callback that can run to its end without a return. Where that only
// ends the match, and the callback returns a state elsewhere, it may be meant.
func reportEnd(m *module, fn *function, c callback, report reporter) {
	severity, effect := Warning, "which is an error"
	if c.min == 1 {
		effect = "which ends the match"
		if len(fn.returns) > 0 {
			severity = Info
		}
	}
	line := fn.line
	if len(fn.body) > 0 {
		line = fn.body[len(fn.body)-1].Line()
	}
	report(m, line, severity, fmt.Sprintf("%s can end without a return, %s", c.name, effect), fmt.Sprintf("return %s at its end", c.returns))
}

// wrongResult says what is wrong with a return statement of a callback. One that returns
// nil alone ends the match, which may be meant.
func wrongResult(c callback, ret *ast.ReturnStmt) string {
	n := len(ret.Exprs)
	open := n > 0 && glua.HasManyValues(ret.Exprs[n-1])
	if open {
		n--
	}
	_, isNil := firstExpr(ret).(*ast.NilExpr)
	switch {
	case c.name == "match_init" && isNil:
		return "match_init returns nil for the state, so that match_create raises"
	case n > c.max:
		return fmt.Sprintf("%s returns %s and may return %d", c.name, plural(n, "value"), c.max)
	case open || n >= c.min || n == 0 || n == 1 && isNil:
		return ""
	}
	return fmt.Sprintf("%s returns %s and must return %d", c.name, plural(n, "value"), c.min)
}

// resultTypes are what a callback must return in each place but the first, the state.
var resultTypes = map[string][]string{
	"match_init":         {"number", "string"},
	"match_join_attempt": {"boolean", "string"},
	"match_signal":       {"string"},
}

// wrongTypes says which of the values is certainly of another type.
func (p *program) wrongTypes(m *module, c callback, ret *ast.ReturnStmt) string {
	for i, want := range resultTypes[c.name] {
		if i+1 >= len(ret.Exprs) {
			break
		}
		got := p.typeOf(m, ret.Exprs[i+1])
		mayBeNil := c.name == "match_signal" || c.name == "match_join_attempt" && i == 1
		if got != "" && got != want && !(got == "nil" && mayBeNil) {
			return fmt.Sprintf("value %d of %s must be a %s, but is %s", i+2, c.name, want, article(got))
		}
	}
	return ""
}

// typeOf is the type of a value that is plain, or "".
func (p *program) typeOf(m *module, expr ast.Expr) string {
	switch v := p.eval(m, expr).(type) {
	case constant:
		return literalType(v.Expr)
	case *table:
		return "table"
	case *function:
		return "function"
	}
	return ""
}

func firstExpr(ret *ast.ReturnStmt) ast.Expr {
	if len(ret.Exprs) == 0 {
		return nil
	}
	return ret.Exprs[0]
}

func rpcResults(p *program, report reporter) {
	p.withRoles(func(m *module, fn *function, r role) {
		if r.kind == matchRole || r.kind == startRole || strings.HasSuffix(r.name, "_after") {
			return
		}
		for _, ret := range fn.returns {
			n := len(ret.Exprs)
			if n > 1 {
				report(m, ret.Line(), Warning, fmt.Sprintf("%s returns %s: only the last one counts", r, plural(n, "value")), "return one value; to fail, call error({message, code})")
				continue
			}
			if r.kind == rpcRole && n == 1 {
				if got := p.typeOf(m, ret.Exprs[0]); got == "table" || got == "number" || got == "boolean" {
					report(m, ret.Line(), Error, fmt.Sprintf("an RPC must return a string or nil, but returns %s", article(got)), "return nk.json_encode(value)")
				}
			}
		}
	})
}

// dispatcherParams is how many arguments each function of the dispatcher takes.
var dispatcherParams = map[string]int{
	"broadcast_message": 5, "broadcast_message_deferred": 5, "match_kick": 1, "match_label_update": 1,
}

func dispatcherCalls(p *program, report reporter) {
	known := nkshim.DispatcherFunctions()
	for _, m := range p.modules {
		for _, c := range m.calls {
			object, name := c.Receiver, c.Method
			if get, ok := c.Func.(*ast.AttrGetExpr); ok {
				object = get.Object
				if key, ok := get.Key.(*ast.StringExpr); ok {
					name = key.Value
				}
			}
			if name == "" || !isDispatcher(m, object) {
				continue
			}
			most, ok := dispatcherParams[name]
			switch {
			case !ok:
				report(m, c.Line(), Error, fmt.Sprintf("the dispatcher has no function %s", name), didYouMean(name, known))
			case c.Func == nil:
				report(m, c.Line(), Error, fmt.Sprintf("%s is called with a colon, which gives it the dispatcher as its first argument", name), "call it with a dot")
			case len(c.Args) > most:
				report(m, c.Line(), Warning, fmt.Sprintf("%s takes %s and gets %d", name, plural(most, "argument"), len(c.Args)), "the rest is ignored; leave it out")
			case strings.HasPrefix(name, "broadcast") && (len(c.Args) == 0 || literalType(c.Args[0]) != "" && literalType(c.Args[0]) != "number"):
				report(m, c.Line(), Error, fmt.Sprintf("%s needs an op code, which is a number, as its first argument", name), fmt.Sprintf("write %s(1, data, presences)", name))
			}
		}
	}
}

// isDispatcher says whether an expression is the second parameter of a match callback.
func isDispatcher(m *module, expr ast.Expr) bool {
	ident, ok := expr.(*ast.IdentExpr)
	if !ok {
		return false
	}
	return isParam(m.uses[ident], 1, func(r role) bool { return r.kind == matchRole && r.name != "match_init" })
}

// isParam says whether a variable is the n-th parameter, from 0, of a function whose
// roles fit, and keeps its value.
func isParam(v *variable, n int, fits func(role) bool) bool {
	if v == nil || v.kind != parameter || len(v.values) != 1 || len(v.fn.roles) == 0 {
		return false
	}
	for _, r := range v.fn.roles {
		if !fits(r) {
			return false
		}
	}
	return n < len(v.fn.params) && v.fn.params[n] == v
}

var contextKeys = []string{
	"client_ip", "client_port", "env", "execution_mode", "headers", "lang", "match_id", "match_label", "match_node",
	"match_tick_rate", "node", "query_params", "session_id", "trace_id", "user_id", "user_session_exp", "username", "vars", "version",
}

func contextFields(p *program, report reporter) {
	any := func(role) bool { return true }
	for _, m := range p.modules {
		set := map[string]bool{}
		for _, w := range m.loose {
			set[w.key] = true
		}
		for _, f := range m.fields {
			ident, ok := f.Object.(*ast.IdentExpr)
			if !ok || !isParam(m.uses[ident], 0, any) || slices.Contains(contextKeys, f.name) || set[f.name] || m.tested[ident.Value+"."+f.name] {
				continue
			}
			suggestion := didYouMean(snake(f.name), contextKeys)
			if slices.Contains(contextKeys, snake(f.name)) {
				suggestion = fmt.Sprintf("did you mean %s?", snake(f.name))
			}
			report(m, f.Line(), Warning, fmt.Sprintf("the context has no field %s", f.name), suggestion)
		}
	}
}

// snake writes a name such as UserId or userID as user_id.
func snake(name string) string {
	var text strings.Builder
	lower := false
	for _, letter := range name {
		upper := letter >= 'A' && letter <= 'Z'
		if upper && lower {
			text.WriteByte('_')
		}
		lower = !upper && letter != '_'
		text.WriteString(strings.ToLower(string(letter)))
	}
	return text.String()
}

func lateRegistrations(p *program, report reporter) {
	for _, m := range p.modules {
		for _, c := range m.calls {
			name, ok := p.nakamaCall(m, c)
			if r, registers := registrations[name]; !ok || !registers || r.kind == startRole {
				continue
			}
			for fn := c.in; fn != nil; fn = fn.parent {
				i := slices.IndexFunc(fn.roles, func(r role) bool { return r.kind != startRole })
				if i < 0 {
					continue
				}
				report(m, c.Line(), Warning, fmt.Sprintf("%s in %s comes too late: from the start on a new name registers nothing", name, fn.roles[i]), "register while the module loads")
				break
			}
		}
	}
}
