package nkshim

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/match"
	"nkhost/lua"
	"nkhost/lua/glua"
)

// matchHandler runs the callbacks of a Lua match module in a VM of its own. It is a
// match.Handler; the state is a glua.LValue.
type matchHandler struct {
	runtime    *Runtime
	module     string
	matchID    string
	vm         *lua.VM
	callbacks  matchCallbacks
	match      match.Dispatcher
	journal    Journal      // nil unless the match is recorded or replayed
	context    *glua.LTable // the first argument of every callback
	dispatcher *glua.LTable // the second

	running *handlerContext // of the last call, kept for the next
}

// few are the results of a callback, as far as they need no allocation.
type few [4]glua.Value

type matchCallbacks struct {
	init, joinAttempt, join, leave, loop, signal, terminate *glua.LFunction
}

// handlerContext tells a Go function called by Lua which match it runs in.
type handlerContext struct {
	context.Context
	handler *matchHandler
}

type handlerKey struct{}

func (c *handlerContext) Value(key any) any {
	if key == (handlerKey{}) {
		return c.handler
	}
	return c.Context.Value(key)
}

// handlerOf is the match whose callback runs, or nil outside of matches.
func handlerOf(ctx context.Context) *matchHandler {
	h, _ := ctx.Value(handlerKey{}).(*matchHandler)
	return h
}

// NewMatchHandler evaluates a match module in a new VM. It is a match.NewHandler.
func (r *Runtime) NewMatchHandler(ctx context.Context, module, matchID string, dispatcher match.Dispatcher) (match.Handler, error) {
	if !r.modules.Has(module) {
		return nil, status.Errorf(codes.NotFound, "there is no match module %q: the modules folder has no file for it", module)
	}
	h := &matchHandler{runtime: r, module: module, matchID: matchID, match: dispatcher, vm: r.lua.NewVM()}
	if r.deps.Journal != nil {
		if h.journal = r.deps.Journal(matchID); h.journal != nil {
			h.vm.Seed(h.journal.Seed())
		}
	}
	returned, err := h.vm.Require(h.within(ctx), module)
	if err != nil {
		h.Close()
		return nil, fmt.Errorf("load match module %q: %w", module, err)
	}
	if h.callbacks, err = findCallbacks(module, returned); err != nil {
		h.Close()
		return nil, err
	}
	h.context = r.matchContextTable(matchID)
	h.dispatcher = h.vm.Table(dispatcherName)
	return h, nil
}

func findCallbacks(module string, returned glua.LValue) (matchCallbacks, error) {
	table, ok := returned.(*glua.LTable)
	if !ok {
		return matchCallbacks{}, status.Errorf(codes.FailedPrecondition,
			"match module %q must return a table with its callbacks, but returns %s", module, describe(returned))
	}
	var found matchCallbacks
	for _, callback := range []struct {
		name string
		into **glua.LFunction
	}{
		{"match_init", &found.init},
		{"match_join_attempt", &found.joinAttempt},
		{"match_join", &found.join},
		{"match_leave", &found.leave},
		{"match_loop", &found.loop},
		{"match_terminate", &found.terminate},
		{"match_signal", &found.signal},
	} {
		fn, ok := table.RawGetString(callback.name).(*glua.LFunction)
		if !ok {
			return found, status.Errorf(codes.FailedPrecondition, "match module %q has no function %s; Nakama requires all seven callbacks", module, callback.name)
		}
		*callback.into = fn
	}
	return found, nil
}

// matchContextTable has what a match knows from its start; its label and tick rate
// follow when match_init has returned them.
func (r *Runtime) matchContextTable(matchID string) *glua.LTable {
	t := newTable(8)
	t.SetField("env", lua.FromGo(r.deps.Env))
	t.SetField("execution_mode", glua.LString(modeMatch))
	t.SetField("node", glua.LString(r.deps.Node))
	t.SetField("match_id", glua.LString(matchID))
	t.SetField("match_node", glua.LString(r.deps.Node))
	return t
}

// Close lets the VM go.
func (h *matchHandler) Close() {
	h.runtime.cache.release(h.vm)
	h.vm.Close()
}

