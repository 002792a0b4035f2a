package nkshim

import (
	"context"
	"log/slog"
	"strings"

	"nkhost/lua/glua"
)

var loggerFunctions = map[string]function{
	"logger_debug": logAt(slog.LevelDebug),
	"logger_error": logAt(slog.LevelError),
	"logger_info":  logAt(slog.LevelInfo),
	"logger_warn":  logAt(slog.LevelWarn),
}

// logAt logs its first argument and returns it, as Nakama's loggers do.
func logAt(level slog.Level) function {
	return func(r *Runtime, c call) int {
		message := c.filledText(1, "message")
		ctx := c.context()
		if r.deps.Log.Enabled(ctx, level) {
			attrs := append(logAttrs(ctx), slog.String("source", strings.TrimSuffix(c.L.Where(1), ":")))
			r.deps.Log.LogAttrs(ctx, level, message, attrs...)
		}
		return c.push(glua.LString(message))
	}
}

// logAttrs says on whose behalf Lua runs: the RPC, the match or the hook.
func logAttrs(ctx context.Context) []slog.Attr {
	attrs := []slog.Attr{slog.String("runtime", "lua")}
	if h := handlerOf(ctx); h != nil {
		return append(attrs, slog.String("match", h.matchID), slog.String("module", h.module))
	}
	if id, ok := ctx.Value(activityKey{}).(string); ok {
		return append(attrs, slog.String("in", id))
	}
	return attrs
}
