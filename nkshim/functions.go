package nkshim

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	glua "github.com/yuin/gopher-lua"
)

// function is one function of the nakama module. It returns how many results it
// pushed; what is wrong with a call it raises through the call.
type function func(r *Runtime, c call) int

// families are the tables of functions, a family a file.
func families() []map[string]function {
	return []map[string]function{
		cronFunctions,
		cryptoFunctions,
		encodingFunctions,
		fileFunctions,
		hookFunctions,
		httpFunctions,
		localcacheFunctions,
		loggerFunctions,
		matchFunctions,
		metricsFunctions,
		storageFunctions,
		utilFunctions,
	}
}

// contract lists every function of Nakama's Lua runtime with its parameters.
//
//go:embed contract.tsv
var contract string

// contractNames are the names of all functions that Nakama's modules can call.
func contractNames() []string {
	lines := strings.Split(strings.TrimSpace(contract), "\n")
	names := make([]string, 0, len(lines)-1)
	for _, line := range lines[1:] {
		names = append(names, strings.Split(line, "\t")[1])
	}
	return names
}

// Available names the functions that work, sorted; the others of Nakama's raise.
func Available() []string {
	return slices.Sorted(maps.Keys(mergeFamilies(families())))
}

// library merges the families into the module that require("nakama") returns. A
// function of Nakama's that no family has is there too, and raises when it is called.
func (r *Runtime) library() map[string]glua.LGFunction {
	library := map[string]glua.LGFunction{}
	for _, name := range contractNames() {
		library[name] = missing(name)
	}
	for name, fn := range mergeFamilies(families()) {
		library[name] = func(L *glua.LState) int { return fn(r, call{L: L, name: "nakama." + name}) }
	}
	return library
}

// mergeFamilies panics when two families claim a name: that is a mistake in this
// package, which its tests meet first.
func mergeFamilies(families []map[string]function) map[string]function {
	merged := map[string]function{}
	for _, family := range families {
		for name, fn := range family {
			if _, taken := merged[name]; taken {
				panic(fmt.Sprintf("nkshim: two families define %s", name))
			}
			merged[name] = fn
		}
	}
	return merged
}

func missing(name string) glua.LGFunction {
	return func(L *glua.LState) int {
		L.RaiseError("nakama.%s is not available in nkhost yet", name)
		return 0
	}
}
