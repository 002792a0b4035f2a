package check

const wholeMatch = `
local M = {}
function M.match_init(context, params) return {}, 1, "" end
function M.match_join_attempt(context, dispatcher, tick, state, presence, metadata) return state, true end
function M.match_join(context, dispatcher, tick, state, presences) return state end
function M.match_leave(context, dispatcher, tick, state, presences) return state end
function M.match_loop(context, dispatcher, tick, state, messages) return state end
function M.match_terminate(context, dispatcher, tick, state, grace_seconds) return state end
function M.match_signal(context, dispatcher, tick, state, data) return state, "" end
`

var matchCases = []ruleCase{
	{
		rule: "match-module",
		bad: `
local MODULE = "lobyb"
nk.match_create(MODULE, {})
nk.match_create("games/chess", {})
-- FILE lobby.lua
return {}
-- FILE games/chess.lua
return {}
`,
		want: []string{`main.lua:4 error: there is no match module "lobyb" | did you mean "lobby"?`, `main.lua:5 … did you mean "games.chess"?`},
		good: `
nk.match_create("games.chess", {})
local function create(name) nk.match_create(name, {}) end
-- FILE games/chess.lua
return {}
`,
	},
	{
		rule: "match-callback",
		bad: `
nk.match_create("created", {})
nk.match_create("empty", {})
-- FILE empty.lua
local M = {}
-- FILE created.lua
local M = {}
function M.match_init() return {}, 1, "" end
M.match_lop = function(_, _, _, state) return state end
return M
-- FILE other.lua
local function stay(_, _, _, state) return state end
return { match_init = stay, match_join_attempt = stay, match_join = stay, match_leave = stay, match_loop = stay, match_terminate = stay }
`,
		want: []string{
			"created.lua:4 error: this match module has no match_join_attempt, match_join, match_leave, match_loop, match_terminate, match_signal … did you mean match_loop by match_lop?",
			"empty.lua:1 error: this module is given to match_create and returns nothing",
			"other.lua:2 warning: this match module has no match_signal: … all seven callbacks",
		},
		good: `
-- FILE whole.lua` + wholeMatch + `return M
-- FILE inherits.lua
local M = setmetatable({}, { __index = require("whole") })
function M.match_init() return {}, 1, "" end
function M.match_loop(_, _, _, state) return state end
return M
-- FILE copies.lua
local M = {}
for key, value in pairs(require("whole")) do M[key] = value end
function M.match_init() return {}, 1, "" end
function M.match_loop(_, _, _, state) return state end
return M
-- FILE extended.lua
local extend = require("extend")
local M = {}
function M.match_init() return {}, 1, "" end
function M.match_loop(_, _, _, state) return state end
extend(M)
return M
-- FILE extend.lua
return function(t) t.match_join = print end
-- FILE no_match.lua
return { match_loop = 5 }
`,
	},
	{
		rule: "callback-params",
		bad: `
nk.register_rpc(function(context, logger, nk, payload) end, "a")
-- FILE match.lua` + wholeMatch + `
function M.match_kick() end
M.match_loop = nil
return { match_init = M.match_init, match_join = M.match_join, match_loop = function(ctx, dispatcher, state, tick, messages) return state end }
`,
		want: []string{
			"main.lua:3 warning: an RPC is called with 2 arguments, so nk is always nil",
			"match.lua:12 warning: parameter 3 of match_loop is named state, but gets the tick … function(context, dispatcher, tick, state, messages)",
		},
		good: `
nk.register_rpc(function() end, "a")
nk.register_req_after(function(context, output, input) end, "GetAccount")
nk.register_tournament_end(function(context, tournament, finish, reset) end)
-- FILE match.lua` + wholeMatch + `
return M
`,
	},
	{
		rule: "callback-result",
		bad: `
-- FILE match.lua
local M = {}
function M.match_init() if x then return nil, 1, "" elseif y then return {}, "1", {} end return {}, 1 end
function M.match_join_attempt(_, _, _, state) return state end
function M.match_join(_, _, _, state) state.n = 1 end
function M.match_loop(_, _, _, state) return state, true end
function M.match_leave(_, _, tick, state) if tick < 10 then return state end end
function M.match_signal(_, _, _, state) if x then return state, "" end end
return M
`,
		want: []string{
			"match.lua:2 error: match_init returns 2 values and must return 3 | return state, tick_rate, label",
			"match.lua:2 error: match_init returns nil for the state",
			"match.lua:2 error: value 2 of match_init must be a number, but is a string",
			"match.lua:3 error: match_join_attempt returns 1 value and must return 2",
			"match.lua:4 warning: match_join can end without a return, which ends the match",
			"match.lua:5 error: match_loop returns 2 values and may return 1",
			"match.lua:6 info: match_leave can end without a return",
			"match.lua:7 warning: match_signal can end without a return, which is an error",
		},
		good: `
-- FILE whole.lua` + wholeMatch + `return M
-- FILE ends.lua
local M = {}
local function init() return {}, 1, "" end
function M.match_init() return init() end
function M.match_join_attempt(_, _, _, state) if x then return state, true else return state, false, "full" end end
function M.match_loop(_, _, _, state) if state.over then return nil end error("x") end
function M.match_terminate() end
function M.match_signal(_, _, _, state) while true do if x then return state, "" end end end
return M
`,
	},
	{
		rule: "dispatcher",
		bad: `
-- FILE match.lua` + wholeMatch + `
function M.match_kick() end
M.match_loop = nil
return { match_init = M.match_init, match_join = M.match_join, match_loop = function(ctx, dispatcher, tick, state, messages)
  dispatcher.brodcast_message(1, "")
  dispatcher:broadcast_message(1, "")
  dispatcher.broadcast_message("1", "")
  dispatcher.match_kick({}, "reason")
  return state
end }
`,
		want: []string{
			"match.lua:13 error: the dispatcher has no function brodcast_message | did you mean broadcast_message?",
			"match.lua:14 error: broadcast_message is called with a colon",
			"match.lua:15 error: broadcast_message needs an op code",
			"match.lua:16 warning: match_kick takes 1 argument and gets 2",
		},
		good: `
local function f(context, dispatcher) dispatcher.anything() end
-- FILE match.lua` + wholeMatch + `
function M.match_loop(context, dispatcher, tick, state)
  dispatcher.broadcast_message(state.op, "", nil, nil, true)
  dispatcher = nil
  return state
end
return M
`,
	},
}
