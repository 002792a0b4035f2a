package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"nkhost/lua"
	"nkhost/nkshim"
)

// program is all modules together.
type program struct {
	contract map[string]nkshim.Function
	standard map[string][]string // see lua.StandardNames

	files    int       // with those that do not compile
	modules  []*module // those that compile, in the order of their names
	byName   map[string]*module
	globals  map[string][]globalWrite
	tables   map[*ast.TableExpr]*table
	created  map[string]bool // the modules that are given to match_create by name
	findings []Finding

	// dynamicGlobals says that globals may come from where no one can see.
	dynamicGlobals bool
	// dynamicModules says that require may find what is no file.
	dynamicModules bool
}

// module is a file that compiles, and what was found out about it.
type module struct {
	name, file string
	ignored    map[int][]string // rules by line; an empty list is all rules

	chunk     *function
	functions []*function                  // with the chunk, outer before inner
	uses      map[*ast.IdentExpr]*variable // nil for a global
	byNode    map[*ast.FunctionExpr]*function
	calls     []call
	variables []*variable
	globals   []globalUse
	fields    []fieldUse
	assigns   []assignment
	loops     []*ast.GenericForStmt
	loose     []looseWrite
	// tested are the globals and dotted names of which the module asks whether they are there.
	tested    map[string]bool
	usesPcall bool
}

// function is a function of a module, or the module's chunk itself.
type function struct {
	module  *module
	parent  *function // nil for the chunk
	line    int
	params  []*variable
	varargs bool
	body    []ast.Stmt
	returns []*ast.ReturnStmt
	roles   []role
	calls   *[]*function // see program.callees; nil until it is asked
	guarded bool         // given to pcall or xpcall where it is written
}

// within says whether f is g or inside of it.
func (f *function) within(g *function) bool {
	for ; f != nil; f = f.parent {
		if f == g {
			return true
		}
	}
	return false
}

type variableKind int

const (
	localVariable variableKind = iota
	oneOfSeveral               // in local a, b = f()
	parameter
	loopVariable
)

// variable is a local variable.
type variable struct {
	name   string
	kind   variableKind
	line   int
	fn     *function
	values []ast.Expr // what is assigned to it; nil where that is not one expression
	reads  int
}

// call is a call, with the function in which it stands.
type call struct {
	*ast.FuncCallExpr
	in *function
}

// globalUse is a read of a global.
type globalUse struct {
	*ast.IdentExpr
	in     *function
	needed bool // called or indexed: nil would raise
}

// fieldUse is a read of a field by name.
type fieldUse struct {
	*ast.AttrGetExpr
	name   string
	in     *function
	needed bool
}

type assignment struct {
	*ast.AssignStmt
	in *function
}

type globalWrite struct {
	module *module
	in     *function
	line   int
	value  ast.Expr // nil where it is not one expression
}

// looseWrite is an assignment to a field, or of a table's fields in ways that the text
// does not show.
type looseWrite struct {
	object ast.Expr
	key    string
	value  ast.Expr // nil where it is not one expression
	in     *function
	any    bool // any key
}

func newModule(file, source string) *module {
	return &module{
		name: lua.ModuleName(file), file: file, ignored: ignoredRules(source),
		uses: map[*ast.IdentExpr]*variable{}, byNode: map[*ast.FunctionExpr]*function{}, tested: map[string]bool{},
	}
}

// parse reads the module's syntax, which is known to compile.
func (m *module) parse(source string) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("%v", fault)
		}
	}()
	chunk, err := parse.Parse(strings.NewReader(source), m.file)
	if err != nil {
		return err
	}
	m.chunk = &function{module: m, line: 1, body: chunk, varargs: true}
	return nil
}

var ignoreComment = regexp.MustCompile(`--\s*nkhost:\s*ignore\b([^\n]*)`)

// ignoredRules finds the comments "-- nkhost: ignore RULE, RULE".
func ignoredRules(source string) map[int][]string {
	var ignored map[int][]string
	for i, line := range strings.Split(source, "\n") {
		found := ignoreComment.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		if ignored == nil {
			ignored = map[int][]string{}
		}
		ignored[i+1] = strings.FieldsFunc(found[1], func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\r' })
	}
	return ignored
}

func (m *module) ignores(line int, rule string) bool {
	names, ok := m.ignored[line]
	return ok && (len(names) == 0 || slices.Contains(names, rule))
}
