package lua

// What one Lua function may ask for at once.
const (
	maxStringSize = 64 << 20  // bytes of a string that a library function makes
	maxChunkSize  = 256 << 10 // bytes of source text that load and loadstring compile
	maxUnpack     = 32768     // results of unpack
	maxDepth      = 1000      // nested tables in JSON and in values that go to Go
)
