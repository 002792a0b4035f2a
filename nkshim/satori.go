package nkshim

import "nkhost/lua"

var satoriFunctions = map[string]function{
	"get_satori": getSatori,
}

// satoriNames are the functions of the client of Satori, another server of Nakama's
// makers.
var satoriNames = []string{
	"authenticate", "events_publish", "experiments_list", "flags_list", "flags_overrides_list", "identity_delete",
	"live_event_join", "live_events_list", "message_delete", "message_update", "messages_list", "properties_get",
	"properties_update", "server_events_publish",
}

// getSatori gives the client, whose functions raise when they are called, as they do on a
// Nakama that is not connected to Satori.
func getSatori(_ *Runtime, c call) int {
	client := newTable(len(satoriNames))
	for _, name := range satoriNames {
		client.RawSetString(name, lua.NewFunction(missing("satori."+name)))
	}
	return c.push(client)
}
