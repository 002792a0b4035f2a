package glua

import (
	"bytes"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	gopher "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

func TestValuesRoundTrip(t *testing.T) {
	t.Parallel()
	table, fn, data := NewTable(0, 0), &LFunction{}, &LUserData{}
	negativeZero := math.Copysign(0, -1)
	values := []LValue{LNil, LTrue, LFalse, LString(""), LString("x"), LString("a\x00b"), LString(strings.Repeat("long", 1000)), table, fn, data}
	numbers := []float64{0, negativeZero, 1, -1, 255, 256, 1.5, math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64}
	for _, kind := range []LValueType{LTNil, LTBool, LTNumber, LTString, LTFunction, LTUserData, LTTable} {
		numbers = append(numbers, math.Float64frombits(uint64(kind)<<typeShift), math.Float64frombits(uint64(kind)<<typeShift|1))
	}
	for _, f := range numbers {
		values = append(values, LNumber(f))
	}
	for _, v := range values {
		of := Of(v)
		if of.Type() != v.Type() || of.LValue() != v {
			t.Errorf("%v %v became %v %v", v.Type(), v, of.Type(), of.LValue())
		}
		for kind, is := range map[LValueType]bool{
			LTNil: of.IsNil(), LTNumber: of.isNumber(), LTString: of.isString(), LTTable: of.isTable(), LTFunction: of.isFunction(),
		} {
			if is != (v.Type() == kind) {
				t.Errorf("%v %v is taken for a %v", v.Type(), v, kind)
			}
		}
		if of.IsFalse() != (v == LNil || v == LFalse) {
			t.Errorf("%v %v is taken for false", v.Type(), v)
		}
	}
	for _, f := range numbers {
		if got := Number(f).Float(); math.Float64bits(got) != math.Float64bits(f) {
			t.Errorf("%x became %x", math.Float64bits(f), math.Float64bits(got))
		}
	}
	if nan := Number(math.NaN()); !nan.isNumber() || same(nan, nan) {
		t.Error("NaN is the same as itself")
	}
	if !same(Number(0), Number(negativeZero)) {
		t.Error("-0 is not 0")
	}
	if got := Of(nil); !got.IsNil() {
		t.Errorf("no LValue became %v", got)
	}
}

// hashOfSize is a table with n fields that no program names, and their names.
func hashOfSize(n int) (*LTable, []string) {
	t := NewTable(0, 0)
	var keys []string
	for i := range n {
		keys = append(keys, fmt.Sprintf("hashed%d", i))
		t.RawSetString(keys[i], LNumber(i))
	}
	return t, keys
}

func fieldsOf(t *LTable) (keys []string) {
	t.ForEach(func(key, _ LValue) { keys = append(keys, key.String()) })
	return keys
}

func TestHashForgetsRemovedFields(t *testing.T) {
	t.Parallel()
	table, _ := hashOfSize(3)
	for i := range 100_000 {
		key := fmt.Sprint("passing", i)
		table.RawSetString(key, LTrue)
		table.RawSetString(key, LNil)
	}
	if n := cap(table.hash.entries); n > 4*fewDead {
		t.Errorf("3 fields take %d places", n)
	}
	if got := fmt.Sprint(fieldsOf(table)); got != "[hashed0 hashed1 hashed2]" {
		t.Errorf("the fields are %v", got)
	}
}

func TestHashCountsWhatIsDead(t *testing.T) {
	t.Parallel()
	table, keys := hashOfSize(200)
	for round := range 50 {
		for i, key := range keys {
			if (i+round)%3 != 0 {
				table.RawSetString(key, LNil)
				table.RawSetString(key, LNil)
			}
			if (i+round)%5 == 0 {
				table.RawSetString(key, LNumber(i))
				table.RawSetString(fmt.Sprint(key, round), LTrue)
				table.RawSetString(fmt.Sprint(key, round), LNil)
			}
		}
		dead := 0
		for i, e := range table.hash.entries {
			if e.value.IsNil() {
				dead++
			}
			if found := table.hash.find(e.key); found != i {
				t.Fatalf("%v is found at %d, not at %d", e.key, found, i)
			}
		}
		if dead != table.hash.dead {
			t.Fatalf("%d entries are dead, not %d", dead, table.hash.dead)
		}
	}
}

// A loop that removes its field and adds others comes to them.
func TestLoopGoesOnBehindRemovedFields(t *testing.T) {
	t.Parallel()
	for size, passing := range map[int]int{1: 0, 3: 100, 40: 30, 500: 200} {
		table, _ := hashOfSize(size)
		seen, added := 0, 0
		for key, _ := table.Next(LNil); key != LNil; key, _ = table.Next(key) {
			seen++
			table.RawSet(key, LNil)
			if added < 300 {
				table.RawSetString(fmt.Sprint("added", added), LTrue)
				added++
			}
			for passing := range passing {
				table.RawSetString(fmt.Sprint("passing", seen, passing), LTrue)
				table.RawSetString(fmt.Sprint("passing", seen, passing), LNil)
			}
			table.Next(LNil)
		}
		if seen != size+added {
			t.Errorf("of %d fields and %d that were added %d were seen", size, added, seen)
		}
	}
}

func TestTablesWithManyFieldsHaveNoShape(t *testing.T) {
	t.Parallel()
	table := NewTable(0, 0)
	for i := range maxFields + 10 {
		place := table.setName(String(fmt.Sprint("wide", i)), Number(float64(i)), true)
		if hashed := i >= maxFields; hashed != (place == nil) || hashed != (table.hash != nil) {
			t.Fatalf("with field %d: %v, %v", i, place, table.hash)
		}
	}
	for i := range maxFields + 10 {
		if got := table.RawGetString(fmt.Sprint("wide", i)); got != LNumber(i) {
			t.Errorf("field %d is %v", i, got)
		}
	}
	if got := len(fieldsOf(table)); got != maxFields+10 {
		t.Errorf("a loop sees %d fields", got)
	}
}

func TestNamesFromOutsideMakeFewShapes(t *testing.T) {
	t.Parallel()
	const names = 1000
	table := NewTable(0, 0)
	table.setName(String("known"), Number(1), true)
	for i := range names {
		table.RawSetString(fmt.Sprint("from outside", i), LNumber(i))
		if table.hash == nil && len(table.shape.keys) > maxOtherFields+1 {
			t.Fatalf("%d names have a shape", len(table.shape.keys))
		}
	}
	if fields := fieldsOf(table); len(fields) != names+1 || fields[0] != "known" || fields[names] != fmt.Sprint("from outside", names-1) {
		t.Errorf("the fields are %v", fields)
	}
}

func TestSealedTable(t *testing.T) {
	t.Parallel()
	table, keys := hashOfSize(300)
	table.RawSetString(keys[5], LNil)
	table.Seal()
	if table.hash != nil || table.RawGetString(keys[299]) != LNumber(299) || table.RawGetString(keys[5]) != LNil {
		t.Error("a field is not as before")
	}
	if got := fieldsOf(table); len(got) != 299 || got[5] != keys[6] {
		t.Errorf("the fields are %v", got)
	}
	table.setName(String("more"), Number(1), true)
	if table.RawGetString("more") != LNumber(1) || table.RawGetString(keys[0]) != LNumber(0) {
		t.Error("a field that comes later is lost")
	}
}

func function(t *testing.T, source string, env *LTable) *LFunction {
	t.Helper()
	chunk, err := parse.Parse(strings.NewReader(source), "test.lua")
	if err != nil {
		t.Fatal(err)
	}
	proto, err := Compile(chunk, "test.lua", false)
	if err != nil {
		t.Fatal(err)
	}
	return NewFunction(proto, env)
}

func call(t *testing.T, L *LState, fn *LFunction, args ...LValue) LValue {
	t.Helper()
	L.Push(fn)
	for _, arg := range args {
		L.Push(arg)
	}
	if err := L.PCall(len(args), 1); err != nil {
		t.Error(err)
		return LNil
	}
	defer L.Pop(1)
	return L.Get(-1)
}

func TestVariablesMoveWithTheRegisters(t *testing.T) {
	t.Parallel()
	fn := function(t, `
local a, b, c = 1, 2, 3
local function change() a, b, c = a + 1, b + 1, c + 1 end
local function deep(n, ...)
  local d = n
  local function add() d = d + 1 end
  add()
  if n > 0 then return deep(n - 1, n, ...) + d end
  change()
  add()
  return d
end
local sum = deep(100, 1, 2, 3)
change()
return a * 1000000 + b * 100000 + c * 10000 + sum`, NewTable(0, 0))
	const want = LNumber(3_000_000 + 400_000 + 50_000 + 5050 + 100 + 2)
	for _, size := range []int{16, 50_000} {
		L := NewState(Options{CallStackSize: 200, RegistrySize: size, RegistryMaxSize: 100_000})
		if got := call(t, L, fn); got != want {
			t.Errorf("with %d registers to begin with it is %v, not %v", size, got, want)
		}
		if grown := len(L.regs) > size+window; grown != (size == 16) {
			t.Errorf("of %d registers there are now %d", size, len(L.regs))
		}
		if L.open != nil {
			t.Error("a variable is still a register")
		}
	}
}

func TestClearLeavesNothing(t *testing.T) {
	t.Parallel()
	L := NewState(Options{CallStackSize: 100, RegistrySize: 64, RegistryMaxSize: 10_000})
	env := NewTable(0, 0)
	env.RawSetString("fail", &LFunction{GFunction: func(L *LState) int { L.RaiseError("failed"); return 0 }})
	for _, source := range []string{
		"local t = {} local function f(n, ...) local u = {t} if n == 0 then return u, ... end return f(n - 1, u, ...) end return f(50)",
		"local t = {} local function f(n) local u = function() return t, n end if n == 0 then fail() end return f(n - 1) or u end return f(50)",
		"local t = {} local function f(...) return 1 + f(t, ...) end f()",
		"local a, b, c = {}, {}, {} return a, b, c",
	} {
		L.Push(function(t, source, env))
		_ = L.PCall(0, MultRet)
		L.Clear()
		for i, v := range L.regs {
			if !v.IsNil() {
				t.Fatalf("after %q register %d of %d has %v", source, i, len(L.regs), v)
			}
		}
		for i, fr := range L.frames {
			if fr.fn != nil {
				t.Fatalf("after %q call %d has a function", source, i)
			}
		}
		if L.open != nil || L.depth != 0 || L.top != 0 || L.current != nil {
			t.Fatalf("after %q something runs", source)
		}
	}
}

// Functions made of the same program share where their instructions last found fields.
func TestStatesShareAProgram(t *testing.T) {
	t.Parallel()
	env := NewTable(0, 0)
	fn := function(t, `
local kind = ...
local o = {}
if kind == 0 then o.a = 1 o.b = 2 o.c = 3 elseif kind == 1 then o.c = 3 o.b = 2 o.a = 1 else o.x = 0 o.b = 2 o.a = 1 o.c = 3 end
local n = 0
for i = 1, 300 do
  o.a = o.a + 1 n = n + o.a + o.b + o.c
  if i % 50 == 0 then o.b = nil o.more = i o.b = 2 end
  if i % 90 == 0 then o['k' .. kind .. i] = i end
  n = n + (o.missing or 1)
end
return n`, env)
	var group sync.WaitGroup
	for worker := range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			L := NewState(Options{CallStackSize: 20, RegistrySize: 64, RegistryMaxSize: 1000})
			for round := range 60 {
				own := NewFunction(fn.Proto, NewTable(0, 0))
				if got := call(t, L, own, LNumber((worker+round)%3)); got != LNumber(47250) {
					t.Errorf("got %v", got)
				}
			}
		}()
	}
	group.Wait()
}

