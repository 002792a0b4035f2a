local nk = require("nakama")

nk.register_rpc(function(context, payload)
  return nk.json_encode({ user = context.username, payload = payload, id = nk.uuid_v4(), roll = math.random(1000000) })
end, "whoami")

nk.register_rpc(function(context, payload)
  error({ "not now", 9 })
end, "refuse")

nk.register_rpc(function(context)
  local wallet = nk.wallet_update(context.user_id, { coins = 5 })
  nk.storage_write({ { collection = "saves", key = "one", user_id = context.user_id, value = { level = 3 } } })
  nk.notification_send(context.user_id, "hello", { a = 1 }, 7, nil, true)
  return nk.match_create("arena", { label = "from lua" })
end, "prepare")
