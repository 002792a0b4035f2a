package nkshim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// Journal stands between a match's Lua code and what it gets from outside. One that
// records passes everything on and keeps it; one that replays gives what was kept.
type Journal interface {
	// Seed is the seed of the match's math.random.
	Seed() uint64
	// Now is the time that Lua is told when the clock shows now.
	Now(now time.Time) time.Time
	// Call is a call of a function of the nakama module. ask makes the call; results is
	// the encoding of all of them, failure the text of the error that the call raised.
	Call(name string, ask func() (results []byte, failure string)) (results []byte, failure string, err error)
}

// inside are the functions whose results follow from their arguments alone, or that have
// none, so that a match that is replayed calls them again.
var inside = []string{
	"aes128_decrypt", "aes256_decrypt", "base16_decode", "base16_encode", "base64_decode", "base64_encode",
	"base64url_decode", "base64url_encode", "bcrypt_compare", "cron_next", "cron_prev", "hmac_sha256_hash",
	"json_decode", "json_encode", "logger_debug", "logger_error", "logger_info", "logger_warn", "md5_hash",
	"rsa_sha256_hash", "sha256_hash", "time", "uuid_bytes_to_string", "uuid_string_to_bytes",
}

// now is the time for Lua that runs with ctx.
func (r *Runtime) now(ctx context.Context) time.Time {
	now := r.deps.Now()
	if r.deps.Journal == nil {
		return now
	}
	if h := handlerOf(ctx); h != nil && h.journal != nil {
		return h.journal.Now(now)
	}
	return now
}

// layers puts the journal and doubles before a function.
func (r *Runtime) layers(name string, fn glua.LGFunction) glua.LGFunction {
	fn = r.orDouble(name, fn)
	if r.deps.Journal == nil || slices.Contains(inside, name) {
		return fn
	}
	return func(L *glua.LState) int {
		if h := handlerOf(lua.Context(L)); h != nil && h.journal != nil {
			return journalled(L, h.journal, name, fn)
		}
		return fn(L)
	}
}

// journalled calls fn by way of the journal. If fn was called, Lua gets its results as
// they are.
func journalled(L *glua.LState, journal Journal, name string, fn glua.LGFunction) int {
	count, asked := 0, false
	var raised *glua.ApiError
	results, failure, err := journal.Call(name, func() (results []byte, failure string) {
		asked = true
		if count, raised = caught(L, fn); raised != nil {
			return nil, raised.Object.String()
		}
		top := L.GetTop()
		for i := top - count + 1; i <= top; i++ {
			results = lua.AppendBinary(results, L.Get(i))
		}
		return results, ""
	})
	switch {
	case raised != nil:
		panic(raised)
	case err != nil:
		L.RaiseError("%v", err)
	case asked:
		return count
	case failure != "":
		L.Error(glua.LString(failure), 0)
	}
	pushed, err := pushBinary(L, results)
	if err != nil {
		L.RaiseError("nakama.%s: %v", name, err)
	}
	return pushed
}

// caught calls fn and catches the error that it raises.
func caught(L *glua.LState, fn glua.LGFunction) (count int, raised *glua.ApiError) {
	defer func() {
		if fault := recover(); fault != nil {
			var ok bool
			if raised, ok = fault.(*glua.ApiError); !ok {
				panic(fault)
			}
		}
	}()
	return fn(L), nil
}

func pushBinary(L *glua.LState, results []byte) (count int, err error) {
	for len(results) > 0 {
		var v glua.LValue
		if v, results, err = lua.ReadBinary(results); err != nil {
			return count, err
		}
		L.Push(v)
		count++
	}
	return count, nil
}

// AppendState appends the encoding of a match's state, as the match's handler keeps it.
// Two states with the same encoding are alike.
func AppendState(out []byte, state any) ([]byte, error) {
	value, ok := state.(glua.LValue)
	if !ok {
		return out, fmt.Errorf("a match's state is %T, not a Lua value", state)
	}
	return lua.AppendBinary(out, value), nil
}
