package lua_test

import (
	"sync"
	"testing"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// TestFrozen has what RPCs may do with tables that were there when the VM was frozen.
func TestFrozen(t *testing.T) {
	t.Parallel()
	const refused = "attempt to modify a read only table"
	modules := files{
		"config.lua": `return {list = {3, 1, 2}, deep = {{5, 6}}}`,
		"local.lua":  `local hidden = {3, 1, 2} return function() return hidden end`,
	}
	for name, c := range map[string]struct{ piece, want, raise string }{
		"remove":                   {piece: `table.remove(list)`, raise: refused},
		"remove at a place":        {piece: `table.remove(list, 1)`, raise: refused},
		"sort":                     {piece: `table.sort(list)`, raise: refused},
		"sort with a function":     {piece: `table.sort(list, function(a, b) return a > b end)`, raise: refused},
		"insert at a place":        {piece: `table.insert(list, 1, 0)`, raise: refused},
		"a module's table":         {piece: `table.sort(require("config").list)`, raise: refused},
		"a table in its table":     {piece: `table.remove(require("config").deep[1])`, raise: refused},
		"a metatable away":         {piece: `table.remove(setmetatable(list, {}))`, raise: refused},
		"a global of the globals":  {piece: `table.remove(_G.list)`, raise: refused},
		"append":                   {piece: `table.insert(list, 4) return #list`, want: "4"},
		"assign":                   {piece: `list[1] = 9 list.x = 1 return list[1], list.x`, want: "9 1"},
		"assign nil":               {piece: `list[3] = nil return #list`, want: "2"},
		"rawset":                   {piece: `rawset(list, 1, 7) return list[1]`, want: "7"},
		"a new table in it":        {piece: `list[4] = {2, 1} table.sort(list[4]) return list[4][1]`, want: "1"},
		"a copy":                   {piece: `local copy = {unpack(list)} table.sort(copy) return copy[1], list[1]`, want: "1 3"},
		"a new global":             {piece: `fresh = {2, 1} table.sort(fresh) return fresh[1]`, want: "1"},
		"a local":                  {piece: `local t = {2, 1} table.sort(t) return table.remove(t)`, want: "2"},
		"what only a function has": {piece: `local t = require("local")() table.sort(t) return t[1]`, want: "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := worlds(t, modules, lua.Options{})
			w := newWorld(t, r)
			if _, err := w.run(t, `list = {3, 1, 2} require("config") require("local")`); err != nil {
				t.Fatal(err)
			}
			w.Freeze()
			if c.raise != "" {
				w.wantRaise(t, c.piece, c.raise)
				return
			}
			w.want(t, c.piece, c.want)
			other := newWorld(t, r) // as matches have: nothing is frozen in it
			other.want(t, `local list = require("config").list table.sort(list) return table.remove(list)`, "3")
		})
	}
}

// A table is put into a cache twice, by two names, and dropped by one: it is still in the
// cache, and must stay frozen until the other is dropped, too. What the two have in
// common with a third table follows the same rule.
func TestFrozenTwice(t *testing.T) {
	t.Parallel()
	w := oneWorld(t)
	tables, err := w.values(t, `inner = {1, 2, 3, 4} a = {inner, 2, 3, 4} b = {inner, inner} b.self = b return a, b`)
	if err != nil {
		t.Fatal(err)
	}
	frozen := func(want string) {
		t.Helper()
		w.want(t, `
		local function frozen(t) return not pcall(table.insert, t, #t + 1, 0) end
		return frozen(a), frozen(b), frozen(inner)`, want)
	}
	frozen("false false false")
	first := w.FreezeValue(tables[0])
	second := w.FreezeValue(tables[0])
	third := w.FreezeValue(tables[1])
	frozen("true true true")
	first()
	first() // once more: it is done already
	frozen("true true true")
	second()
	frozen("false true true")
	third()
	frozen("false false false")
	w.FreezeValue(glua.LString("text"))()

	w.Freeze()
	w.FreezeValue(tables[0])()
	frozen("true true true")
}

// A table that grew while it was frozen is thawed with the tables it had.
func TestFrozenGrows(t *testing.T) {
	t.Parallel()
	w := oneWorld(t)
	tables, err := w.values(t, `t, old, new = {}, {2, 1}, {2, 1} t[1] = old return t`)
	if err != nil {
		t.Fatal(err)
	}
	thaw := w.FreezeValue(tables[0])
	w.want(t, `t[1] = new return pcall(table.sort, old), pcall(table.sort, new)`, "false true")
	thaw()
	w.want(t, `return (pcall(table.sort, old))`, "true")
}

// Thawing is for any goroutine, while Lua runs.
func TestThawMeanwhile(t *testing.T) {
	t.Parallel()
	w := oneWorld(t)
	tables, err := w.values(t, `list = {} for i = 1, 100 do list[i] = {i} end return list`)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 20 {
		group.Go(w.FreezeValue(tables[0]))
		w.want(t, `for i = 1, 100 do pcall(table.remove, {i}) pcall(table.sort, list[i]) end return #list`, "100")
	}
	group.Wait()
	w.want(t, `return (pcall(table.remove, list))`, "true")
}
