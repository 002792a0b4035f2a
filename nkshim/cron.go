package nkshim

import (
	"time"

	"github.com/gorhill/cronexpr"
	glua "github.com/yuin/gopher-lua"
)

var cronFunctions = map[string]function{
	"cron_next": cronNext,
	"cron_prev": cronPrev,
}

// noTime is what Nakama answers when an expression has no further date: the zero time
// of Go in Unix seconds.
const noTime = glua.LNumber(-62135596800)

func cronNext(_ *Runtime, c call) int {
	expression, at := cronArguments(c)
	return c.push(unixOrNone(expression.Next(at)))
}

func cronPrev(_ *Runtime, c call) int {
	expression, at := cronArguments(c)
	return c.push(unixOrNone(cronLast(expression, at)))
}

func cronArguments(c call) (*cronexpr.Expression, time.Time) {
	text := c.filledText(1, "cron expression")
	at := int64(c.number(2, "timestamp"))
	if at == 0 {
		c.refuse(2, "timestamp", "a time in Unix seconds other than 0")
	}
	expression, err := cronexpr.Parse(text)
	if err != nil {
		c.fail("argument 1 (cron expression) %q: %v", text, err)
	}
	return expression, time.Unix(at, 0).UTC()
}

// cronLast is the expression's latest date before a time, or the zero time. The
// library only looks ahead, so it looks ahead from ever further back, and then closes
// in: the first date after a moment grows with the moment.
func cronLast(expression *cronexpr.Expression, before time.Time) time.Time {
	epoch, end := time.Unix(0, 0).UTC(), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	if before.After(end) {
		before = end // there are no later dates: the library knows the years to 2099
	}
	isBefore := func(t time.Time) bool { return !t.IsZero() && t.Before(before) }
	var low time.Time
	for back := 2 * time.Minute; ; back *= 8 {
		low = before.Add(-back)
		if low.Before(epoch) || back > before.Sub(epoch) {
			low = epoch.Add(-time.Second)
		}
		if isBefore(expression.Next(low)) {
			break
		}
		if low.Before(epoch) {
			return time.Time{}
		}
	}
	high := before
	for high.Sub(low) > time.Second {
		middle := low.Add(high.Sub(low) / 2).Truncate(time.Second)
		if isBefore(expression.Next(middle)) {
			low = middle
		} else {
			high = middle
		}
	}
	return expression.Next(low)
}

func unixOrNone(t time.Time) glua.LNumber {
	if t.IsZero() {
		return noTime
	}
	return glua.LNumber(t.Unix())
}
