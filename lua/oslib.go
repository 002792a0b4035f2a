package lua

import (
	"strconv"
	"strings"
	"time"

	glua "github.com/yuin/gopher-lua"
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
	L.Push(glua.LNumber(r.options.Now().Sub(r.started).Seconds()))
	return 1
}

func osDiffTime(L *glua.LState) int {
	L.Push(number(float64(L.CheckInt64(1) - L.CheckInt64(2))))
	return 1
}

// osTime takes a table's fields as UTC. Fields that are no numbers count as absent.
func (r *Runtime) osTime(L *glua.LState) int {
	if L.GetTop() == 0 {
		L.Push(glua.LNumber(r.options.Now().Unix()))
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
	L.Push(glua.LNumber(date.Unix()))
	return 1
}

// osDate tells all times in UTC, with "!" in front of the format or without, so that
// os.time makes the same time of the result on any machine.
func (r *Runtime) osDate(L *glua.LState) int {
	format := strings.TrimLeft(L.OptString(1, "%c"), "!")
	t := r.options.Now()
	if L.GetTop() >= 2 {
		t = time.Unix(L.CheckInt64(2), 0)
	}
	t = t.UTC()
	if strings.HasPrefix(format, "*t") {
		L.Push(dateTable(t))
		return 1
	}
	L.Push(glua.LString(formatDate(t, format)))
	return 1
}

// dateTable counts the days of the week from Sunday, 0, as Nakama does.
func dateTable(t time.Time) *glua.LTable {
	date := newTable(0, 9)
	date.RawSetString("year", number(float64(t.Year())))
	date.RawSetString("month", number(float64(t.Month())))
	date.RawSetString("day", number(float64(t.Day())))
	date.RawSetString("hour", number(float64(t.Hour())))
	date.RawSetString("min", number(float64(t.Minute())))
	date.RawSetString("sec", number(float64(t.Second())))
	date.RawSetString("wday", number(float64(t.Weekday())))
	date.RawSetString("yday", number(float64(t.YearDay())))
	date.RawSetString("isdst", glua.LFalse)
	return date
}

// dateLayout maps conversion characters of strftime to layouts of package time.
func dateLayout(directive byte) string {
	switch directive {
	case 'a':
		return "Mon"
	case 'A':
		return "Monday"
	case 'b':
		return "Jan"
	case 'B':
		return "January"
	case 'c':
		return "02 Jan 06 15:04 MST"
	case 'd':
		return "02"
	case 'F':
		return "2006-01-02"
	case 'H':
		return "15"
	case 'I':
		return "03"
	case 'm':
		return "01"
	case 'M':
		return "04"
	case 'p':
		return "PM"
	case 'P':
		return "pm"
	case 'S':
		return "05"
	case 'x':
		return "01/02/06"
	case 'X':
		return "15:04:05"
	case 'y':
		return "06"
	case 'Y':
		return "2006"
	case 'z':
		return "-0700"
	case 'Z':
		return "MST"
	}
	return ""
}

// formatDate leaves directives that it does not know as they stand.
func formatDate(t time.Time, format string) string {
	var text []byte
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			text = append(text, format[i])
			continue
		}
		i++
		switch layout := dateLayout(format[i]); {
		case layout != "":
			text = t.AppendFormat(text, layout)
		case format[i] == 'w':
			text = strconv.AppendInt(text, int64(t.Weekday()), 10)
		case format[i] == '%':
			text = append(text, '%')
		default:
			text = append(text, '%', format[i])
		}
	}
	return string(text)
}