// TestEveryFunctionKnowsItsVariables compiles all Lua files there are: what we take for the
// declarations must be what gopher-lua's compiler does.
func TestEveryFunctionKnowsItsVariables(t *testing.T) {
	t.Parallel()
	functions := 0
	var compare func(file string, p *FunctionProto, from *gopher.FunctionProto)
	compare = func(file string, p *FunctionProto, from *gopher.FunctionProto) {
		functions++
		if len(p.locals) != len(from.DbgLocals) && len(from.Code) > 1 {
			t.Errorf("%s:%d: %d variables, want %d", file, p.LineDefined, len(p.locals), len(from.DbgLocals))
		}
		for i, inner := range p.protos {
			compare(file, inner, from.FunctionPrototypes[i])
		}
	}
	err := filepath.WalkDir("../..", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(file) != ".lua" {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		chunk, err := parse.Parse(bytes.NewReader(text), file)
		if err != nil {
			return nil // some are there for their mistakes
		}
		p, err := Compile(chunk, file, false)
		if err != nil {
			return nil
		}
		removeBlocks(chunk)
		from, err := gopher.Compile(chunk, file)
		if err != nil {
			return err
		}
		compare(file, p, from)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if functions < 100 {
		t.Errorf("only %d functions were found", functions)
	}
}
