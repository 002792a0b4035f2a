package nkshim

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"nkhost/host/session"
	"nkhost/lua"
	"nkhost/lua/glua"
)

// BeforeRequest runs the hook before a REST operation, which may change request. A
// request without fields of its own is nil; a hook can refuse it only by raising. The
// error is what to answer instead: NotFound when the hook returned nothing.
func (r *Runtime) BeforeRequest(ctx context.Context, operation string, caller *session.Caller, request proto.Message) error {
	changed, err := r.before(ctx, kindBeforeRequest, operation, caller, request)
	if err != nil {
		return err
	}
	if !changed && request != nil {
		return status.Error(codes.NotFound, "Requested resource was not found.")
	}
	return nil
}

// AfterRequest runs the hook after a REST operation. It cannot change anything, and
// what it raises is only logged. Either message may be nil.
func (r *Runtime) AfterRequest(ctx context.Context, operation string, caller *session.Caller, answer, request proto.Message) {
	r.after(ctx, kindAfterRequest, operation, caller, answer, request)
}

// BeforeMessage runs the hook before a realtime message, which may change envelope.
// It is not ok when the hook returned nothing: then the session is to be closed.
func (r *Runtime) BeforeMessage(ctx context.Context, name string, caller *session.Caller, envelope proto.Message) (ok bool, err error) {
	return r.before(ctx, kindBeforeMessage, name, caller, envelope)
}

// AfterMessage runs the hook after a realtime message that went well. answer may be nil.
func (r *Runtime) AfterMessage(ctx context.Context, name string, caller *session.Caller, answer, envelope proto.Message) {
	r.after(ctx, kindAfterMessage, name, caller, answer, envelope)
}

// before runs a hook and puts what it returns in the message's place. It says whether
// there is a message to go on with.
func (r *Runtime) before(ctx context.Context, kind hookKind, name string, caller *session.Caller, message proto.Message) (bool, error) {
	fn, ok := r.hooks.lookup(kind, strings.ToLower(name))
	if !ok {
		return true, nil
	}
	argument, err := messageTable(message)
	if err != nil {
		return false, err
	}
	var text string // "" for nothing
	var encoding error
	err = r.invoke(ctx, "before "+name, func(result glua.LValue) error {
		if result != glua.LNil {
			text, encoding = lua.EncodeJSON(result)
		}
		return nil
	}, fn, r.contextTable(modeBefore, caller), argument)
	var refused *refusal
	if errors.As(err, &refused) && refused.code == codes.OK {
		return true, nil // on Nakama, too, code 0 lets the message go on
	}
	if err != nil {
		return false, err
	}
	if message == nil || text == "" && encoding == nil {
		return false, nil
	}
	err = encoding
	if err == nil {
		err = protojson.Unmarshal([]byte(text), message)
	}
	if err != nil {
		r.deps.Log.ErrorContext(ctx, "a before hook returned what is no such message", "hook", name, "error", err)
		return false, status.Errorf(codes.Internal, "the hook before %s returned what is no such message: %v", name, err)
	}
	return true, nil
}

func (r *Runtime) after(ctx context.Context, kind hookKind, name string, caller *session.Caller, answer, message proto.Message) {
	fn, ok := r.hooks.lookup(kind, strings.ToLower(name))
	if !ok {
		return
	}
	out, err := messageTable(answer)
	if err != nil {
		return
	}
	in, err := messageTable(message)
	if err != nil {
		return
	}
	// invoke logs what fails.
	_ = r.invoke(ctx, "after "+name, nil, fn, r.contextTable(modeAfter, caller), out, in)
}

// messageTable is a message as hooks see it: under the names and with the numbers of
// its protobuf definition, without what is unset. nil is an empty table.
func messageTable(message proto.Message) (glua.LValue, error) {
	if message == nil {
		return newTable(0), nil
	}
	text, err := protojson.MarshalOptions{UseProtoNames: true, UseEnumNumbers: true}.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("encode a message for a hook: %w", err)
	}
	return lua.DecodeJSON(string(text))
}

// Shutdown runs the function of register_shutdown.
func (r *Runtime) Shutdown(ctx context.Context) {
	if fn, ok := r.hooks.lookup(kindShutdown, ""); ok {
		_ = r.invoke(ctx, "shutdown", nil, fn, r.contextTable(modeShutdown, nil))
	}
}
