package nkshim

import (
	_ "embed"
	"maps"
	"slices"
	"strings"
)

// contract lists every function of Nakama's Lua runtime with its parameters: those that
// end in ? may be left out, a type |nil must be given, if only as nil.
//
//go:embed contract.tsv
var contract string

// Function is a function of Nakama's Lua module as its server takes it.
type Function struct {
	Group, Name string
	Params      []Param
	Returns     []Param
	Status      Status
}

// Param is a parameter or a returned value.
type Param struct {
	Name     string
	Type     string // string, number, int, int64, bool, table, function or any
	Optional bool   // may be left out, or is nil at times
	Nil      bool   // must be given, but may be nil
	Default  string // what stands for an optional parameter that is left out, as text
}

// Status says what nkhost makes of a function.
type Status int

// What nkhost makes of a function of Nakama's.
const (
	Works    Status = iota // does what it does on Nakama
	Missing                // raises
	Uncalled               // takes a function or a setting that has no effect yet
)

// MinArgs is how many arguments a call needs.
func (f Function) MinArgs() int {
	for i := len(f.Params); i > 0; i-- {
		if !f.Params[i-1].Optional {
			return i
		}
	}
	return 0
}

// Contract returns every function, in the order of Nakama's own table.
func Contract() []Function {
	there := mergeFamilies(families())
	lines := strings.Split(strings.TrimSpace(contract), "\n")
	functions := make([]Function, 0, len(lines)-1)
	for _, line := range lines[1:] {
		columns := strings.Split(line, "\t")
		f := Function{Group: columns[0], Name: columns[1], Params: params(columns[2]), Returns: params(columns[3])}
		switch {
		case there[f.Name] == nil:
			f.Status = Missing
		case isUncalled(f.Name):
			f.Status = Uncalled
		}
		functions = append(functions, f)
	}
	return functions
}

// params reads "name: type? = default, …".
func params(text string) []Param {
	if text == "" || text == "-" {
		return nil
	}
	var list []Param
	for part := range strings.SplitSeq(text, ", ") {
		name, kind, _ := strings.Cut(part, ": ")
		kind, otherwise, _ := strings.Cut(kind, " = ")
		kind, optional := strings.CutSuffix(kind, "?")
		kind, orNil := strings.CutSuffix(kind, "|nil")
		list = append(list, Param{Name: name, Type: kind, Optional: optional, Nil: orNil, Default: otherwise})
	}
	return list
}

// DispatcherFunctions names the fields of the dispatcher that match callbacks get.
func DispatcherFunctions() []string { return slices.Sorted(maps.Keys(dispatcherFunctions)) }
