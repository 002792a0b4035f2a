package nkshim

import (
	"time"

	"nkhost/host/cron"
	"nkhost/lua/glua"
)

var cronFunctions = map[string]function{
	"cron_next": cronNext,
	"cron_prev": cronPrev,
}

// noTime is what Nakama answers when an expression has no further date: the zero time
// of Go in Unix seconds.
const noTime = glua.LNumber(-62135596800)

func cronNext(_ *Runtime, c call) int {
	schedule, at := cronArguments(c)
	return c.push(unixOrNone(schedule.Next(at)))
}

func cronPrev(_ *Runtime, c call) int {
	schedule, at := cronArguments(c)
	return c.push(unixOrNone(schedule.Last(at)))
}

func cronArguments(c call) (*cron.Schedule, time.Time) {
	text := c.filledText(1, "cron expression")
	at := int64(c.number(2, "timestamp"))
	if at == 0 {
		c.refuse(2, "timestamp", "a time in Unix seconds other than 0")
	}
	schedule, err := cron.Parse(text)
	if err != nil {
		c.fail("argument 1 (cron expression) %q: %v", text, err)
	}
	return schedule, time.Unix(at, 0).UTC()
}

func unixOrNone(t time.Time) glua.LNumber {
	if t.IsZero() {
		return noTime
	}
	return glua.LNumber(t.Unix())
}
