package lua

import (
	"strconv"
	"strings"
	"time"

	"nkhost/lua/glua"
)

func (r *Runtime) osFunctions() map[string]glua.LGFunction {
	return map[string]glua.LGFunction{
		"clock":    r.osClock,
		"date":     r.osDate,
		"difftime": osDiffTime,
		"time":     r.osTime,
	}
}

// osClock tells the seconds since the runtime was made.
func (r *Runtime) osClock(L *glua.LState) int {
	L.PushNumber(float64(r.options.Now(Context(L)).Sub(r.started).Seconds()))
	return 1
}

func osDiffTime(L *glua.LState) int {
	L.PushNumber(float64(int64(L.CheckInt(1)) - int64(L.CheckInt(2))))
	return 1
}

// osTime takes a table's fields as UTC. Fields that are no numbers count as absent.
func (r *Runtime) osTime(L *glua.LState) int {
	if L.GetTop() == 0 {
		L.PushNumber(float64(r.options.Now(Context(L)).Unix()))
		return 1
	}
	t := L.CheckTable(1)
	field := func(name string, absent int) int {
		if n, ok := t.RawGetString(name).(glua.LNumber); ok {
			return int(n)
		}
		return absent
	}
	date := time.Date(field("year", -1), time.Month(field("month", -1)), field("day", -1),
		field("hour", 12), field("min", 0), field("sec", 0), 0, time.UTC)
	L.PushNumber(float64(date.Unix()))
	return 1
}

// osDate tells all times in UTC, with "!" in front of the format or without, so that
// os.time makes the same time of the result on any machine.
func (r *Runtime) osDate(L *glua.LState) int {
	format := strings.TrimLeft(L.OptString(1, "%c"), "!")
	t := r.options.Now(Context(L))
	if L.GetTop() >= 2 {
		t = time.Unix(int64(L.CheckInt(2)), 0)
	}
	t = t.UTC()
	if strings.HasPrefix(format, "*t") {
		L.Push(dateTable(t))
		return 1
	}
	text, ok := formatDate(t, format)
	if !ok {
		L.RaiseError("os.date would make a string of more than %d bytes", maxStringSize)
	}
	return pushText(L, string(text))
}

// dateTable counts the days of the week from Sunday, 0, as Nakama does.
func dateTable(t time.Time) *glua.LTable {
	date := newTable(0, 9)
	date.SetField("year", number(float64(t.Year())))
	date.SetField("month", number(float64(t.Month())))
	date.SetField("day", number(float64(t.Day())))
	date.SetField("hour", number(float64(t.Hour())))
	date.SetField("min", number(float64(t.Minute())))
	date.SetField("sec", number(float64(t.Second())))
	date.SetField("wday", number(float64(t.Weekday())))
	date.SetField("yday", number(float64(t.YearDay())))
	date.SetField("isdst", glua.LFalse)
	return date
}

// dateLayouts maps conversion characters of strftime to layouts of package time.
var dateLayouts = [256]string{
	'a': "Mon",
	'A': "Monday",
	'b': "Jan",
	'B': "January",
	'c': "02 Jan 06 15:04 MST",
	'd': "02",
	'F': "2006-01-02",
	'H': "15",
	'I': "03",
	'm': "01",
	'M': "04",
	'p': "PM",
	'P': "pm",
	'S': "05",
	'x': "01/02/06",
	'X': "15:04:05",
	'y': "06",
	'Y': "2006",
	'z': "-0700",
	'Z': "MST",
}

// formatDate leaves directives that it does not know as they stand. It is not ok when
// the text would be too long.
func formatDate(t time.Time, format string) (text []byte, ok bool) {
	for len(text)+len(format) <= maxStringSize {
		i := strings.IndexByte(format, '%')
		if i < 0 || i+1 == len(format) {
			return append(text, format...), true
		}
		text = append(text, format[:i]...)
		directive := format[i+1]
		switch layout := dateLayouts[directive]; {
		case layout != "":
			text = t.AppendFormat(text, layout)
		case directive == 'w':
			text = strconv.AppendInt(text, int64(t.Weekday()), 10)
		case directive == '%':
			text = append(text, '%')
		default:
			text = append(text, '%', directive)
		}
		format = format[i+2:]
	}
	return nil, false
}