// within is ctx with this match in it.
func (h *matchHandler) within(ctx context.Context) context.Context {
	if h.running == nil || h.running.Context != ctx {
		// What a callback started may still look at the context that it was given.
		h.running = &handlerContext{ctx, h}
	}
	return h.running
}

// call runs one callback with what every callback gets, and its own last argument. It
// appends the results to dst.
func (h *matchHandler) call(ctx context.Context, dst []glua.Value, fn *glua.LFunction, tick int64, state any, last glua.Value) ([]glua.Value, error) {
	return h.run(ctx, dst, fn, glua.Table(h.context), glua.Table(h.dispatcher), glua.Number(float64(tick)), glua.Of(state.(glua.LValue)), last)
}

func (h *matchHandler) run(ctx context.Context, dst []glua.Value, fn *glua.LFunction, args ...glua.Value) ([]glua.Value, error) {
	results, err := h.vm.CallValues(h.within(ctx), dst, fn, args...)
	if err != nil {
		h.logRaised(err)
	}
	return results, err
}

func (h *matchHandler) logRaised(err error) {
	var raised *lua.Error
	if errors.As(err, &raised) {
		h.runtime.logFailure(h.running, "a match callback raised an error", raised)
	}
}

// onlyState is the result of a callback that returns its state and nothing else; a
// nil state ends the match.
func onlyState(callback string, results []glua.Value, err error) (any, error) {
	if err != nil || len(results) == 0 || results[len(results)-1].IsNil() {
		return nil, err
	}
	if len(results) > 1 {
		return nil, fmt.Errorf("%s must return the state only, but returned %d values", callback, len(results))
	}
	return results[0].LValue(), nil
}

// Init runs match_init.
func (h *matchHandler) Init(ctx context.Context, params map[string]any) (any, int, string, error) {
	var room few
	results, err := h.run(ctx, room[:0], h.callbacks.init, glua.Table(h.context), glua.Of(lua.FromGo(params)))
	if err != nil {
		return nil, 0, "", err
	}
	if len(results) != 3 {
		return nil, 0, "", fmt.Errorf("match_init must return a state, a tick rate and a label, but returned %d values", len(results))
	}
	state := results[0].LValue()
	rate, ok := results[1].LValue().(glua.LNumber)
	if !ok {
		return nil, 0, "", fmt.Errorf("match_init must return a tick rate as its second value, but returned %s", describe(results[1].LValue()))
	}
	label, ok := results[2].LValue().(glua.LString)
	if !ok {
		return nil, 0, "", fmt.Errorf("match_init must return a label string as its third value, but returned %s", describe(results[2].LValue()))
	}
	if state == glua.LNil {
		return nil, 0, "", errors.New("match_init must return a state, but returned nil")
	}
	h.context.SetField("match_label", label)
	h.context.SetField("match_tick_rate", rate)
	return state, int(rate), string(label), nil
}

// JoinAttempt runs match_join_attempt.
func (h *matchHandler) JoinAttempt(ctx context.Context, tick int64, state any, joiner match.Joiner) (any, match.Verdict, error) {
	p := joiner.Presence
	var room few
	results, err := h.run(ctx, room[:0], h.callbacks.joinAttempt, glua.Table(h.joinContext(joiner)), glua.Table(h.dispatcher),
		glua.Number(float64(tick)), glua.Of(state.(glua.LValue)), glua.Table(identityTable(p.UserID, p.SessionID, p.Username, p.Node)),
		glua.Of(lua.FromGo(joiner.Metadata)))
	if err != nil {
		return nil, match.Verdict{}, err
	}
	return joinVerdict(results)
}

// joinVerdict reads state, allow and an optional reason.
func joinVerdict(results []glua.Value) (any, match.Verdict, error) {
	var verdict match.Verdict
	rest := results
	if n := len(rest); n > 0 && rest[n-1].Type() == glua.LTString {
		verdict.Reason = rest[n-1].String()
		rest = rest[:n-1]
	}
	if len(rest) == 0 {
		return nil, verdict, errors.New("match_join_attempt must return the state and whether to let the player in, but returned too few values")
	}
	allow := rest[len(rest)-1]
	if allow.Type() != glua.LTBool {
		return nil, verdict, fmt.Errorf("match_join_attempt must return true or false as its second value, but returned %s", describe(allow.LValue()))
	}
	verdict.Allow = !allow.IsFalse()
	rest = rest[:len(rest)-1]
	if len(rest) > 1 {
		return nil, verdict, fmt.Errorf("match_join_attempt must return a state, a boolean and perhaps a reason, but returned %d values", len(results))
	}
	if len(rest) == 0 || rest[0].IsNil() {
		return nil, verdict, nil
	}
	return rest[0].LValue(), verdict, nil
}

