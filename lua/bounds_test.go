package lua_test

import (
	"strings"
	"testing"
	"time"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// soon fails when fn takes so long that it must have run away.
func soon(t *testing.T, fn func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn()
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("it does not come to an end")
	}
}

// TestBounds has calls that ask for more memory or time than one call may take.
func TestBounds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ piece, want string }{
		"a replacement of a long text": {`("x"):rep(1e5):gsub(".*", ("%0"):rep(1e6))`, "string.gsub would make a string of more than"},
		"a function's replacements":    {`local s = ("x"):rep(30e6); ("aaa"):gsub("a", function() return s end)`, "string.gsub would make"},
		"a long replacement that adds nothing": {
			`("x"):rep(10000):gsub("(x-)", ("%1"):rep(10000))`, "too many steps on a text of 10000 bytes",
		},
		"a long set":                 {`("a"):rep(1e5):find("[" .. ("b"):rep(1e4) .. "]")`, "too many steps"},
		"a set that is long to skip": {`("a"):rep(1e5):find("b?[" .. ("a"):rep(1e4) .. "]?c")`, "too many steps"},
		"a long back reference":      {`("a"):rep(4e5):find("^(a*)%1b")`, "too many steps"},
		"a pattern that backtracks":  {`("a"):rep(5000):find("a-a-a-a-b")`, "too many steps"},
		"a pattern of many parts":    {`("a"):rep(20000):find(("a?"):rep(20000))`, "too complex"},
		"rep":                        {`("ab"):rep(1e9)`, "string.rep would make"},
		"concat":                     {`local s = ("x"):rep(30e6); table.concat({s, s, s})`, "table.concat would make"},
		"concat's separators":        {`table.concat({1, 2, 3, 4}, ("x"):rep(30e6))`, "table.concat would make"},
		"format":                     {`local s = ("x"):rep(30e6); ("%s%s%s"):format(s, s, s)`, "string.format would make"},
		"format's quotes":            {`("%q"):format(("\0"):rep(60e6))`, "string.format would make"},
		"a date":                     {`os.date(("%c"):rep(2e5) .. ("x"):rep(64e6), 0)`, "os.date would make"},
		"print":                      {`local s = ("x"):rep(30e6); print(s, s, s)`, "print would write"},
		"sorting long texts": {
			`local s, list = ("x"):rep(8e6), {}
			local a, b = s .. "a", s .. "b"
			for i = 1, 400, 2 do list[i], list[i + 1] = b, a end
			table.sort(list)`, "table.sort has compared more than",
		},
		"bytes":  {`("x"):rep(1e6):byte(1, -1)`, "string slice too long"},
		"unpack": {`unpack({}, 1, 1e8)`, "too many results to unpack"},
	} {
		t.Run(name, func(t *testing.T) {
			w := oneWorld(t)
			soon(t, func() { w.wantRaise(t, c.piece, c.want) })
		})
	}
}

// TestLongNumberText has texts that are numbers but for their length: one call of
// string.format may read the same one thousands of times.
func TestLongNumberText(t *testing.T) {
	t.Parallel()
	w := oneWorld(t)
	w.want(t, `return ("%d"):format(("0"):rep(100) .. "7")`, "7")
	w.want(t, `return ("%d"):format(("0"):rep(1e6)):sub(1, 8)`, "%!d(0000")
}

// Empty places behind a list's last item once made table.remove look at each of them
// for each of them.
func TestRemoveBehindEmptyPlaces(t *testing.T) {
	t.Parallel()
	w := oneWorld(t)
	soon(t, func() {
		w.want(t, `
		local t = {"one"}
		t[4e5] = "last"
		t[4e5] = nil
		local removed = table.remove(t)
		return removed, #t, table.remove(t)`, "one 0 nil")
	})
}

// A raise within a pattern once left the matcher as deep as it was, so that raising
// again and again ended in another error.
func TestRaiseInIterator(t *testing.T) {
	t.Parallel()
	oneWorld(t).want(t, `
	local nextMatch = ("aaa"):gmatch("(a?)%2")
	local fault
	for _ = 1, 6000 do _, fault = pcall(nextMatch) end
	return fault:match("invalid capture index")`, "invalid capture index")
}

func TestJSONBounds(t *testing.T) {
	t.Parallel()
	long := glua.LString(strings.Repeat("\x00", 11<<20)) // 66 MB as JSON
	for name, v := range map[string]any{
		"items":   []any{long, 1},
		"members": map[string]any{"a": long, "b": 1},
		"names":   map[string]any{string(long): 1},
	} {
		if text, err := lua.EncodeJSON(lua.FromGo(v)); err == nil || !strings.Contains(err.Error(), "too big") {
			t.Errorf("%s: encoded %d bytes, %v", name, len(text), err)
		}
	}
	for name, text := range map[string]string{
		"empty tables": "[" + strings.Repeat("[],", 6e5) + "1]",
		"objects":      "[" + strings.Repeat("{},", 6e5) + "1]",
		"numbers":      "[" + strings.Repeat("1,", 4.5e6) + "1]",
	} {
		if _, err := lua.DecodeJSON(text); err == nil || !strings.Contains(err.Error(), "too big") {
			t.Errorf("%s: decoded, %v", name, err)
		}
	}
}

// TestConvertBounds converts tables that are small in Lua, as the same table is in them
// many times, and would be huge in Go.
func TestConvertBounds(t *testing.T) {
	t.Parallel()
	w := oneWorld(t)
	for name, piece := range map[string]string{
		"objects": `
		local t = 1
		for level = 1, 3 do
		  local outer = {}
		  for i = 1, 300 do outer["k" .. i] = t end
		  t = outer
		end
		return t`,
		"lists": `
		local t = 1
		for level = 1, 3 do
		  local outer = {}
		  for i = 1, 300 do outer[i] = t end
		  t = outer
		end
		return t`,
	} {
		results, err := w.values(t, piece)
		if err != nil {
			t.Fatal(err)
		}
		soon(t, func() {
			if _, err := lua.ConvertToGo(results[0]); err == nil || !strings.Contains(err.Error(), "too big") {
				t.Errorf("%s: converted, %v", name, err)
			}
		})
	}
}

// Userdata that went to Go uncopied could take its metatable into another VM.
func TestConvertUserdata(t *testing.T) {
	t.Parallel()
	w := oneWorld(t)
	for _, piece := range []string{`return newproxy(true)`, `return {newproxy(true)}`, `return {a = {b = newproxy()}}`} {
		results, err := w.values(t, piece)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := lua.ConvertToGo(results[0]); err == nil || !strings.Contains(err.Error(), "userdata") {
			t.Errorf("%s: became %v, %v", piece, v, err)
		}
		if v := lua.ToGo(results[0]); v != nil {
			t.Errorf("%s: became %v", piece, v)
		}
	}
}
