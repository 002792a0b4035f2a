package nkshim

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"nkhost/lua/glua"
)

var metricsFunctions = map[string]function{
	"event":                event,
	"metrics_counter_add":  metricsFunction((*Metrics).add),
	"metrics_gauge_set":    metricsFunction((*Metrics).set),
	"metrics_timer_record": metricsFunction((*Metrics).record),
}

// event checks and logs an event. Lua modules cannot listen to events, and no outside
// collector is configured, so nothing else comes of it.
func event(r *Runtime, c call) int {
	name := c.filledText(1, "name")
	properties := tags(c, 2, "properties")
	if c.optInt(3, "timestamp", -1) == 0 {
		c.refuse(3, "timestamp", "a time in Unix seconds other than 0")
	}
	c.optBool(4, "external", false)
	r.deps.Log.LogAttrs(c.context(), slog.LevelDebug, "event", append(logAttrs(c.context()), slog.String("name", name), slog.Any("properties", properties))...)
	return 0
}

func metricsFunction(do func(m *Metrics, key string, value float64)) function {
	return func(r *Runtime, c call) int {
		name, labels := c.text(1, "name"), tags(c, 2, "tags")
		do(&r.metrics, seriesKey(name, labels), c.number(3, "value"))
		return 0
	}
}

// tags reads a table whose keys and values are strings; nil is none.
func tags(c call, n int, what string) map[string]string {
	if c.L.Get(n) == glua.LNil {
		return nil
	}
	read := map[string]string{}
	c.table(n, what).ForEach(func(key, value glua.LValue) {
		name, ok := key.(glua.LString)
		text, alsoOK := value.(glua.LString)
		if !ok || !alsoOK {
			c.fail("argument %d (%s) must have strings as keys and values", n, what)
		}
		read[string(name)] = string(text)
	})
	return read
}

// maxSeries is how many metrics are kept; what comes beyond is dropped. A module that puts
// ids into names or tags would else fill the memory.
const maxSeries = 10_000

// Metrics is what modules reported with nk.metrics_*.
type Metrics struct {
	mu     sync.Mutex
	series map[string]Series
}

// Series is one metric under one set of tags.
type Series struct {
	// Value is a counter's sum, a gauge's last value or a timer's last duration.
	Value float64
	// Total and Count are a timer's durations, in nanoseconds, and how many there were.
	Total time.Duration
	Count int
}

// seriesKey is name{tag=value,…} with the tags in order.
func seriesKey(name string, tags map[string]string) string {
	pairs := make([]string, 0, len(tags))
	for tag, value := range tags {
		pairs = append(pairs, tag+"="+value)
	}
	slices.Sort(pairs)
	return name + "{" + strings.Join(pairs, ",") + "}"
}

func (m *Metrics) update(key string, change func(s *Series)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.series == nil {
		m.series = map[string]Series{}
	}
	s, known := m.series[key]
	if !known && len(m.series) >= maxSeries {
		return
	}
	change(&s)
	m.series[key] = s
}

func (m *Metrics) add(key string, delta float64) {
	m.update(key, func(s *Series) { s.Value += float64(int64(delta)) })
}

func (m *Metrics) set(key string, value float64) {
	m.update(key, func(s *Series) { s.Value = value })
}

func (m *Metrics) record(key string, nanoseconds float64) {
	m.update(key, func(s *Series) {
		s.Value = nanoseconds
		s.Total += time.Duration(nanoseconds)
		s.Count++
	})
}

// Snapshot is a copy of all series, by name{tag=value,…}.
func (m *Metrics) Snapshot() map[string]Series {
	m.mu.Lock()
	defer m.mu.Unlock()
	copied := make(map[string]Series, len(m.series))
	for key, s := range m.series {
		copied[key] = s
	}
	return copied
}
