package lua_test

import (
	"testing"

	gopher "github.com/yuin/gopher-lua"
	luajson "layeh.com/gopher-json"

	"nkhost/lua"
)

// BenchmarkAgainstGopherLua runs a hundred calls of a string function, here and with
// gopher-lua's own library, so that an operation is a hundred of them.
func BenchmarkAgainstGopherLua(b *testing.B) {
	const hundred = "return function() for _ = 1, 100 do "
	for name, call := range map[string]string{
		"format":  `local s = string.format("%s has %d points (%.1f%%)", "alice", 42, 12.5)`,
		"find":    `local a, b = string.find("the quick brown fox jumps", "b%a+")`,
		"plain":   `local a, b = string.find("the quick brown fox jumps", "fox", 1, true)`,
		"match":   `local y, m, d = string.match("2024-05-06", "^(%d+)-(%d+)-(%d+)$")`,
		"gmatch":  `for word in string.gmatch("the quick brown fox jumps", "%a+") do local w = word end`,
		"gsub":    `local s = string.gsub("hello world from lua", "o", "0")`,
		"replace": `local s = string.gsub("key = value", "(%w+) = (%w+)", "%2 = %1")`,
	} {
		b.Run(name, func(b *testing.B) {
			body := hundred + call + " end end"
			b.Run("nkhost", func(b *testing.B) { benchmarkHere(b, body) })
			b.Run("gopher-lua", func(b *testing.B) { benchmarkGopherLua(b, body) })
		})
	}
}

func benchmarkHere(b *testing.B, body string) {
	w := oneWorld(b)
	fn, err := w.values(b, body)
	if err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Call(ctx, nil, function(b, fn[0])); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkGopherLua(b *testing.B, body string) {
	L := gopher.NewState()
	defer L.Close()
	if err := L.DoString(body); err != nil {
		b.Fatal(err)
	}
	fn := L.Get(-1)
	b.ReportAllocs()
	for b.Loop() {
		L.Push(fn)
		if err := L.PCall(0, 0, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAgainstGopherJSON reads and writes the state of a game, here and with
// gopher-json.
func BenchmarkAgainstGopherJSON(b *testing.B) {
	value, err := lua.DecodeJSON(stateJSON)
	if err != nil {
		b.Fatal(err)
	}
	theirs := toGopher(value)
	L := gopher.NewState()
	defer L.Close()
	for name, fn := range map[string]func() error{
		"decode/nkhost":      func() error { _, err := lua.DecodeJSON(stateJSON); return err },
		"decode/gopher-json": func() error { _, err := luajson.Decode(L, []byte(stateJSON)); return err },
		"encode/nkhost":      func() error { _, err := lua.EncodeJSON(value); return err },
		"encode/gopher-json": func() error { _, err := luajson.Encode(theirs); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := fn(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkGlobals reads a function of a library, and a base function, a hundred times.
func BenchmarkGlobals(b *testing.B) {
	for name, body := range map[string]string{
		"library": `return function() for _ = 1, 100 do local f = string.len end end`,
		"base":    `return function() for _ = 1, 100 do local f = ipairs end end`,
	} {
		b.Run(name, func(b *testing.B) { benchmarkHere(b, body) })
	}
}
