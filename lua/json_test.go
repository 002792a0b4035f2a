package lua_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	gopher "github.com/yuin/gopher-lua"
	luajson "layeh.com/gopher-json"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// TestEncodeJSON writes the value of a Lua expression.
func TestEncodeJSON(t *testing.T) {
	t.Parallel()
	w := oneWorld(t)
	for expression, want := range map[string]string{
		`nil`:                                   `null`,
		`true`:                                  `true`,
		`"text"`:                                `"text"`,
		`""`:                                    `""`,
		`{}`:                                    `{}`,
		`{{}, {}}`:                              `[{},{}]`,
		`{1, 2, 3}`:                             `[1,2,3]`,
		`{a = 1, b = {c = true}}`:               `{"a":1,"b":{"c":true}}`,
		`{b = 1, a = 2, [-1] = 3}`:              `{"-1":3,"a":2,"b":1}`,
		`{1, 2, name = "lost"}`:                 `[1,2]`,
		`{[3] = "c"}`:                           `[null,null,"c"]`,
		`{1, nil, 3}`:                           `[1,null,3]`,
		`{[0] = "zero"}`:                        `{"0":"zero"}`,
		`{[0] = "lost", "one"}`:                 `["one"]`,
		`{[-2] = 1, [0.5] = 2}`:                 `{"-2":1,"0.5":2}`,
		`{[true] = 1}`:                          `{"true":1}`,
		`{["1"] = "text"}`:                      `{"1":"text"}`,
		`{["0.5"] = "text", [0.5] = "n"}`:       `{"0.5":"n"}`,
		`5.0`:                                   `5`,
		`-0.0`:                                  `0`,
		`1e15`:                                  `1000000000000000`,
		`2^53`:                                  `9007199254740992`,
		`2^63`:                                  `9223372036854776000`,
		`1e21`:                                  `1e+21`,
		`0.1`:                                   `0.1`,
		`1e-7`:                                  `1e-7`,
		`1.5e-10`:                               `1.5e-10`,
		`0.000001`:                              `0.000001`,
		`1/3`:                                   `0.3333333333333333`,
		`math.huge`:                             `1.7976931348623157e+308`,
		`"<a href='x'>&</a>"`:                   `"\u003ca href='x'\u003e\u0026\u003c/a\u003e"`,
		`"\"\\/\n\t\r\b\f\1\127"`:               `"\"\\/\n\t\r\b\f\u0001` + "\x7f" + `"`,
		`"é \226\130\172 \255"`:                 `"é € \ufffd"`,
		`"\226\128\168\226\128\169"`:            `"\u2028\u2029"`,
		`setmetatable({1}, {__index = {1, 2}})`: `[1]`,
	} {
		results, err := w.values(t, "return "+expression)
		if err != nil {
			t.Fatal(expression, err)
		}
		if got, err := lua.EncodeJSON(results[0]); err != nil || got != want {
			t.Errorf("%s became %s, %v; want %s", expression, got, err, want)
		}
	}
	results, err := w.values(t, `local shared = {1} return {shared, shared}, {print = print}`)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := lua.EncodeJSON(results[0]); err != nil || got != "[[1],[1]]" {
		t.Errorf("a table that occurs twice became %s, %v", got, err)
	}
	if got, err := lua.EncodeJSON(results[1]); err != nil || !strings.HasPrefix(got, `{"print":"function: 0x`) {
		t.Errorf("a function became %s, %v", got, err)
	}
}

func TestEncodeJSONRefuses(t *testing.T) {
	t.Parallel()
	w := oneWorld(t)
	for piece, want := range map[string]string{
		`return 0/0`:                                           "the number NaN has no JSON",
		`return {1, {x = 1/0}}`:                                "the number +Inf has no JSON",
		`return newproxy()`:                                    "a userdata has no JSON",
		`return {a = {newproxy()}}`:                            "a userdata has no JSON",
		`local t = {} t.t = t return t`:                        "contains itself",
		`local t = {} t[1] = {{t}} return t`:                   "contains itself",
		`local t = {} for _ = 1, 1000 do t = {t} end return t`: "more than 1000 deep",
	} {
		results, err := w.values(t, piece)
		if err != nil {
			t.Fatal(piece, err)
		}
		if got, err := lua.EncodeJSON(results[0]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s became %.40s, %v; want %q", piece, got, err, want)
		}
	}
}

