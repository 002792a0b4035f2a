package nkshim

import (
	"errors"
	"log/slog"

	"github.com/google/uuid"
	"google.golang.org/grpc/status"

	"nkhost/lua/glua"
)

// await runs fn as call.wait does and raises its error. One without a code is logged
// whole and raised without its text: what a module does not catch reaches a client.
func (r *Runtime) await(c call, fn func() error) {
	var err error
	c.wait(func() { err = fn() })
	if err == nil {
		return
	}
	var coded interface{ GRPCStatus() *status.Status }
	if !errors.As(err, &coded) {
		r.deps.Log.LogAttrs(c.context(), slog.LevelError, "a function of the nakama module failed",
			append(logAttrs(c.context()), slog.String("function", c.name), slog.Any("error", err))...)
		c.fail("internal error, see the host's log")
	}
	c.fail("%s", coded.GRPCStatus().Message())
}

// id is a UUID, in its usual form.
func (c call) id(n int, what string) string {
	id, err := uuid.Parse(c.text(n, what))
	if err != nil {
		c.fail("argument %d (%s) must be a UUID", n, what)
	}
	return id.String()
}

// ids is a list of UUIDs.
func (c call) ids(n int, what string) []string {
	ids := c.filledTexts(n, what)
	for i, text := range ids {
		id, err := uuid.Parse(text)
		if err != nil {
			c.fail("argument %d (%s) must hold UUIDs only, but holds %q", n, what, text)
		}
		ids[i] = id.String()
	}
	return ids
}

// filledTexts is a list of strings that are not empty. The list may be.
func (c call) filledTexts(n int, what string) []string {
	list := c.table(n, what)
	read := make([]string, 0, list.Len())
	list.ForEach(func(key, item glua.LValue) {
		text, ok := item.(glua.LString)
		if _, isIndex := key.(glua.LNumber); !isIndex || !ok || text == "" {
			c.fail("argument %d (%s) must be a list of strings that are not empty", n, what)
		}
		read = append(read, string(text))
	})
	return read
}

// optFilled is a string, or nil where it is nil or empty.
func (c call) optFilled(n int, what string) *string {
	if text := c.optText(n, what, ""); text != "" {
		return &text
	}
	return nil
}
