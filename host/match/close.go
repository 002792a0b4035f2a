package match

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Close ends all matches and then the registry's goroutines. From its first call on
// nobody can create or newly join a match. With graceSeconds above 0 each match's
// Terminate is called and the matches may go on for that long; without, or when the
// time is over or ctx ends, they are stopped without a further callback.
//
// Callbacks that run are waited for, but no longer than until ctx ends; the error
// then says how many matches did not come to an end. A second call does nothing.
func (r *Registry) Close(ctx context.Context, graceSeconds int) error {
	if !r.beginClosing() {
		return nil
	}
	if graceSeconds > 0 {
		r.terminate(ctx, graceSeconds)
	}
	for _, m := range r.snapshot() {
		m.stop(outcome{why: "the server shuts down"})
	}
	r.wheel.close()
	select {
	case <-r.allReleased:
		r.scheduler.close()
		return nil
	case <-ctx.Done():
		r.scheduler.retire()
		return status.Errorf(codes.DeadlineExceeded, "%d matches have not come to an end: their callbacks still run.", r.stillRunning())
	}
}

func (r *Registry) beginClosing() (first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closing {
		return false
	}
	r.closing = true
	if r.unreleased == 0 {
		close(r.allReleased)
	}
	return true
}

// terminate tells all matches how long they have and waits until they have ended or
// the time is over.
func (r *Registry) terminate(ctx context.Context, graceSeconds int) {
	matches := r.snapshot()
	r.config.Log.LogAttrs(ctx, slog.LevelInfo, "matches are asked to end",
		slog.Int("matches", len(matches)), slog.Int("grace_seconds", graceSeconds))
	for _, m := range matches {
		m.post(input{kind: inTerminate, grace: graceSeconds})
	}
	timer := time.NewTimer(time.Duration(graceSeconds) * time.Second)
	defer timer.Stop()
	select {
	case <-r.allReleased:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// snapshot lists the matches, the newest first.
func (r *Registry) snapshot() []*match {
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := make([]*match, 0, len(r.matches))
	for i := len(r.byAge) - 1; i >= 0; i-- {
		if m := r.byAge[i].match; m != nil {
			list = append(list, m)
		}
	}
	return list
}

func (r *Registry) stillRunning() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.unreleased
}
