-- What the client tests call; the bundled game has no RPC.

local nk = require("nakama")

local function echo(context, payload)
  return nk.json_encode({ user_id = context.user_id, said = nk.json_decode(payload) })
end

nk.register_rpc(echo, "echo")
