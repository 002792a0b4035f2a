package nkshim

import (
	"context"
	"log/slog"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/session"
	"nkhost/lua/glua"
)

// RPC calls a registered function; id is taken in any case. Its error has the code
// that the function raised with error({message, code}), Internal for any other
// failure, and NotFound when no such RPC is registered.
func (r *Runtime) RPC(ctx context.Context, id string, caller *session.Caller, payload string) (string, error) {
	id = strings.ToLower(id)
	fn, ok := r.hooks.lookup(kindRPC, id)
	if !ok {
		return "", status.Error(codes.NotFound, "RPC function not found")
	}
	var answer string
	err := r.invoke(ctx, id, func(result glua.LValue) error {
		switch result := result.(type) {
		case *glua.LNilType:
			return nil
		case glua.LString, *glua.LFunction:
			answer = result.String()
			return nil
		}
		err := status.Errorf(codes.Internal, "RPC %q must return one string or nothing, but its last result is %s", id, describe(result))
		r.deps.Log.LogAttrs(ctx, slog.LevelWarn, message(err), slog.String("rpc", id))
		return err
	}, fn, r.contextTable(modeRPC, caller), glua.LString(payload))
	if err != nil {
		return "", withRPCCode(err)
	}
	return answer, nil
}

// withRPCCode turns a code that is no gRPC error code into Internal.
func withRPCCode(err error) error {
	if status.Code(err) > codes.Unauthenticated {
		return status.Error(codes.Internal, message(err))
	}
	return err
}
