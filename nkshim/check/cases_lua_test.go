package check

var luaCases = []ruleCase{
	{
		rule: "syntax",
		bad:  "local a = = 1\n",
		want: []string{"main.lua:2 error: syntax error near \"=\" | look for what is missing"},
		good: "goto out\n::out::\n",
	},
	{
		rule: "module-name",
		bad:  "\n-- FILE games/a.lua\nreturn 1\n-- FILE games/a.LUA\nreturn 2\n-- FILE nakama.lua\nreturn {}\n",
		want: []string{`games/a.lua:1 error: games/a.LUA and games/a.lua would both be the module "games.a"`, "nakama.lua:1 error"},
		good: "\n-- FILE games/a.lua\nreturn 1\n-- FILE games_a.lua\nreturn 2\n-- FILE games/nakama.lua\nreturn 2\n",
	},
	{
		rule: "unknown-module",
		bad:  "require('utlis')\nlocal function f() require('lib/utils') end\n-- FILE utils.lua\n-- FILE lib/utils.lua\n",
		want: []string{`main.lua:2 error: there is no module "utlis" | did you mean "utils"?`, `main.lua:3 … did you mean "lib.utils"?`},
		good: `
require("lib.utils")
require("string")
pcall(require, "absent")
pcall(function() return require("absent") end)
local function f(require) require("absent") end
-- FILE lib/utils.lua
`,
	},
	{
		rule: "evaluated-twice",
		bad:  "local lib = require('lib')\n-- FILE lib.lua\nreturn {}\n",
		want: []string{`main.lua:2 info: module "lib" sorts before this one`},
		good: "local z = require('z_lib')\nlocal lib = require('lib')\n-- FILE z_lib.lua\nreturn {}\n-- FILE lib.lua\nreturn {}\n-- FILE early.lua\nrequire('lib')\n",
	},
	{
		rule: "global-assignment",
		bad:  "local function f() count = 1 end\nfunction g() function h() end end\n",
		want: []string{"main.lua:2 warning: count is a global", "main.lua:3 warning: h is a global"},
		good: "count = 1\nfunction f() local count = 2; count = 3 end\nlocal n\nlocal function g() n = 1 end\n",
	},
	{
		rule: "standard-global",
		bad:  "math = nil\nstring.format = 1\nfunction print() end\n_G.pairs = 2\nlocal function f() type = 3 end\n",
		want: []string{
			"main.lua:2 warning: math is Lua's own", "main.lua:3 warning: string.format is Lua's own", "main.lua:4 info: print is Lua's own",
			"main.lua:5 warning: pairs is Lua's own", "main.lua:6 warning: type is Lua's own",
		},
		good: "local print = 1\nprint = 2\nfunction string.split() end\nlocal math = {}\nmath.floor = 1\nfunction math.abs() end\n",
	},
	{
		rule: "unused-global",
		bad:  "tally = 1\nfunction helper() end\n",
		want: []string{"main.lua:2 info: the global tally is never used", "main.lua:3 info: the global helper is never used"},
		good: "used = 1\nalso = 2\n_kept = 3\n_G.named = 5\n-- FILE other.lua\nprint(used, _G.also, named)\n",
	},
	{
		rule: "undefined-global",
		bad: `
local function b() return later() end
local function later() return 1 end
local player = {}
print(plaer.name, TYPO)
function NK() return nakama.uuid_v4() end
`,
		want: []string{
			"main.lua:3 error: later is not defined: using it raises | the local later is declared further down, in line 4",
			"main.lua:6 warning: TYPO is not defined: it is nil",
			"main.lua:6 error: plaer is not defined … did you mean player?",
			`main.lua:7 error: nakama is not defined … add local nakama = require("nakama")`,
		},
		good: `
print(_VERSION, tostring(bit32.band(1, 2)), os.time())
local config = CONFIG or {}
if DEBUG then print(DEBUG) end
if type(jit) == "table" then print(jit.version) end
SHARED = 1
_G.other = 2
-- FILE user.lua
print(SHARED, other)
`,
	},
	{
		rule: "missing-library",
		bad: `
local f = io.open("x")
print(os.getenv("HOME"), table.unpack({}), string.lenght("x"))
print(debug.traceback())
string.dump(print)
dofile("x.lua")
`,
		want: []string{
			"main.lua:3 error: Nakama's Lua has no io | … nk.file_read",
			"main.lua:4 error: Nakama's Lua has no os.getenv | use context.env",
			"main.lua:4 error: Nakama's Lua has no string.lenght",
			"main.lua:4 error: Nakama's Lua has no table.unpack | use unpack",
			"main.lua:5 error: Nakama's Lua has no debug",
			"main.lua:6 error: string.dump always raises",
			"main.lua:7 error: dofile always raises",
		},
		good: `
local unpack = table.unpack or unpack
if debug then print(debug.traceback()) end
function string.lenght(s) return #s end
string.lenght("x")
local io = { open = print }
io.open("x")
local function f(os) os.execute("x") end
pcall(function() dofile("x.lua") end)
print(math.huge, table.getn({}), ("x"):anything())
`,
	},
	{
		rule: "parallel-assignment",
		bad: `
local a, b = 1, 2
a, b = b, a
a, b = b, tostring(a)
local node = { next = {} }
node, node.next = node.next, nil
`,
		want: []string{
			"main.lua:4 error: the local a gets its new value before",
			"main.lua:5 error: the local a",
			"main.lua:7 error: the local node",
		},
		good: `
local a, b = 1, 2
local c, d = b, a
a, b = 1, b
a, b = a, a
a, b = b, function() return a end
local function swap() a, b = b, a end
A, B = 1, 2
A, B = B, A
local t = {}
t.x, t.y = t.y, t.x
local function f() return a, b end
a, b = f(a)
B, a = a, B
`,
	},
	{
		rule: "frozen-table",
		bad: `
QUEUE = { 1, 2 }
local lib = require("z_lib")
local function sorted() table.sort(lib.list) return lib.list end
nk.register_rpc(function()
  table.remove(QUEUE)
  table.insert(QUEUE, 1, 0)
  return nk.json_encode(sorted())
end, "a")
-- FILE z_lib.lua
local M = { list = { 3, 1 } }
return M
`,
		want: []string{
			"main.lua:5 error: table.sort refuses a table that was made at start, line 1 of z_lib.lua, when an RPC comes here",
			"main.lua:7 error: table.remove refuses a table",
			"main.lua:8 error: table.insert refuses",
		},
		good: `
QUEUE = { 1, 2 }
local own = { 1, 2 }
local lib = require("z_lib")
table.sort(lib.list)
nk.register_rpc(function()
  table.insert(QUEUE, 3)
  table.remove(own)
  local fresh = { 1 }
  table.sort(fresh)
  table.sort(lib.changing)
end, "a")
function only_in_matches() table.sort(QUEUE) end
-- FILE z_lib.lua
local M = { list = { 3, 1 }, changing = {} }
function M.refill() M.changing = { 2, 1 } end
return M
`,
	},
	{
		rule: "tonumber-exponent",
		bad:  "local n = tonumber('1e3')\n",
		want: []string{`main.lua:2 warning: tonumber("1e3") is nil here`},
		good: "print(tonumber('1.0e3'), tonumber('17'), tonumber('0xe1'), tonumber('1e3', 16), 1e3)\n",
	},
	{
		rule: "unused-local",
		bad:  "nk.time() local unused = 1\nlocal set\nset = 2\n",
		want: []string{"main.lua:2 info: the local unused is never used", "main.lua:3 info: the local set"},
		good: "nk.time() local _skip = 1\nlocal used = 1\nprint(used)\nlocal a, b = 1, 2\nfor i, v in pairs({}) do end\nlocal function f(x) return f end\n",
	},
	{
		rule: "for-iterator",
		bad: `
local list = { 1, 2 }
for x in list do print(x) end
nk.register_matchmaker_matched(function(context, users) for user in users do print(user) end end)
`,
		want: []string{"main.lua:4 error: list is a table, which for cannot call | write in ipairs(list)", "main.lua:5 error: users is a table"},
		good: `
for x in pairs({}) do print(x) end
local callable = setmetatable({}, { __call = print })
for x in callable do print(x) end
local function f(iterator, state) for x in iterator do end for y in iterator, state do end end
local function each() end
for x in each do print(x) end
`,
	},
}
