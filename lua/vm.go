package lua

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"nkhost/lua/glua"
)

// ErrClosed is the error of calls into a VM that was closed.
var ErrClosed = errors.New("the Lua VM is closed")

// VM is one Lua world. It runs one call at a time; further calls wait for their turn.
type VM struct {
	runtime *Runtime
	turn    turn

	env     *glua.LTable   // _G
	strings *glua.LTable   // the metatable of strings
	proxies []*glua.LTable // by library.index
	loaders *glua.LTable   // package.loaders once Lua has asked for it

	frozen frozenTables
	random *rand.Rand // nil until Lua seeds it
}

// NewVM makes a VM in which no module is loaded yet.
func (r *Runtime) NewVM() *VM {
	vm := &VM{runtime: r, proxies: make([]*glua.LTable, len(r.libraries))}
	if r.options.Seed != nil {
		vm.Seed(r.options.Seed())
	}
	vm.env = vm.proxy(r.globals)
	methods := vm.proxy(r.byName["string"])
	methods.SetField("__index", methods)
	vm.strings = methods
	return vm
}

// Seed makes math.random follow from a seed. No call may be running.
func (vm *VM) Seed(seed uint64) { vm.random = rand.New(rand.NewPCG(seed, 0)) }

// Call calls fn, a function of this VM, and appends what it returns to dst. It waits
// for its turn; ctx is what Context gives to Go functions that are called by fn, and
// when ctx ends before the turn has come, Call gives up. An error that Lua raised is an
// *Error.
//
// A Go function that Lua calls must use L.Call, or call within Wait, to get back into
// the same VM.
func (vm *VM) Call(ctx context.Context, dst []glua.LValue, fn *glua.LFunction, args ...glua.LValue) ([]glua.LValue, error) {
	if err := vm.enter(ctx); err != nil {
		return dst, err
	}
	defer vm.leave()
	return vm.call(ctx, dst, fn, args...)
}

// CallValues is Call without boxes around the values.
func (vm *VM) CallValues(ctx context.Context, dst []glua.Value, fn *glua.LFunction, args ...glua.Value) ([]glua.Value, error) {
	if err := vm.enter(ctx); err != nil {
		return dst, err
	}
	defer vm.leave()
	return vm.callValues(ctx, dst, fn, args)
}

// CallThen calls fn as Call does and gives use the results, or the error, while it is
// still the VM's turn: until use returns no other call changes the tables among them. use
// is not called when the turn never came; CallThen then returns the error.
func (vm *VM) CallThen(ctx context.Context, use func(results []glua.LValue, err error), fn *glua.LFunction, args ...glua.LValue) error {
	if err := vm.enter(ctx); err != nil {
		return err
	}
	defer vm.leave()
	use(vm.call(ctx, nil, fn, args...))
	return nil
}

// call is Call for one who has the turn.
func (vm *VM) call(ctx context.Context, dst []glua.LValue, fn *glua.LFunction, args ...glua.LValue) ([]glua.LValue, error) {
	var few, room [8]glua.Value
	values := few[:0]
	for _, arg := range args {
		values = append(values, glua.Of(arg))
	}
	results, err := vm.callValues(ctx, room[:0], fn, values)
	for _, result := range results {
		dst = append(dst, result.LValue())
	}
	return dst, err
}

// callValues is CallValues for one who has the turn.
func (vm *VM) callValues(ctx context.Context, dst []glua.Value, fn *glua.LFunction, args []glua.Value) ([]glua.Value, error) {
	if vm.env == nil {
		return dst, ErrClosed
	}
	results, raised := vm.runtime.borrow(ctx, vm, nil).run(dst, glua.Function(fn), args)
	if raised != nil {
		raised.position(glua.Function(fn), "")
		return dst, raised
	}
	return results, nil
}

// LoadAll evaluates every module that no other has required before, in the order of
// their names, each without arguments. Unlike require it does not keep what a module
// returns, so that one that is required later is evaluated again, as on Nakama.
func (vm *VM) LoadAll(ctx context.Context) error {
	for _, name := range vm.runtime.modules.names {
		if err := vm.load(ctx, vm.runtime.modules.byName[name]); err != nil {
			return err
		}
	}
	return nil
}

func (vm *VM) load(ctx context.Context, m *module) error {
	if err := vm.enter(ctx); err != nil {
		return err
	}
	defer vm.leave()
	if vm.env != nil && glua.LVAsBool(vm.rawGet(vm.proxy(vm.runtime.loaded), glua.LString(m.name))) {
		return nil
	}
	_, err := vm.call(ctx, nil, vm.newFunction(m.proto))
	return err
}

// Evaluate runs a module of any set in this VM, which takes no note of it, with
// arguments, and returns what it returns.
func (vm *VM) Evaluate(ctx context.Context, modules *Modules, name string, args ...glua.LValue) ([]glua.LValue, error) {
	m := modules.byName[name]
	if m == nil {
		return nil, fmt.Errorf("there is no Lua module %q", name)
	}
	return vm.Call(ctx, nil, vm.newFunction(m.proto), args...)
}

// Require returns what Lua's require returns for a module's dotted name.
func (vm *VM) Require(ctx context.Context, name string) (glua.LValue, error) {
	results, err := vm.Call(ctx, nil, NewFunction(baseRequire), glua.LString(name))
	if err != nil {
		return glua.LNil, err
	}
	return results[0], nil
}

// CallField calls a function in the table that Require returns for a module. The arguments
// are what FromGo takes, the results what ConvertToGo makes.
func (vm *VM) CallField(ctx context.Context, module, name string, args ...any) (results []any, err error) {
	required, err := vm.Require(ctx, module)
	if err != nil {
		return nil, err
	}
	table, ok := required.(*glua.LTable)
	if !ok {
		return nil, fmt.Errorf("the Lua module %q is no table", module)
	}
	fn, ok := vm.rawGet(table, glua.LString(name)).(*glua.LFunction)
	if !ok {
		return nil, fmt.Errorf("the Lua module %q has no function %q", module, name)
	}
	values := make([]glua.LValue, len(args))
	for i, arg := range args {
		values[i] = FromGo(arg)
	}
	entering := vm.CallThen(ctx, func(returned []glua.LValue, raised error) {
		err = raised
		for i := 0; i < len(returned) && err == nil; i++ {
			var result any
			result, err = ConvertToGo(returned[i])
			results = append(results, result)
		}
	}, fn, values...)
	return results, errors.Join(entering, err)
}

// Table is the VM's own table of Options.Tables[name]: what Lua writes into it stays in
// this VM. It is for arguments of calls.
func (vm *VM) Table(name string) *glua.LTable { return vm.proxy(vm.runtime.tables[name]) }

// Close drops everything that the VM holds. Calls that wait for their turn, and later
// ones, fail with ErrClosed.
func (vm *VM) Close() {
	vm.reenter()
	defer vm.leave()
	vm.env, vm.strings, vm.loaders = nil, nil, nil
	clear(vm.proxies)
}

// newFunction makes a function of this VM from a compiled module.
func (vm *VM) newFunction(proto *glua.FunctionProto) *glua.LFunction {
	return glua.NewFunction(proto, vm.env)
}

// enter waits for the VM's turn until ctx ends.
func (vm *VM) enter(ctx context.Context) error { return vm.turn.take(ctx) }

// reenter waits for the turn however long it takes.
func (vm *VM) reenter() { _ = vm.turn.take(context.Background()) }

func (vm *VM) leave() { vm.turn.give() }