// TestDecodeJSON reads a text, which the Lua condition about v must then hold of.
func TestDecodeJSON(t *testing.T) {
	t.Parallel()
	w := oneWorld(t)
	for text, condition := range map[string]string{
		`null`:                       `v == nil`,
		` true `:                     `v == true`,
		`"text"`:                     `v == "text"`,
		`-12.5e1`:                    `v == -125`,
		`1E+2`:                       `v == 100`,
		`0`:                          `v == 0`,
		`-0`:                         `1/v < 0`,
		`12345678901234567890`:       `v == 12345678901234567890.0`,
		`[]`:                         `type(v) == "table" and next(v) == nil`,
		`{}`:                         `type(v) == "table" and next(v) == nil`,
		`[1,[2],{"a":3}]`:            `#v == 3 and v[2][1] == 2 and v[3].a == 3`,
		`[1,null,3]`:                 `v[1] == 1 and v[2] == nil and v[3] == 3`,
		`{"a":null}`:                 `next(v) == nil`,
		`{"a":1,"a":2}`:              `v.a == 2`,
		`{"a":1,"a":null}`:           `v.a == nil`,
		`{"1":"text"}`:               `v[1] == nil and v["1"] == "text"`,
		`"\u00e9\u20AC\ud83d\ude00"`: `v == "\195\169\226\130\172\240\159\152\128"`,
		`"\ud83d"`:                   `v == "\239\191\189"`,
		`"\ud83dx\ude00"`:            `v == "\239\191\189x\239\191\189"`,
		`"\ud83d\u0041"`:             `v == "\239\191\189A"`,
		"\"\xff\"":                   `v == "\239\191\189"`,
		`"\"\\\/\b\f\n\r\t\u0000"`:   `v == "\"\\/\b\f\n\r\t\0"`,
		"\t\r\n [ 1 , 2 ] ":          `#v == 2`,
		`"` + strings.Repeat("long ", 1000) + `"`: `#v == 5000`,
	} {
		v, err := lua.DecodeJSON(text)
		if err != nil {
			t.Errorf("%.40s: %v", text, err)
			continue
		}
		holds, err := w.values(t, "return function(v) return "+condition+" end")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := w.Call(t.Context(), nil, function(t, holds[0]), v); err != nil || got[0] != glua.LTrue {
			t.Errorf("%.40s became %v, of which %s does not hold (%v)", text, v, condition, err)
		}
	}
}

func TestDecodeJSONRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:               "ends too early",
		` `:              "ends too early",
		`[1,`:            "ends too early",
		`{"a":`:          "ends too early",
		`"abc`:           "ends too early",
		`"\u12`:          "ends too early",
		`1 2`:            "byte 3: '2' where the end should be",
		`[1 2]`:          "byte 4: '2' where ',' or ']' should be",
		`[1,]`:           "byte 4: ']' where a value should be",
		`{"a" 1}`:        "byte 6: '1' where ':' should be",
		`{a:1}`:          "byte 2: 'a' where a name in double quotes should be",
		`{"a":1,}`:       "byte 8: '}' where a name in double quotes should be",
		`01`:             "byte 2: '1' where no further digit should be",
		`1.`:             "ends too early",
		`.5`:             "byte 1: '.' where a value should be",
		`+1`:             "byte 1: '+' where a value should be",
		`1e400`:          "byte 1: the number 1e400 is out of range",
		`nul`:            "ends too early",
		`True`:           "byte 1: 'T' where a value should be",
		`NaN`:            "byte 1: 'N' where a value should be",
		"\"a\nb\"":       "where an escape such as \\n should be",
		`"\x"`:           "byte 3: 'x' where a letter of an escape should be",
		`"\u12g4"`:       "byte 6: 'g' where a hexadecimal digit should be",
		`'a'`:            `byte 1: '\'' where a value should be`,
		"\ufeff1":        "where a value should be",
		`[1] // comment`: "byte 5: '/' where the end should be",
		strings.Repeat("[", 1001) + strings.Repeat("]", 1001): "byte 1001: values are nested more than 1000 deep",
	} {
		v, err := lua.DecodeJSON(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q became %v, %v; want %q", text, v, err, want)
		}
	}
}

