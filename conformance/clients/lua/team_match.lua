-- A match whose label is its parameters.

local nk = require("nakama")

local function same(context, dispatcher, tick, state)
  return state
end

return {
  match_init = function(context, params)
    return {}, 1, nk.json_encode(params)
  end,
  match_join_attempt = function(context, dispatcher, tick, state)
    return state, true
  end,
  match_join = same,
  match_leave = same,
  match_loop = same,
  match_terminate = same,
  match_signal = same,
}
