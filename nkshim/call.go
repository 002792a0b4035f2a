package nkshim

import (
	"context"

	"nkhost/host/match"
	"nkhost/lua"
	"nkhost/lua/glua"
)

// call is one call of a nakama function: it decodes the Lua arguments, counted from
// 1, or raises an error that names the function, the argument and what was wanted.
// Like Nakama it takes a number for a string, but not a string for a number.
type call struct {
	L    *glua.LState
	name string // with its table: nakama.match_create
}

func (c call) context() context.Context { return lua.Context(c.L) }

// wait runs fn, which takes a while, and lets others have the VM and the place among
// the matches meanwhile.
func (c call) wait(fn func()) {
	lua.Wait(c.L, func() { match.Yield(c.context(), fn) })
}

// fail raises an error that is about the call as a whole.
func (c call) fail(format string, args ...any) {
	c.L.RaiseError(c.name+": "+format, args...)
}

// refuse raises an error about one argument.
func (c call) refuse(n int, what, wanted string) {
	got := "nothing"
	if n <= c.L.GetTop() {
		got = describe(c.L.Get(n))
	}
	c.fail("argument %d (%s) must be %s, got %s", n, what, wanted, got)
}

func describe(v glua.LValue) string {
	switch v := v.(type) {
	case glua.LString:
		if v == "" {
			return "an empty string"
		}
	case *glua.LNilType:
		return "nil"
	}
	return "a " + v.Type().String()
}

func (c call) text(n int, what string) string {
	switch v := c.L.Get(n).(type) {
	case glua.LString:
		return string(v)
	case glua.LNumber:
		return v.String()
	}
	c.refuse(n, what, "a string")
	return ""
}

// filledText is a string that must not be empty.
func (c call) filledText(n int, what string) string {
	text := c.text(n, what)
	if text == "" {
		c.refuse(n, what, "a string that is not empty")
	}
	return text
}

// optText is a string that may be nil or missing; here Nakama takes no number for it.
func (c call) optText(n int, what, otherwise string) string {
	switch v := c.L.Get(n).(type) {
	case *glua.LNilType:
		return otherwise
	case glua.LString:
		return string(v)
	}
	c.refuse(n, what, "a string or nil")
	return ""
}

func (c call) number(n int, what string) float64 {
	v, ok := c.L.Get(n).(glua.LNumber)
	if !ok {
		c.refuse(n, what, "a number")
	}
	return float64(v)
}

func (c call) optInt(n int, what string, otherwise int) int {
	if c.L.Get(n) == glua.LNil {
		return otherwise
	}
	return int(c.number(n, what))
}

func (c call) optBool(n int, what string, otherwise bool) bool {
	switch v := c.L.Get(n).(type) {
	case *glua.LNilType:
		return otherwise
	case glua.LBool:
		return bool(v)
	}
	c.refuse(n, what, "a boolean")
	return false
}

func (c call) function(n int, what string) *glua.LFunction {
	fn, ok := c.L.Get(n).(*glua.LFunction)
	if !ok {
		c.refuse(n, what, "a function")
	}
	return fn
}

func (c call) table(n int, what string) *glua.LTable {
	table, ok := c.L.Get(n).(*glua.LTable)
	if !ok {
		c.refuse(n, what, "a table")
	}
	return table
}

// fields is a table with named fields, as a Go value.
func (c call) fields(n int, what string) map[string]any {
	fields, ok := c.toGo(n, what, c.table(n, what)).(map[string]any)
	if !ok {
		c.refuse(n, what, "a table with named fields")
	}
	return fields
}

// toGo is an argument, or a part of one, as a Go value.
func (c call) toGo(n int, what string, v glua.LValue) any {
	converted, err := lua.ConvertToGoFor(c.L, v)
	if err != nil {
		c.fail("argument %d (%s): %v", n, what, err)
	}
	return converted
}

// any is an argument of any type, nil included, that must be given.
func (c call) any(n int, what string) glua.LValue {
	if n > c.L.GetTop() {
		c.refuse(n, what, "given, if only as nil")
	}
	return c.L.Get(n)
}

// given is an argument that must be given as nil or as a value of type T; ok says
// that it was not nil. Nakama wants some arguments so, where one would expect them
// to be optional.
func given[T glua.LValue](c call, n int, what, wanted string) (value T, ok bool) {
	v := c.any(n, what)
	if v == glua.LNil {
		return value, false
	}
	value, ok = v.(T)
	if !ok {
		c.refuse(n, what, wanted+" or nil")
	}
	return value, ok
}

func (c call) push(v glua.LValue) int {
	c.L.Push(v)
	return 1
}
