package lua

import "nkhost/lua/glua"

// What one Lua function may ask for at once.
const (
	maxStringSize = 64 << 20  // bytes of a string that a library function makes; see stringLimit
	maxChunkSize  = 256 << 10 // bytes of source text that load and loadstring compile
	maxChunkDepth = 250       // nested expressions and blocks in it
	maxUnpack     = 32768     // results of unpack
	maxDepth      = 1000      // nested tables in JSON and in values that go to Go
)

// smallString is how many bytes a string may have in any case.
const smallString = 64 << 10

// stringLimit is how many bytes a string may have that a library function makes: half of
// what the call may take, so that the watchdog has time to look before there are more.
func stringLimit(L *glua.LState) int {
	if s := stackOf(L); s != nil {
		if memory := s.vm.runtime.options.CallMemory; memory > 0 {
			return int(max(smallString, min(maxStringSize, memory/2)))
		}
	}
	return maxStringSize
}

// checkString raises if a function is about to make a string that is too long.
func checkString(L *glua.LState, function string, size int) {
	if size <= smallString {
		return
	}
	if limit := stringLimit(L); size > limit {
		L.RaiseError("%s would make a string of more than %d bytes", function, limit)
	}
}