// TestGoValues converts Lua's values to Go, where the rules are those of JSON.
func TestGoValues(t *testing.T) {
	t.Parallel()
	w := oneWorld(t)
	for expression, want := range map[string]any{
		`nil`:                          nil,
		`true`:                         true,
		`"a"`:                          "a",
		`5`:                            int64(5),
		`5.5`:                          5.5,
		`1e300`:                        1e300,
		`{}`:                           map[string]any{},
		`{1, "b", name = "lost"}`:      []any{int64(1), "b"},
		`{[3] = true}`:                 []any{nil, nil, true},
		`{a = {b = {}}, [-1] = 0}`:     map[string]any{"a": map[string]any{"b": map[string]any{}}, "-1": int64(0)},
		`{["0.5"] = "t", [0.5] = "n"}`: map[string]any{"0.5": "n"},
	} {
		results, err := w.values(t, "return "+expression)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := lua.ConvertToGo(results[0]); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s became %#v, %v; want %#v", expression, got, err, want)
		}
	}
	cycle, err := w.values(t, `local t = {} t.t = t return t`)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := lua.ConvertToGo(cycle[0]); err == nil {
		t.Errorf("a table that contains itself became %v", got)
	}
}

// plainJSON is a JSON value as encoding/json reads it, with what Lua makes of it.
func plainJSON(v any) any {
	switch v := v.(type) {
	case []any:
		for len(v) > 0 && v[len(v)-1] == nil {
			v = v[:len(v)-1]
		}
		if len(v) == 0 {
			return map[string]any{}
		}
		for i, item := range v {
			v[i] = plainJSON(item)
		}
		return v
	case map[string]any:
		for name, member := range v {
			if member == nil {
				delete(v, name)
			} else {
				v[name] = plainJSON(member)
			}
		}
	case float64:
		return v + 0 // no negative zero
	}
	return v
}

func hasNull(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		for _, item := range v {
			if hasNull(item) {
				return true
			}
		}
	case map[string]any:
		for _, member := range v {
			if hasNull(member) {
				return true
			}
		}
	}
	return false
}

// equalLua compares values of Lua, tables by what is in them.
func equalLua(a, b glua.LValue) bool {
	x, isTable := a.(*glua.LTable)
	y, areTables := b.(*glua.LTable)
	if !isTable || !areTables {
		return a == b
	}
	count, equal := 0, true
	x.ForEach(func(key, value glua.LValue) {
		count++
		equal = equal && equalLua(value, y.RawGet(key))
	})
	y.ForEach(func(glua.LValue, glua.LValue) { count-- })
	return equal && count == 0
}

