package config

import "strings"

// unserved lists Nakama's settings that nothing here reads. Those marked with a
// question mark are switches: as flags they need no value.
const unserved = `
console.address
console.disable_display_name_search?
console.idle_timeout_ms
console.max_message_size_bytes
console.mfa.admin_account_enabled?
console.mfa.storage_encryption_key
console.password
console.port
console.read_timeout_ms
console.signing_key
console.token_expiry_sec
console.username
console.write_timeout_ms
database.dns_scan_interval_sec
iap.google.package_name
iap.google.refund_check_period_min
limit
logger.compress?
logger.local_time?
logger.max_age
logger.max_backups
logger.max_size
logger.rotation?
metrics.custom_prefix
metrics.custom_scope_limit
metrics.namespace
metrics.prefix
metrics.prometheus_port
metrics.reporting_freq_sec
mfa.admin_account_enabled?
mfa.storage_encryption_key
party.idle_check_interval_ms
runtime.call_stack_size
runtime.event_queue_size
runtime.event_queue_workers
runtime.js_entrypoint
runtime.js_max_count
runtime.js_min_count
runtime.js_read_only_globals?
runtime.lua_api_stacktrace?
runtime.lua_min_count
runtime.lua_read_only_globals?
runtime.max_count
runtime.min_count
runtime.read_only_globals?
runtime.registry_size
satori.cache_disabled?
satori.cache_enabled?
satori.cache_mode
satori.cache_ttl_sec
satori.http_timeout_ms
satori.retry_count
satori.server_key
socket.write_buffer_size_bytes
storage.disable_index_only?
tracker.event_queue_size
`

// unservedKeys maps each name in unserved to whether it is a switch.
func unservedKeys() map[string]bool {
	names := strings.Fields(unserved)
	keys := make(map[string]bool, len(names))
	for _, name := range names {
		bare, isSwitch := strings.CutSuffix(name, "?")
		keys[bare] = isSwitch
	}
	return keys
}
