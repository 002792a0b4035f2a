package lua

import (
	"maps"
	"slices"

	glua "github.com/yuin/gopher-lua"
)

// CheckSyntax returns a *SyntaxError when source is not Lua.
func CheckSyntax(file, source string) error {
	_, err := compile(tree{file: file}, source)
	return err
}

// StandardNames are the names that a module finds without require: the fields of each
// standard library by the library's name, and the globals under "_G".
func StandardNames() map[string][]string {
	r := NewRuntime(&Modules{}, Options{})
	names := map[string][]string{"_G": r.globals.names()}
	for name, lib := range r.byName {
		names[name] = lib.names()
	}
	return names
}

func (lib *library) names() []string {
	names := slices.Collect(maps.Keys(lib.own))
	lib.shared.ForEach(func(key, _ glua.LValue) { names = append(names, key.String()) })
	slices.Sort(names)
	return names
}
