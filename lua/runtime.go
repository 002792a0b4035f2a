// Package lua is the embedded Lua runtime: modules compiled once, virtual machines
// that share everything that can be shared, a sandboxed standard library, and the
// ways between Lua values, Go values and JSON.
//
// A VM is one world: its globals, its package.loaded, its modules' variables. It owns
// no stack and no copy of a library. A call borrows a stack from the Runtime, and the
// libraries are tables that all VMs share, each behind an empty table of the VM's own
// whose reads fall through.
//
// The language is that of gopher-lua. Where this package's library functions differ
// from PUC Lua 5.1 they follow what modules find on Nakama.
package lua

import (
	"context"
	"time"

	"nkhost/lua/glua"
)

// Options says how a Runtime's VMs are set up.
type Options struct {
	// Libraries are modules written in Go, by name, which require finds. All VMs share
	// their functions, so that these must keep nothing of the VM that calls them.
	Libraries map[string]map[string]glua.LGFunction
	// Tables are further libraries, which require does not find: VM.Table gives them.
	Tables map[string]map[string]glua.LGFunction

	// Print gets what Lua prints, without a newline at its end, and the context of the
	// call that printed. When it is nil, print does nothing.
	Print func(ctx context.Context, text string)

	// Now is the clock of the os library; time.Now when it is nil. It gets the context of
	// the call that asks.
	Now func(ctx context.Context) time.Time

	// Started is the time from which os.clock counts; when it is zero, now.
	Started time.Time

	// Seed seeds math.random of each VM that is made; nil leaves them unseeded.
	Seed func() uint64

	// Locals has errors tell the local variables of the function that raised them.
	Locals bool

	// CallTimeout is how long a call may run, without the time it spends in Wait, and
	// CallMemory by how many bytes it may let grow what is in use. A call that is over
	// either is stopped, and its error is ErrLimit. 0 is without limit.
	CallTimeout time.Duration
	CallMemory  int64

	// CallStackSize is how many calls may be nested (128 when it is 0), RegistrySize how
	// many values a stack holds before it has to grow (512 when it is 0).
	CallStackSize, RegistrySize int
}

const (
	defaultCallStackSize = 128
	defaultRegistrySize  = 512
)

// Runtime makes VMs. It holds what they share: the compiled modules, the libraries and
// a pool of stacks. It is safe for concurrent use.
type Runtime struct {
	modules *Modules
	options Options
	started time.Time

	globals, packages, loaded, preload *library
	byName                             map[string]*library
	tables                             map[string]*library
	libraries                          []*library

	stacks   stackPool
	watchdog watchdog
}

// NewRuntime makes a runtime for the modules. It runs no Lua.
func NewRuntime(modules *Modules, options Options) *Runtime {
	if options.CallStackSize <= 0 {
		options.CallStackSize = defaultCallStackSize
	}
	if options.RegistrySize <= 0 {
		options.RegistrySize = defaultRegistrySize
	}
	if modules.coverage != nil {
		options.CallStackSize++ // the innermost function may call a counter
	}
	if options.Now == nil {
		options.Now = func(context.Context) time.Time { return time.Now() }
	}
	if options.Print == nil {
		options.Print = func(context.Context, string) {}
	}
	r := &Runtime{
		modules:  modules,
		options:  options,
		started:  options.Started,
		byName:   map[string]*library{},
		tables:   map[string]*library{},
		watchdog: watchdog{timeout: options.CallTimeout, memory: uint64(max(options.CallMemory, 0))},
	}
	if r.started.IsZero() {
		r.started = options.Now(context.Background())
	}
	r.openLibraries()
	return r
}

// openLibraries makes the tables that all VMs share.
func (r *Runtime) openLibraries() {
	standard := map[string]map[string]glua.LGFunction{
		"table":  tableFunctions,
		"string": stringFunctions,
		"math":   mathFunctions,
		"bit32":  bit32Functions,
		"os":     r.osFunctions(),
	}
	for name, functions := range standard {
		r.byName[name] = r.newLibrary(functions)
	}
	r.byName["math"].openMath()
	r.packages = r.openPackage()
	r.byName["package"] = r.packages
	r.globals = r.openBase(standard)
	r.loaded = r.openLoaded(standard)
	for name, functions := range r.options.Libraries {
		r.byName[name] = r.newLibrary(functions)
	}
	for name, functions := range r.options.Tables {
		r.tables[name] = r.newLibrary(functions)
	}
	r.preload = r.openPreload()
	for _, lib := range r.libraries {
		lib.shared.Seal()
	}
}

// newTable makes a table with room for n list items and h named fields.
func newTable(n, h int) *glua.LTable { return glua.NewTable(n, h) }

// NewFunction makes a Lua function that any VM can call.
func NewFunction(fn glua.LGFunction) *glua.LFunction {
	return &glua.LFunction{GFunction: fn}
}
