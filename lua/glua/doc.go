// Package glua is the Lua interpreter: it runs what gopher-lua compiles, and behaves as
// gopher-lua does, whose names its types and methods have.
//
// It is there since thousands of matches, whose tables have long left the caches when
// their next tick comes, cost what they touch. A value is two words without a box
// (value.go). A table with named fields is a list of values and a pointer to its shape,
// which tables made alike share (shape.go); an instruction that names a field remembers
// where the last shape it met has it. Nothing of that is to be seen from Lua: gopher-lua
// itself is the oracle of the tests.
//
// Values, tables and functions may be shared by goroutines as long as none is written.
// A LState belongs to one goroutine at a time.
package glua
