-- A match handler that tells its members, as JSON with op code 1, of each callback
-- that runs. What it is to do stands in its params: how match_terminate answers, and
-- after how many further ticks the match then ends by itself. Members command it by
-- match data.

local nk = require("nakama")

local function say(dispatcher, event, fields)
  fields = fields or {}
  fields.event = event
  dispatcher.broadcast_message(1, nk.json_encode(fields))
end

local commands = {}

-- Keeps the match from doing anything else for a while.
function commands.busy(dispatcher, state, c)
  say(dispatcher, "busy")
  local over = nk.time() + c.ms
  repeat until nk.time() >= over
  say(dispatcher, "done")
end

function commands.hello(dispatcher) say(dispatcher, "hello") end

-- Defers broadcasts until that raises, and says how many there were.
function commands.defer(dispatcher, state, c)
  local n, ok = 0, true
  while ok and n < c.n do
    ok = pcall(dispatcher.broadcast_message_deferred, 2, "deferred " .. (n + 1))
    if ok then n = n + 1 end
  end
  say(dispatcher, "deferring", { n = n, full = not ok })
  return n
end

function commands.kick(dispatcher, state, c)
  local who = {}
  for _, session in ipairs(c.sessions) do who[#who + 1] = state.members[session] end
  dispatcher.match_kick(who)
  say(dispatcher, "kicked", { n = #who })
end

function commands.raise() error("told to raise") end

-- Sends the first member more than a connection holds that nobody reads from.
local function flood(dispatcher, state)
  local text = string.rep("flood ", 20000)
  for _ = 1, 400 do dispatcher.broadcast_message(3, text, { state.first }) end
end

-- The commands in a batch of messages, and what the others were.
local function perform(dispatcher, state, messages)
  local texts = {}
  for _, m in ipairs(messages) do
    if m.op_code == 100 then
      local c = nk.json_decode(m.data)
      commands[c.act](dispatcher, state, c)
    else
      texts[#texts + 1] = m.data
    end
  end
  if #texts > 0 then say(dispatcher, "messages", { n = #texts, first = texts[1], last = texts[#texts] }) end
end

local function names(presences)
  local list = {}
  for i, p in ipairs(presences) do list[i] = { session_id = p.session_id, reason = p.reason } end
  return list
end

return {
  match_init = function(ctx, params)
    return { params = params, members = {} }, params.rate or 20, params.label or ""
  end,
  match_join_attempt = function(ctx, dispatcher, tick, state, presence, metadata)
    say(dispatcher, "join attempt")
    return state, metadata.refuse == nil
  end,
  match_join = function(ctx, dispatcher, tick, state, presences)
    for _, p in ipairs(presences) do
      state.members[p.session_id] = p
      state.first = state.first or p
    end
    say(dispatcher, "join", { presences = names(presences) })
    return state
  end,
  match_leave = function(ctx, dispatcher, tick, state, presences)
    for _, p in ipairs(presences) do state.members[p.session_id] = nil end
    say(dispatcher, "leave", { presences = names(presences) })
    return state
  end,
  match_loop = function(ctx, dispatcher, tick, state, messages)
    perform(dispatcher, state, messages)
    if not state.left then return state end
    state.left = state.left - 1
    if state.left > 0 then return state end
    say(dispatcher, "end")
    return nil
  end,
  match_terminate = function(ctx, dispatcher, tick, state, grace_seconds)
    local how = state.params.terminate
    if how ~= "silent" then say(dispatcher, "terminate", { grace_seconds = grace_seconds, mode = ctx.execution_mode }) end
    if how == "nil" then return nil end
    if how == "raise" then error("told to raise") end
    state.left = state.params.ticks
    return state
  end,
  match_signal = function(ctx, dispatcher, tick, state, data)
    if data == "defer" then return state, "deferred " .. commands.defer(dispatcher, state, { n = 200 }) end
    if data:sub(1, 5) == "tell " then say(dispatcher, "told", { text = data:sub(6) }) end
    if data == "flood" then flood(dispatcher, state) end
    return state, "heard " .. data
  end,
}