// joinContext is the match's context with the fields of the user who asks.
func (h *matchHandler) joinContext(joiner match.Joiner) *glua.LTable {
	t := newTable(16)
	h.context.ForEach(t.RawSet)
	if caller := joiner.Caller; caller != nil {
		setUser(t, caller)
		setText(t, "client_ip", caller.ClientIP)
		setText(t, "client_port", caller.ClientPort)
	}
	return t
}

// Join runs match_join.
func (h *matchHandler) Join(ctx context.Context, tick int64, state any, joins []match.Presence) (any, error) {
	var room few
	results, err := h.call(ctx, room[:0], h.callbacks.join, tick, state, glua.Table(presenceList(joins)))
	return onlyState("match_join", results, err)
}

// Leave runs match_leave.
func (h *matchHandler) Leave(ctx context.Context, tick int64, state any, leaves []match.Presence) (any, error) {
	var room few
	results, err := h.call(ctx, room[:0], h.callbacks.leave, tick, state, glua.Table(presenceList(leaves)))
	return onlyState("match_leave", results, err)
}

// Loop runs match_loop.
func (h *matchHandler) Loop(ctx context.Context, tick int64, state any, messages []match.Message) (any, error) {
	var room few
	results, err := h.call(ctx, room[:0], h.callbacks.loop, tick, state, glua.Table(messageList(messages)))
	return onlyState("match_loop", results, err)
}

// Prefetch is match.Prefetcher's. It reads nothing of the VM, which Close may change.
func (h *matchHandler) Prefetch(state any, depth int) {
	switch depth {
	case 0:
		glua.Touch(&h.vm)
		glua.Touch(&h.callbacks.loop)
		glua.Touch(&h.running)
	case 1:
		glua.Touch(h.vm)
		glua.Touch(h.callbacks.loop)
		glua.Touch(h.running)
	case 2:
		glua.Touch(h.callbacks.loop.Env)
	}
	if t, ok := state.(*glua.LTable); ok {
		t.Prefetch(depth)
	}
}

func messageList(messages []match.Message) *glua.LTable {
	list := newList(len(messages))
	for _, m := range messages {
		sender := identityTable(m.Sender.UserID, m.Sender.SessionID, m.Sender.Username, m.Sender.Node)
		data := glua.Value{}
		if len(m.Data) > 0 {
			data = glua.String(string(m.Data))
		}
		list.AppendValue(glua.Table(messageLayout.NewTable(glua.Table(sender), glua.Number(float64(m.OpCode)), data, glua.Bool(m.Reliable),
			glua.Number(float64(m.ReceiveTimeMs)))))
	}
	return list
}

// Signal runs match_signal.
func (h *matchHandler) Signal(ctx context.Context, tick int64, state any, data string) (any, string, error) {
	var room few
	results, err := h.call(ctx, room[:0], h.callbacks.signal, tick, state, glua.String(data))
	if err != nil {
		return nil, "", err
	}
	if len(results) == 0 {
		return nil, "", errors.New("match_signal must return the state and an answer, but returned nothing")
	}
	answer := ""
	switch v := results[len(results)-1].LValue().(type) {
	case glua.LString:
		answer = string(v)
	case *glua.LNilType:
	default:
		return nil, "", fmt.Errorf("match_signal must return a string or nil as its second value, but returned %s", describe(v))
	}
	newState, err := onlyState("match_signal", results[:len(results)-1], nil)
	return newState, answer, err
}

// Terminate runs match_terminate.
func (h *matchHandler) Terminate(ctx context.Context, tick int64, state any, graceSeconds int) (any, error) {
	var room few
	results, err := h.call(ctx, room[:0], h.callbacks.terminate, tick, state, glua.Number(float64(graceSeconds)))
	return onlyState("match_terminate", results, err)
}
