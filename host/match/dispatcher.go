package match

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/delayed"
)

// delivery is a broadcast with those whom it is for.
type delivery struct {
	to      []Presence
	message Broadcast
}

// A match is its callbacks' Dispatcher.
var _ Dispatcher = (*life)(nil)

// Broadcast sends to the members among message.To.
func (l *life) Broadcast(message Broadcast) error {
	if err := l.running(); err != nil {
		return err
	}
	if to := l.recipients(message.To); len(to) > 0 {
		l.send(to, message)
	}
	return nil
}

// BroadcastDeferred chooses the recipients now and sends after the callback.
func (l *life) BroadcastDeferred(message Broadcast) error {
	if err := l.running(); err != nil {
		return err
	}
	to := l.recipients(message.To)
	if len(to) == 0 {
		return nil
	}
	if size := l.config.DeferredQueueSize; len(l.deferred) >= size {
		return status.Errorf(codes.ResourceExhausted, "Too many deferred broadcasts: one callback can put off %d (match.deferred_queue_size).", size)
	}
	l.deferred = append(l.deferred, delivery{to, message})
	return nil
}

func (l *life) recipients(to []Presence) []Presence {
	if to == nil {
		return l.members.Load().all()
	}
	return l.members.Load().only(to)
}

// sendDeferred keeps the buffer of a match that used it, and frees that of one that
// did not.
func (l *life) sendDeferred() {
	if len(l.deferred) == 0 {
		if l.deferred != nil {
			l.deferred = nil
		}
		return
	}
	for i := range l.deferred {
		l.send(l.deferred[i].to, l.deferred[i].message)
	}
	clear(l.deferred)
	l.deferred = l.deferred[:0]
}

// Kick takes members out. One whose socket has not confirmed the join yet is taken
// out when it does: before, the socket does not know of its match.
func (l *life) Kick(presences []Presence) error {
	if err := l.running(); err != nil {
		return err
	}
	kicked := l.members.Load().only(presences)
	for i := range kicked {
		if at := l.markers.find(kicked[i].SessionID); at >= 0 {
			l.markers[at].kicked = true
		}
	}
	if len(kicked) > 0 {
		l.kick(kicked)
	}
	return nil
}

// UpdateLabel takes effect at once, but for listings.
func (l *life) UpdateLabel(label string) error {
	if err := l.running(); err != nil {
		return err
	}
	if len(label) > maxLabelBytes {
		return status.Errorf(codes.InvalidArgument, "The label has %d bytes: a match label has at most %d.", len(label), maxLabelBytes)
	}
	l.setLabel(label)
	return nil
}

func (l *life) setLabel(label string) {
	l.label.Set(&labelText{text: label}, delayed.Interval(l.config.Now(), l.config.LabelUpdateInterval))
}

func (l *life) running() error {
	if l.stopped.Load() {
		return status.Error(codes.FailedPrecondition, "The match has stopped.")
	}
	if l.handler == nil {
		return status.Error(codes.FailedPrecondition, "The match has not started: match_init cannot use the dispatcher.")
	}
	return nil
}
