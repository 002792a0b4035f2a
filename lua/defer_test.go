package lua_test

import (
	"fmt"
	"reflect"
	"regexp"
	"testing"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// looks are what a module may do with a table as the first thing. Each returns a text.
var looks = map[string]string{
	"pairs":              `local out = {} for k, v in pairs(t) do out[#out + 1] = k .. "=" .. text(v) end return table.concat(out, " ")`,
	"next":               `local k, v = next(t) return text(k) .. "=" .. text(v)`,
	"next of a name":     `return text(next(t, "f1"))`,
	"next of the last":   `return text(next(t, "f4"))`,
	"next of no field":   `return text(next(t, "none"))`,
	"next of a number":   `return text(next(t, 1))`,
	"ipairs":             `local n = 0 for i in ipairs(t) do n = n + i end return text(n)`,
	"a constant":         `return text(t.f1)`,
	"an index":           `return text(t["f" .. 1])`,
	"no field":           `return text(t.none) .. text(t[1]) .. text(t[true])`,
	"rawget":             `return text(rawget(t, "f1")) .. text(rawget(t, "none"))`,
	"length":             `return text(#t) .. text(table.getn(t)) .. text(table.maxn(t))`,
	"type":               `return type(t)`,
	"tostring":           `return text(tostring(t):sub(1, 7)) .. text(tostring(t) == tostring(t))`,
	"equality":           `return text(t == t) .. text(t == {}) .. text(rawequal(t, t))`,
	"a key of a table":   `return text(({[t] = "found"})[t])`,
	"unpack":             `return text(select("#", unpack(t)))`,
	"concat":             `return table.concat(t, ",")`,
	"setting":            `t.f1 = "new" t.added = "last" t[1] = "item"`,
	"rawset":             `rawset(t, "f1", "new") rawset(t, "added", "last")`,
	"setting to nil":     `t.f1 = nil`,
	"set and set again":  `t.f1 = nil t.f1 = "again"`,
	"nil while looping":  `for k in pairs(t) do t[k] = nil end return text(next(t))`,
	"insert":             `table.insert(t, "item") table.insert(t, 1, "first")`,
	"sort":               `table.sort(t)`,
	"remove":             `return text(table.remove(t))`,
	"another key":        `t[true] = 1 t[0.5] = 2 t[print] = 3`,
	"as a metatable":     `return text(setmetatable({}, {__index = t}).f1) .. text(setmetatable({}, t).f1) .. text(getmetatable(setmetatable({}, t)) == t)`,
	"with a metatable":   `setmetatable(t, {__index = function(_, k) return "default" end, __newindex = function() error("no") end}) t.f1 = 1 return text(t.f1) .. text(t.none) .. text(pcall(function() t.none = 1 end))`,
	"as an environment":  `local f = function() return f1 end setfenv(f, t) return text(f())`,
	"metamethods":        `return text(pcall(function() return t .. "" end)) .. text(pcall(function() return t < t end)) .. text(pcall(t))`,
	"next while setting": `local k = next(t) if k then t[k] = nil return text(next(t, k)) end`,
}

// TestDeferredTablesLookLikeOthers does the same with a table that Go made at once and with
// one that it makes when it is first looked at: all that a module sees of them is alike, and
// so is what is in them afterwards.
func TestDeferredTablesLookLikeOthers(t *testing.T) {
	t.Parallel()
	for _, count := range []int{0, 1, 2, 5, 9, 16, 17, 40} {
		lists, names, mixed := map[string][]string{}, map[string]string{}, map[string]any{}
		for i := range count {
			name := fmt.Sprint("f", i)
			lists[name], names[name] = []string{"first", name}, name
			mixed[name] = map[string]any{"no": i, "nothing": nil}
		}
		w := oneWorld(t)
		for name, look := range looks {
			compareDeferred(t, w, name, look, lists)
			compareDeferred(t, w, name, look, names)
			compareDeferred(t, w, name, look, mixed)
		}
		if at, deferred := encoded(t, lua.FromGo(lists)), encoded(t, lua.DeferFromGo(lists)); at != deferred {
			t.Errorf("as JSON %s, deferred %s", at, deferred)
		}
		if at, deferred := lua.ToGo(lua.FromGo(mixed)), lua.ToGo(lua.DeferFromGo(mixed)); !reflect.DeepEqual(at, deferred) {
			t.Errorf("for Go %v, deferred %v", at, deferred)
		}
	}
}

func compareDeferred[T any](t *testing.T, w world, name, look string, fields map[string]T) {
	t.Helper()
	at, deferred := observe(t, w, look, lua.FromGo(fields)), observe(t, w, look, lua.DeferFromGo(fields))
	if at != deferred {
		t.Errorf("%s, %d fields:\nmade at once: %s\ndeferred:     %s", name, len(fields), at, deferred)
	}
}

// observe looks at a table, and tells what that returns and what is then in the table.
func observe(t *testing.T, w world, look string, table glua.LValue) string {
	t.Helper()
	functions, err := w.values(t, `
		local function fields(t)
			local out = {}
			for k, v in pairs(t) do
				out[#out + 1] = tostring(k) .. "=" .. (type(v) == "table" and fields(v) or tostring(v))
			end
			return "{" .. table.concat(out, " ") .. "}"
		end
		local function text(...)
			local out = {}
			for i = 1, select("#", ...) do
				local v = select(i, ...)
				out[i] = type(v) == "table" and fields(v) or tostring(v)
			end
			return table.concat(out, ",") .. ";"
		end
		return function(t) `+look+` end, function(t) return fields(setmetatable(t, nil)) end`)
	if err != nil {
		t.Fatal(err)
	}
	seen := ""
	for _, fn := range functions {
		results, err := w.Call(t.Context(), nil, fn.(*glua.LFunction), table)
		seen += fmt.Sprint(results, err, " then ")
	}
	return address.ReplaceAllString(seen, "address")
}

var address = regexp.MustCompile("0x[0-9a-f]+")

func encoded(t *testing.T, v glua.LValue) string {
	t.Helper()
	text, err := lua.EncodeJSON(v)
	if err != nil {
		t.Error(err)
	}
	return text
}

// TestDeferredTablesAreTheirOwn changes one of two tables that are of the same fields.
func TestDeferredTablesAreTheirOwn(t *testing.T) {
	t.Parallel()
	fields := map[string][]string{"a": {"1"}, "b": {"2"}}
	changed, other := lua.DeferFromGo(fields), lua.DeferFromGo(fields)
	changed.RawGetString("a").(*glua.LTable).Append(glua.LString("new"))
	changed.RawSetString("b", glua.LNil)
	changed.RawSetString("c", glua.LTrue)
	if got, want := encoded(t, changed), `{"a":["1","new"],"c":true}`; got != want {
		t.Errorf("changed to %s, want %s", got, want)
	}
	if got, want := encoded(t, other), `{"a":["1"],"b":["2"]}`; got != want {
		t.Errorf("the other is %s, want %s", got, want)
	}
	if len(fields) != 2 || len(fields["a"]) != 1 {
		t.Errorf("Go's map became %v", fields)
	}
}
