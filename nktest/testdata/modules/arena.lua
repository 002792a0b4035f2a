-- A match that does whatever a message asks for, for the tests of nktest.
local nk = require("nakama")

local M = {}

function M.match_init(context, params)
  local state = { seen = {}, params = params, dice = math.random(1000000), joins = 0, attempts = 0 }
  return state, params.rate or 10, params.label or "arena"
end

function M.match_join_attempt(context, dispatcher, tick, state, presence, metadata)
  state.attempts = state.attempts + 1
  if metadata.password ~= state.params.password then
    return state, false, "wrong password"
  end
  return state, true
end

function M.match_join(context, dispatcher, tick, state, presences)
  state.joins = state.joins + #presences
  dispatcher.broadcast_message_deferred(10, "deferred")
  dispatcher.broadcast_message(11, "direct")
  return state
end

function M.match_leave(context, dispatcher, tick, state, presences)
  state.left = presences[1].username
  return state
end

local acts = {}

function acts.fail(state, message)
  local victim, list = message.sender.username, { 1, 2, { deep = true } }
  local missing = nil
  return missing.field .. victim .. #list
end

function acts.kick(state, message, dispatcher)
  dispatcher.match_kick({ message.sender })
end

function acts.label(state, message, dispatcher)
  dispatcher.match_label_update("changed")
end

function acts.time(state)
  state.os_time, state.nk_time = os.time(), nk.time()
end

function acts.http(state)
  local ok, code, headers, body = pcall(nk.http_request, "http://example.com/", "get", {})
  state.http = { ok = ok, code = code, body = body }
end

function acts.read(state)
  state.read = nk.storage_read({ { collection = "c", key = "k", user_id = "00000000-0000-0000-0000-000000000000" } })
end

function acts.log(state)
  nk.logger_info("a line of the match")
end

function acts.random(state)
  state.random = { math.random(), math.random(10), nk.uuid_v4(), os.clock() }
end

function acts.roll(state)
  nk.localcache_put("roll", { math.random(6), name = "die" })
  state.roll = nk.localcache_get("roll")
  local ok, err = pcall(nk.account_get_id, "nobody")
  state.refusal = err
end

function acts.buy(state, message)
  local payload = nk.base64url_encode('{"algorithm":"HMAC-SHA256","product_id":"gems","purchase_token":"t1","purchase_time":1700000000}', false)
  local signature = nk.base64url_encode(nk.hmac_sha256_hash(payload, "secret"), false)
  state.bought = nk.purchase_validate_facebook_instant(message.sender.user_id, signature .. "." .. payload)
  state.had = #nk.purchases_list(message.sender.user_id)
end

-- The order of fields is part of what comes from outside.
function acts.dump(state)
  local objects = nk.storage_read({ { collection = "c", key = "k", user_id = "00000000-0000-0000-0000-000000000000" } })
  local names = {}
  for name in pairs(objects[1]) do names[#names + 1] = name end
  for name in pairs(objects[1].value) do names[#names + 1] = name end
  state.dump = table.concat(names, " ")
end

function M.match_loop(context, dispatcher, tick, state, messages)
  for _, message in ipairs(messages) do
    table.insert(state.seen, { op = message.op_code, data = message.data, from = message.sender.username })
    local act = acts[message.data]
    if act then act(state, message, dispatcher) end
  end
  return state
end

function M.match_signal(context, dispatcher, tick, state, data)
  return state, "heard " .. data
end

function M.match_terminate(context, dispatcher, tick, state, grace)
  return nil
end

return M
