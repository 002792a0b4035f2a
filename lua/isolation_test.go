package lua_test

import (
	"slices"
	"testing"

	"nkhost/lua"
)

// TestIsolation changes something in one VM. That VM must see the change, and neither a
// VM that was there before nor one that is made later may.
func TestIsolation(t *testing.T) {
	t.Parallel()
	modules := files{
		"counter.lua":  `local n = 0 return {next = function() n = n + 1 end, get = function() return n end}`,
		"looking.lua":  `mark = package.loaded.looking return getmetatable(mark)`,
		"failing.lua":  `error("no")`,
		"changing.lua": `return {list = {}}`,
	}
	for name, c := range map[string]struct{ change, look, here, there string }{
		"a global":              {`x = 1`, `return x`, "1", "nil"},
		"a field of _G":         {`_G.x = 1`, `return x`, "1", "nil"},
		"a base function":       {`print = 1`, `return type(print)`, "number", "function"},
		"no base function":      {`print = nil`, `return type(print)`, "nil", "function"},
		"rawset of _G":          {`rawset(_G, "pairs", 1)`, `return type(pairs)`, "number", "function"},
		"a library":             {`string = {}`, `return type(string.format)`, "nil", "function"},
		"no library":            {`local s = string string = nil`, `return type(string)`, "nil", "table"},
		"no package":            {`local p = package package = nil`, `return type(package)`, "nil", "table"},
		"no _G":                 {`local g = _G _G = nil`, `return type(_G)`, "nil", "table"},
		"a library function":    {`string.format = function() return "mine" end`, `return ("%d"):format(1), string.format("%d", 1)`, "mine mine", "1 1"},
		"a new function":        {`function table.find() return "found" end`, `return table.find and table.find()`, "found", "nil"},
		"no library function":   {`local f = table.insert table.insert = nil`, `return type(table.insert)`, "nil", "function"},
		"a constant":            {`math.pi = 3`, `return math.pi < 3.1`, "true", "false"},
		"a string method":       {`function string.shout(s) return s:upper() .. "!" end`, `return pcall(function() return ("a"):shout() end)`, "true A!", "false piece.lua:1: attempt to call a non-function object"},
		"the strings' __index":  {`getmetatable("").__index = function(_, name) return name end`, `return ("a").x`, "x", "nil"},
		"no strings' __index":   {`getmetatable("").__index = nil`, `return (pcall(function() return ("a").len end))`, "false", "true"},
		"a metatable of _G":     {`setmetatable(_G, {__index = function(_, name) return name end})`, `return unknown`, "unknown", "nil"},
		"a metatable of string": {`setmetatable(string, {__index = {x = 1}})`, `return string.x`, "1", "nil"},
		"what is loaded":        {`package.loaded.counter = "mine"`, `return type(require("counter"))`, "string", "table"},
		"nothing loaded":        {`local s = package.loaded.string package.loaded.string = nil`, `return type(package.loaded.string), pcall(require, "string") and "found" or "lost"`, "nil lost", "table found"},
		"a preloaded module":    {`package.preload.counter = function() return 7 end`, `return type(require("counter"))`, "number", "table"},
		"no preloaded module":   {`package.preload.counter = nil`, `return (pcall(require, "counter"))`, "false", "true"},
		"a loader":              {`table.insert(package.loaders, 1, function() return function() return "made" end end)`, `return type(require("counter"))`, "string", "table"},
		"package.path":          {`package.path = "x"`, `return package.path`, "x", ""},
		"a module's local":      {`require("counter").next() require("counter").next()`, `return require("counter").get()`, "2", "0"},
		"a module's table":      {`table.insert(require("changing").list, 1)`, `return #require("changing").list`, "1", "0"},
		"a metatable":           {`setmetatable(require("changing"), {__index = {x = 1}})`, `return require("changing").x`, "1", "nil"},
		"a failed require":      {`pcall(require, "failing")`, `return package.loaded.failing ~= nil`, "true", "false"},
		"the mark of a module that is being loaded": {
			`require("looking") setmetatable(mark, {__index = {x = 1}})`, `require("looking") return getmetatable(mark)`, "", "nil",
		},
		"module":      {`module("mine", package.seeall) x = 1`, `return type(mine)`, "table", "nil"},
		"environment": {`setfenv(loadstring("x = 1"), _G)() `, `return x`, "1", "nil"},
		"a library of the host": {
			`require("host").answer = function() return 1 end`, `return require("host").answer()`, "1", "42",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := worlds(t, modules, lua.Options{Libraries: hostLibrary})
			first, before := newWorld(t, r), newWorld(t, r)
			if c.here != "" { // otherwise the look itself would undo the change
				before.want(t, c.look, c.there)
			}
			if _, err := first.run(t, c.change); err != nil {
				t.Fatal(err)
			}
			if c.here != "" {
				first.want(t, c.look, c.here)
			}
			before.want(t, c.look, c.there)
			newWorld(t, r).want(t, c.look, c.there)
		})
	}
}

// TestSeeds draws in turn from two VMs with the same seed, and from one without: each
// goes through its own sequence.
func TestSeeds(t *testing.T) {
	t.Parallel()
	r := worlds(t, nil, lua.Options{})
	first, second, unseeded := newWorld(t, r), newWorld(t, r), newWorld(t, r)
	draw := func(w world, piece string) string {
		t.Helper()
		drawn, err := w.run(t, piece)
		if err != nil {
			t.Fatal(err)
		}
		return drawn
	}
	const seeded, next = `math.randomseed(42) return math.random(1e9)`, `return math.random(1e9)`
	want := []string{draw(first, seeded), draw(first, next), draw(first, next)}
	got := []string{draw(second, seeded)}
	draw(first, `math.randomseed(7)`)
	draw(unseeded, next)
	got = append(got, draw(second, next))
	draw(first, next)
	got = append(got, draw(second, next))
	if !slices.Equal(got, want) || want[0] == want[1] {
		t.Errorf("drew %q and then %q", want, got)
	}
	unseeded.want(t, `
	for _ = 1, 1000 do
	  local n, m, x = math.random(6), math.random(-1, 1), math.random()
	  if n < 1 or n > 6 or m < -1 or m > 1 or x < 0 or x >= 1 then return n, m, x end
	end
	return "in range"`, "in range")
	for _, empty := range []string{"math.random(0)", "math.random(2, 1)"} {
		unseeded.wantRaise(t, empty, "interval is empty")
	}
}
