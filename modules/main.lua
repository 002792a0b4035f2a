-- Two players who were matched get a tic-tac-toe match of their own.

local nk = require("nakama")

local function open_match(_, users)
  return nk.match_create("tictactoe_match", { invited = users })
end

nk.register_matchmaker_matched(open_match)
