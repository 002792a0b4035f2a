-- Leads matched players into a match whose label says of which party each is.

local nk = require("nakama")

nk.register_matchmaker_matched(function(context, users)
  local parties = {}
  for _, user in ipairs(users) do
    parties[user.presence.user_id] = user.party_id or "none"
  end
  return nk.match_create("team_match", { parties = parties })
end)
