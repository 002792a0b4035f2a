package check

import (
	"context"
	"testing"
	"testing/fstest"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// evaluated runs Lua and says whether it returns true.
func evaluated(t *testing.T, source string) bool {
	t.Helper()
	modules, err := lua.ReadModules(fstest.MapFS{"m.lua": {Data: []byte(source)}})
	if err != nil {
		t.Fatal(err)
	}
	vm := lua.NewRuntime(modules, lua.Options{}).NewVM()
	defer vm.Close()
	result, err := vm.Require(context.Background(), "m")
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return result == glua.LTrue
}

// TestTheTrapsAreThere runs what rules warn of. A rule whose trap is gone must go, too.
func TestTheTrapsAreThere(t *testing.T) {
	t.Parallel()
	for _, source := range []string{
		`local a, b = 1, 2  a, b = b, a  return a == 2 and b == 2`,
		`local a, b = 1, 2  a, b = b, a + 10  return b == 12`,
		`local old = {next = {}}  local node = old  node, node.next = node.next, "set"  return old.next ~= "set"`,
		`local i, t = 1, {}  i, t[i] = 2, "first"  return t[1] == "first"`, // no trap
		`local a, b = 1, 2  local function swap() a, b = b, a end  swap()  return a == 2 and b == 1`,
		`return tonumber("1e3") == nil and tonumber("1.0e3") == 1000`,
		`f = nil  local f = function() return f ~= nil end  return f()`, // local f = function sees itself
	} {
		if !evaluated(t, source) {
			t.Errorf("it is not so: %s", source)
		}
	}
	for name := range absent {
		if !evaluated(t, "return "+name+" == nil") {
			t.Errorf("%s is there", name)
		}
	}
	for name := range instead {
		if !evaluated(t, "return "+name+" == nil") {
			t.Errorf("%s is there", name)
		}
	}
	for name := range alwaysRaise {
		if !evaluated(t, "return "+name+" ~= nil and not pcall("+name+", print)") {
			t.Errorf("%s does not raise", name)
		}
	}
}
