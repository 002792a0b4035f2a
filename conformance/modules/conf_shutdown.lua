-- The shutdown hook: it lets the members of a match know that it ran, and whether a
-- match can still be created then.

local nk = require("nakama")

nk.register_rpc(function(ctx, payload)
  nk.localcache_put("conf_shutdown:match", nk.json_decode(payload).id)
  return "{}"
end, "shutdown.watch")

nk.register_shutdown(function(ctx, ...)
  local watcher = nk.localcache_get("conf_shutdown:match")
  if not watcher then return end
  local created, why = pcall(nk.match_create, "conf_probe_match", {})
  nk.match_signal(watcher, "tell " .. nk.json_encode({
    mode = ctx.execution_mode, arguments = select("#", ...), created = created, why = type(why),
  }))
end)
