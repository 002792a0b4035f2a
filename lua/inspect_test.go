package lua_test

import (
	"slices"
	"testing"

	"nkhost/lua"
)

func TestStandardNames(t *testing.T) {
	t.Parallel()
	names := lua.StandardNames()
	for library, some := range map[string][]string{
		"_G":      {"_G", "_VERSION", "ipairs", "os", "package", "pairs", "print", "require", "string", "unpack"},
		"math":    {"huge", "pi", "sin"},
		"os":      {"clock", "date", "difftime", "time"},
		"package": {"loaded", "loaders", "path", "preload"},
		"string":  {"format"},
	} {
		for _, name := range some {
			if !slices.Contains(names[library], name) {
				t.Errorf("%s has no %s: %v", library, name, names[library])
			}
		}
	}
	if names["io"] != nil || slices.Contains(names["_G"], "io") || len(names["os"]) != 4 {
		t.Errorf("there is more than there is: %v", names)
	}
}
