package nkshim

import (
	"time"

	"nkhost/lua"
	"nkhost/lua/glua"
)

var utilFunctions = map[string]function{
	"get_config":  getConfig,
	"get_context": getContext,
	"json_decode": jsonDecode,
	"json_encode": jsonEncode,
	"time":        timeMs,
}

// getContext gives, as Nakama does, the context of start-up, whoever calls.
func getContext(r *Runtime, c call) int {
	return c.push(r.contextTable(modeRunOnce, nil))
}

func getConfig(r *Runtime, c call) int {
	return c.push(lua.FromGo(r.deps.Config))
}

func jsonEncode(_ *Runtime, c call) int {
	text, err := lua.EncodeJSONFor(c.L, c.any(1, "value"))
	if err != nil {
		c.fail("%v", err)
	}
	return c.push(glua.LString(text))
}

func jsonDecode(_ *Runtime, c call) int {
	value, err := lua.DecodeJSONFor(c.L, c.filledText(1, "JSON text"))
	if err != nil {
		c.fail("%v", err)
	}
	return c.push(value)
}

// timeMs is the current time, or that of a table like os.date's, in Unix
// milliseconds. Fields out of range carry over, as in os.time.
func timeMs(r *Runtime, c call) int {
	t := r.now(c.context())
	if c.L.GetTop() > 0 {
		date := c.table(1, "date")
		t = time.Date(dateField(date, "year", -1), time.Month(dateField(date, "month", -1)), dateField(date, "day", -1),
			dateField(date, "hour", 12), dateField(date, "min", 0), dateField(date, "sec", 0),
			dateField(date, "msec", 0)*int(time.Millisecond), time.UTC)
	}
	return c.push(glua.LNumber(t.UnixMilli()))
}

// dateField takes numbers only; like Nakama it passes over text.
func dateField(date *glua.LTable, key string, otherwise int) int {
	if n, ok := date.RawGetString(key).(glua.LNumber); ok {
		return int(n)
	}
	return otherwise
}
