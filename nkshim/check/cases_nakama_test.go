package check

var nakamaCases = []ruleCase{
	{
		rule: "nakama-function",
		bad: `
nk.jsn_decode("{}")
local function f() return nk.storage_raed({}) end
local M = { api = nk }
M.api.logger_inf("x")
local decode = nk.json_decod
decode("{}")
pcall(nk.match_craete, "m")
Nakama = require("nakama")
function use() Nakama.uuid_v5() end
-- FILE second.lua
Nakama = require("nakama")
Nakama.uuid_v6()
`,
		want: []string{
			"main.lua:3 error: … no function jsn_decode … did you mean json_decode?",
			"main.lua:4 … storage_raed … did you mean storage_read?",
			"main.lua:6 … logger_inf … did you mean logger_info?",
			"main.lua:8 … json_decod ",
			"main.lua:9 … match_craete … did you mean match_create?",
			"main.lua:11 … uuid_v5 … did you mean uuid_v4?",
			"second.lua:2 … uuid_v6",
		},
		good: `
nk.json_decode("{}")
if nk.shiny then nk.shiny() end
nk.own = function() end
nk.own()
local other = { jsn_decode = print }
other.jsn_decode("{}")
local function f(nk) nk.anything() end
nk[tostring(1)]()
`,
	},
	{
		rule: "nakama-missing",
		bad:  "nk.purchase_validate_apple('u', 'r')\npcall(nk.purchase_validate_apple, 'u', 'r')\nnk.register_storage_index('i', 'c', 'k', {}, {}, 1)\n",
		want: []string{"main.lua:2 warning: nkhost does not have purchase_validate_apple yet", "main.lua:4 warning: register_storage_index has no effect"},
		good: "nk.json_encode({})\n",
	},
	{
		rule: "nakama-method",
		bad:  "nk:json_encode({})\n",
		want: []string{"main.lua:2 error: json_encode is called with a colon"},
		good: "nk.json_encode({})\nlocal s = 'x'\ns:rep(2)\n",
	},
	{
		rule: "arguments",
		bad: `
nk.match_list()
nk.match_list(10, true, nil)
nk.match_create("m")
nk.json_encode({}, true)
nk.storage_list(nil, "c")
local encode = nk.base64_encode
encode()
`,
		want: []string{
			"main.lua:3 error: match_list needs 6 arguments and gets 0",
			"main.lua:4 error: match_list needs 6 arguments and gets 3 … minSize must be given, if only as nil",
			"main.lua:5 error: match_create needs 2 arguments and gets 1 … params must be given",
			"main.lua:6 warning: json_encode takes 1 argument and gets 2",
			"main.lua:7 error: storage_list needs 3 arguments and gets 2 … (userID, collection, limit[, cursor[, callerID]])",
			"main.lua:9 error: base64_encode needs 1 argument and gets 0",
		},
		good: `
local function args() return 1, true, "l", 0, 2, "" end
nk.match_list(args())
nk.match_list(10, true, nil, nil, nil, nil)
nk.match_create("m", nil)
local function pass(...) nk.match_create(...) end
nk.time()
nk.logger_info("x")
nk.http_request("u", "get", {})
`,
	},
	{
		rule: "argument-type",
		bad: `
nk.json_decode({})
nk.match_list("10", true, nil, nil, nil, nil)
nk.match_list(10, true, nil, nil, nil, 5)
nk.register_rpc("f", "id")
nk.storage_list("u", "c", nil, 100)
nk.account_update_id("u", "name")
nk.json_decode(nil)
`,
		want: []string{
			"main.lua:3 error: argument 1 (jsonString) of json_decode must be a string, but is a table",
			"main.lua:4 … argument 1 (limit)",
			"main.lua:5 … argument 6 (query) of match_list must be a string, but is a number",
			"main.lua:6 … argument 1 (fn) of register_rpc must be a function, but is a string",
			"main.lua:7 … argument 3 (limit) of storage_list must be a number, but is nil",
			"main.lua:7 … argument 4 (cursor)",
			"main.lua:8 … argument 2 (metadata) of account_update_id must be a table",
			"main.lua:9 … but is nil",
		},
		good: `
nk.json_encode(5)
nk.json_decode(5)
nk.json_decode(tostring(5))
nk.match_list(nil, nil, nil, nil, nil, nil)
nk.account_update_id("u", nil, "name")
nk.metrics_counter_add("m", nil, 1)
nk.localcache_put("k", nil)
`,
	},
	{
		rule: "rpc-result",
		bad: `
local function table_rpc(context, payload)
  if payload == "" then return nil, "empty" end
  local result = { ok = true }
  return result
end
nk.register_rpc(table_rpc, "a")
nk.register_rpc(function() return true end, "b")
nk.register_req_before(function(context, payload) return payload, nil end, "GetAccount")
`,
		want: []string{
			"main.lua:4 warning: an RPC returns 2 values",
			"main.lua:6 error: an RPC must return a string or nil, but returns a table … nk.json_encode",
			"main.lua:9 … but returns a boolean",
			"main.lua:10 warning: a function for nk.register_req_before returns 2 values",
		},
		good: `
local function rpc(context, payload)
  if payload == "" then return end
  local result = {}
  result = nk.json_encode(result)
  return result
end
nk.register_rpc(rpc, "a")
nk.register_rpc(function() return nk.json_encode({}) end, "b")
nk.register_req_after(function() return {}, 1 end, "GetAccount")
local function helper() return 1, 2 end
`,
	},
	{
		rule: "context-field",
		bad: `
nk.register_rpc(function(ctx, payload) return ctx.UserId .. ctx.usrname end, "a")
`,
		want: []string{
			"main.lua:3 warning: the context has no field UserId | did you mean user_id?",
			"main.lua:3 warning: the context has no field usrname | did you mean username?",
		},
		good: `
nk.register_rpc(function(ctx, payload)
  ctx.mine = 1
  return ctx.user_id .. ctx.mine .. ctx.env.key .. (ctx.extra or "")
end, "a")
local function f(ctx) return ctx.anything end
`,
	},
	{
		rule: "late-registration",
		bad: `
nk.register_rpc(function()
  nk.register_rpc(function() end, "b")
end, "a")
`,
		want: []string{"main.lua:4 warning: register_rpc in an RPC comes too late"},
		good: `
local function setup() nk.register_rpc(function() end, "b") end
setup()
nk.run_once(function() nk.register_rpc(function() end, "c") end)
`,
	},
	{
		rule: "empty-payload",
		bad: `
local function rpc(context, payload)
  local request = nk.json_decode(payload or "{}")
end
nk.register_rpc(rpc, "a")
`,
		want: []string{`main.lua:4 warning: the payload of an RPC is never nil … write payload ~= "" and payload or`},
		good: `
nk.register_rpc(function(_, payload) return nk.json_decode(payload ~= "" and payload or "{}") end, "a")
nk.register_rpc(function(_, payload) if #payload == 0 then payload = nil end return payload or "{}" end, "b")
nk.register_rpc(function(_, payload) local ok, t = pcall(nk.json_decode, payload or "{}") end, "c")
nk.register_rpc(function(_, payload) nk.logger_info(payload or "nil") end, "d")
local function helper(_, payload) return payload or "{}" end
nk.register_req_before(function(_, payload) return payload or "{}" end, "X")
`,
	},
	{
		rule: "error-code",
		bad: `
local function fail() error({ "no", 404 }) end
nk.register_rpc(function()
  fail()
  error({ code = 5, message = "gone" })
  error({ "no", "5" })
  error("no luck", 3)
end, "a")
`,
		want: []string{
			"main.lua:3 warning: an error of an RPC cannot have code 404",
			"main.lua:6 warning: named fields",
			"main.lua:7 warning: the second element",
			`main.lua:8 warning: the second argument of error is a level … error({"message", 3})`,
		},
		good: `
nk.register_rpc(function() error({ "gone", 5 }) end, "a")
nk.register_rpc(function() error("gone", 2) end, "b")
nk.register_req_before(function() error({ "go on", 0 }) end, "X")
local function unknown() error({ code = 5 }) end
`,
	},
	{
		rule: "hook-name",
		bad: `
nk.register_req_before(function(_, payload) return payload end, "FriendsAdd")
nk.register_req_after(function() end, "MatchCreate")
nk.register_rt_before(function(_, envelope) return envelope end, "MatchmakerAd")
`,
		want: []string{
			"main.lua:3 warning: there is no request FriendsAdd: this hook never runs",
			"main.lua:4 warning: there is no request MatchCreate … use register_rt_after",
			"main.lua:5 warning: there is no realtime message MatchmakerAd … did you mean MatchmakerAdd?",
		},
		good: `
nk.register_req_before(function(_, payload) return payload end, "addfriends")
nk.register_rt_before(function(_, envelope) return envelope end, "MatchmakerAdd")
local function register(name) nk.register_req_after(function() end, name) end
`,
	},
}