// FuzzJSON reads texts with encoding/json, with gopher-json and with this package.
// Those that are JSON must come out the same, also after they were written and read
// once more.
func FuzzJSON(f *testing.F) {
	for _, text := range []string{
		stateJSON, `null`, `[1,null,"a",{"b":[]}]`, `{"a":1,"a":2,"":null}`, `"\ud83d\ude00\ud83d \u2028<&>"`, `-0`, `1e400`,
		`[1.5e-7,1e21,123456789012345678901234567890,-0.0,0.1]`, "\"\xff\xfe\"", `[[[[]]]]`, ` { } `, `{"a":{"b":{"c":[1,[2,[3]]]}}}`,
		`"\u0000\u001f\b\f\n\r\t\/\\\""`, `01`, `[1,]`, `tru`, "\"\x01\"", `{"1":1,"2":2}`, `9007199254740993`, `"\uD800\uDBFF"`,
	} {
		f.Add(text)
	}
	L := gopher.NewState()
	f.Cleanup(L.Close)
	f.Fuzz(func(t *testing.T, text string) {
		var want any
		wantErr := json.Unmarshal([]byte(text), &want)
		got, err := lua.DecodeJSON(text)
		if err != nil && strings.Count(text, "[")+strings.Count(text, "{") > 1000 {
			return // it may be nested deeper than DecodeJSON goes
		}
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("decoding %q: %v; encoding/json says %v", text, err, wantErr)
		}
		if err != nil {
			return
		}
		theirs, err := luajson.Decode(L, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		// gopher-json closes the gaps that null leaves in a list.
		if !hasNull(want) && !equalLua(got, fromGopher(theirs)) {
			t.Fatalf("%q became %v; gopher-json makes %v of it", text, got, theirs)
		}
		checkEncoding(t, got, want)
	})
}

// checkEncoding writes a value that was read from JSON, of which encoding/json made
// want, and reads it again.
func checkEncoding(t *testing.T, v glua.LValue, want any) {
	encoded, err := lua.EncodeJSON(v)
	if err != nil {
		t.Fatal(err)
	}
	var again any
	if err := json.Unmarshal([]byte(encoded), &again); err != nil {
		t.Fatalf("encoded %s: %v", encoded, err)
	}
	want = plainJSON(want)
	if !reflect.DeepEqual(plainJSON(again), want) {
		t.Fatalf("encoded %s, want %v", encoded, want)
	}
	decoded, err := lua.DecodeJSON(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if twice, err := lua.EncodeJSON(decoded); err != nil || twice != encoded {
		t.Fatalf("encoded %s, and then %s, %v", encoded, twice, err)
	}
	converted, err := lua.ConvertToGo(v)
	if err != nil {
		t.Fatal(err)
	}
	if written, err := json.Marshal(converted); err != nil || string(written) != encoded {
		t.Fatalf("encoded %s, but ConvertToGo makes %s", encoded, written)
	}
}

// FuzzEncodeJSON writes numbers and texts, and compares with encoding/json.
func FuzzEncodeJSON(f *testing.F) {
	for _, x := range []float64{0, 0.1, 1e-7, 1e21, 1 << 53, -1.5, 5e-324, math.MaxFloat64} {
		f.Add(x, "text")
	}
	f.Add(1.0, "\x00\x1f\x7f\u2028\u2029<>&\"\\/\xff\xc3\xed\xa0\x80é")
	f.Fuzz(func(t *testing.T, x float64, s string) {
		text, err := lua.EncodeJSON(glua.LString(s))
		if want, _ := json.Marshal(s); err != nil || text != string(want) {
			t.Fatalf("%q became %s, %v; encoding/json writes %s", s, text, err, want)
		}
		// A text as runes has U+FFFD for each byte that is not UTF-8.
		if decoded, err := lua.DecodeJSON(text); err != nil || decoded != glua.LString([]rune(s)) {
			t.Fatalf("%q became %s and then %q, %v", s, text, decoded, err)
		}
		number, err := lua.EncodeJSON(glua.LNumber(x))
		if math.IsNaN(x) || math.IsInf(x, 0) {
			if err == nil {
				t.Fatalf("%v became %s", x, number)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if decoded, err := lua.DecodeJSON(number); err != nil || decoded != glua.LNumber(x) {
			t.Fatalf("%v became %s and then %v, %v", x, number, decoded, err)
		}
		if want, _ := json.Marshal(x + 0); x != math.Trunc(x) && number != string(want) {
			t.Fatalf("%v became %s; encoding/json writes %s", x, number, want)
		}
	})
}
