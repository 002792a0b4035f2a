package lua

import glua "github.com/yuin/gopher-lua"

// What one Lua function may ask for at once.
const (
	maxArrayIndex = 4 << 20   // beyond it, items are kept as fields: t[1e7] = 1 takes no room for all before
	maxStringSize = 64 << 20  // bytes of a string that a library function makes
	maxChunkSize  = 256 << 10 // bytes of source text that load and loadstring compile
	maxChunkDepth = 250       // nested expressions and blocks in it
	maxUnpack     = 32768     // results of unpack
	maxDepth      = 1000      // nested tables in JSON and in values that go to Go
)

// gopher-lua has it in a variable, which is set here before any table is made.
var _ = setMaxArrayIndex(maxArrayIndex)

func setMaxArrayIndex(n int) int {
	glua.MaxArrayIndex = n
	return n
}
