package lua_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"nkhost/lua"
)

// TestNames has the names of everything that Lua finds, and of nothing more.
func TestNames(t *testing.T) {
	t.Parallel()
	w := oneWorld(t)
	for library, want := range map[string]string{
		"_G": `_G _VERSION assert bit32 collectgarbage dofile error getfenv getmetatable ipairs load
			loadfile loadstring math module newproxy next os package pairs pcall print rawequal rawget
			rawset require select setfenv setmetatable string table tonumber tostring type unpack xpcall`,
		"package": "cpath loaded loaders loadlib path preload seeall",
		"table":   "concat getn insert maxn remove sort",
		"string":  "__index byte char dump find format gfind gmatch gsub len lower match rep reverse sub upper",
		"math": `abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp huge ldexp log log10 max min mod
			modf pi pow rad random randomseed sin sinh sqrt tan tanh`,
		"bit32": "arshift band bnot bor btest bxor extract lrotate lshift replace rrotate rshift",
		"os":    "clock date difftime time",
	} {
		w.want(t, `
		local names = {}
		for name in pairs(`+library+`) do names[#names + 1] = name end
		table.sort(names)
		return table.concat(names, " ")`, strings.Join(strings.Fields(want), " "))
	}
	w.want(t, "return io, debug, coroutine, channel", "nil nil nil nil")
	w.want(t, `return package.loaded.io, package.loaded.debug, package.loaded.coroutine`, "nil nil nil")
	w.want(t, `return getmetatable("").__index == string`, "true")
}

func TestSandbox(t *testing.T) {
	t.Parallel()
	for piece, want := range map[string]string{
		`return loadfile("load.lua")`:                                                                                   "nil loadfile: Lua has no access to files here; use require with the name of a module",
		`return pcall(dofile, "load.lua")`:                                                                              "false piece.lua:1: dofile: Lua has no access to files here; use require with the name of a module",
		`return pcall(package.loadlib, "libc.so", "getpid")`:                                                            "false piece.lua:1: package.loadlib is not supported",
		`return pcall(string.dump, function() end)`:                                                                     "false piece.lua:1: string.dump is not supported",
		`return (select(2, pcall(require, "io"))):match("%a+ %a+ %a+ %a+")`:                                             "module io not found",
		`for i = 1, 9 do if i == 5 then goto done end end ::done:: return "jumped"`:                                     "jumped",
		`local i = 1 ::again:: i = i * 2 if i < 100 then goto again end return i`:                                       "128",
		`return loadstring("return ...", "chunk")(1, 2)`:                                                                "1 2",
		`return loadstring("return +", "chunk")`:                                                                        `nil chunk:1: syntax error near "+"`,
		`return load(function() return nil end)()`:                                                                      "",
		`local n = 0 return load(function() n = n + 1 return ({"return ", "4", "2"})[n] end)()`:                         "42",
		`return select(2, loadstring(("-"):rep(300000)))`:                                                               "chunk has more than 262144 bytes",
		`return collectgarbage("count")`:                                                                                "",
		`return pcall(function() setmetatable("", {}) end)`:                                                             "false piece.lua:1: bad argument #1 to setmetatable (table or userdata expected, got string)",
		`return type(os.time()), os.time({year=2024,month=2,day=29,hour=12}), os.date("%Y-%m-%d %H:%M:%S", 1709208000)`: "number 1709208000 2024-02-29 12:00:00",
	} {
		t.Run(piece, func(t *testing.T) {
			t.Parallel()
			oneWorld(t).want(t, piece, want)
		})
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	type key struct{}
	var lines []string
	r := worlds(t, files{"say.lua": `return print`}, lua.Options{Print: func(ctx context.Context, text string) {
		lines = append(lines, ctx.Value(key{}).(string)+": "+text)
	}})
	w := newWorld(t, r)
	fn, err := w.Require(t.Context(), "say")
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.WithValue(t.Context(), key{}, "of the call")
	if _, err := w.Call(ctx, nil, function(t, fn), lua.FromGo("one"), lua.FromGo(2), lua.FromGo(nil), lua.FromGo(0.5)); err != nil {
		t.Fatal(err)
	}
	if want := []string{"of the call: one\t2\tnil\t0.5"}; !slices.Equal(lines, want) {
		t.Errorf("printed %q, want %q", lines, want)
	}
	oneWorld(t).want(t, `return print(setmetatable({}, {__tostring = function() return "named" end}))`, "")
}

// The clock of the os library is that of the options.
func TestClock(t *testing.T) {
	t.Parallel()
	now := time.Date(2024, 2, 29, 12, 30, 15, 0, time.FixedZone("", 3600))
	w := newWorld(t, worlds(t, nil, lua.Options{Now: func(context.Context) time.Time {
		defer func() { now = now.Add(1500 * time.Millisecond) }()
		return now
	}}))
	w.want(t, `return os.clock(), os.clock()`, "1.5 3")
	w.want(t, `return os.time(), os.date("!%H:%M:%S"), os.date("%X")`, "1709206219 11:30:21 11:30:22")
	w.want(t, `local d = os.date("*t", 0) return d.year, d.month, d.day, d.hour, d.wday, d.yday, d.isdst`, "1970 1 1 0 4 1 false")
	w.want(t, `return os.date("%c|%w|%%|%Q|%", 0)`, "01 Jan 70 00:00 UTC|4|%|%Q|%")
}
