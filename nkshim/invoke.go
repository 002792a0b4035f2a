package nkshim

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// activityKey is where a context carries what runs on the shared VM, for the log.
type activityKey struct{}

// invoke calls a registered function and gives use its last result, as
// Nakama does, or nil when there is none. use may be nil; it must not keep the value,
// which other calls change as soon as it has returned. activity names the function in the
// log.
//
// What Lua raises is a *refusal. One raised as error({message, code}) is the module's own
// answer and has that code, whatever number it is. Any other has code Internal and is
// logged, with its stack.
func (r *Runtime) invoke(ctx context.Context, activity string, use func(result glua.LValue) error, h *hook, args ...glua.LValue) error {
	ctx = context.WithValue(ctx, activityKey{}, activity)
	s, fn := r.leastBusy(h)
	s.calls.Add(1)
	defer s.calls.Add(-1)
	var outcome error
	err := s.vm.CallThen(ctx, func(results []glua.LValue, err error) {
		switch {
		case err != nil:
			outcome = r.raisedError(ctx, fn, err)
		case use == nil:
		case len(results) == 0:
			outcome = use(glua.LNil)
		default:
			outcome = use(results[len(results)-1])
		}
	}, fn, args...)
	return cmp.Or(err, outcome)
}

// refusal is how a function that a module registered ends by raising.
type refusal struct {
	code codes.Code
	text string
}

func (e *refusal) Error() string { return e.text }

// GRPCStatus gives a code that is an error's, also where the module chose 0.
func (e *refusal) GRPCStatus() *status.Status {
	if e.code == codes.OK {
		return status.New(codes.Internal, e.text)
	}
	return status.New(e.code, e.text)
}

func (r *Runtime) raisedError(ctx context.Context, fn *glua.LFunction, err error) error {
	var raised *lua.Error
	if !errors.As(err, &raised) {
		return err
	}
	value, code, answered := raised.Value, codes.Internal, false
	if t, ok := value.(*glua.LTable); ok && t.Len() > 0 {
		value = t.RawGetInt(1)
		if t.Len() > 1 {
			answered = true
			code = raisedCode(t.RawGetInt(2))
		}
	}
	if !answered {
		r.logFailure(ctx, "Lua raised an error", raised)
	}
	return &refusal{code, withoutPosition(value.String(), fn)}
}

// raisedCode is the number a module gave as its error's code, without its fraction.
func raisedCode(v glua.LValue) codes.Code {
	n, ok := v.(glua.LNumber)
	if !ok {
		return codes.Internal
	}
	return codes.Code(int64(n))
}

// withoutPosition takes "file:line: " off a message that fn's own file raised.
func withoutPosition(text string, fn *glua.LFunction) string {
	if fn.IsG() || !strings.HasPrefix(text, fn.Proto.SourceName) {
		return text
	}
	text = text[len(fn.Proto.SourceName):]
	if _, rest, found := strings.Cut(text, ": "); found {
		return rest
	}
	return text
}

func (r *Runtime) logFailure(ctx context.Context, what string, raised *lua.Error) {
	attrs := append(logAttrs(ctx), slog.String("error", raised.Error()), slog.String("stack", raised.Stack))
	if text := hint(raised); text != "" {
		attrs = append(attrs, slog.String("hint", text))
	}
	if len(raised.Locals) > 0 {
		attrs = append(attrs, slog.Any("locals", raised.Locals))
	}
	r.deps.Log.LogAttrs(ctx, slog.LevelError, what, attrs...)
}
