package leaderboard

import (
	"math"
	"sync"
	"time"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/protobuf/types/known/timestamppb"

	"nkhost/host/cron"
)

// unlimited is the size of a tournament that has no bound, as Nakama tells it.
const unlimited = math.MaxInt32

// board is a leaderboard or a tournament. Its settings never change.
type board struct {
	New
	position   int64 // orders listings, by creation
	createTime int64 // Unix seconds
	schedule   *cron.Schedule

	// changes is held for reading while records are written, from before they are in the
	// database until after they are ranked. Whoever holds it alone therefore finds in the
	// database what is ranked, and nothing else. It guards what follows.
	changes sync.RWMutex
	ranked  bool
	ranks   *ranking // of a period, the current one when they were last asked for; may be nil
	deleted bool

	next events // guarded by the service's lock
}

func (b *board) isTournament() bool { return b.Duration > 0 }

func (b *board) hasMaxSize() bool { return b.isTournament() && b.MaxSize != unlimited }

// period is the time between two resets of a tournament, in Unix seconds.
type period struct {
	start, end int64 // in which scores are taken
	expiry     int64 // when the records expire; 0 is never
}

// period is the tournament's at a time: the one that runs, or if none does the one that
// was last, or the first.
func (b *board) period(now time.Time) period {
	now = now.Truncate(time.Second)
	p := period{start: b.StartTime, end: b.StartTime + b.Duration}
	if b.schedule != nil {
		p = b.scheduled(now)
	}
	if b.EndTime > 0 {
		if p.expiry == 0 || p.expiry > b.EndTime {
			p.expiry = b.EndTime
		}
		p.end = min(p.end, p.expiry)
	}
	return p
}

func (b *board) scheduled(now time.Time) period {
	first := time.Unix(b.StartTime, 0).UTC()
	if now.Before(first) {
		now = first
	}
	start := b.schedule.Next(now.Add(-time.Second))
	if !start.Equal(now) {
		start = b.schedule.Last(now)
	}
	if start.IsZero() {
		start = b.schedule.Next(now)
	}
	p := b.periodFrom(start)
	if b.StartTime >= p.end { // it begins between two periods
		return b.periodFrom(b.schedule.Next(first))
	}
	p.start = max(p.start, b.StartTime)
	return p
}

// periodFrom is the period that begins at a time of the schedule.
func (b *board) periodFrom(start time.Time) period {
	p := period{start: start.Unix(), end: start.Unix() + b.Duration}
	if expiry := b.schedule.Next(start); !expiry.IsZero() {
		p.expiry = expiry.Unix()
		p.end = min(p.end, p.expiry)
	}
	return p
}

// expiry is when records that are written at a time expire, in Unix seconds; 0 is never.
func (b *board) expiry(now time.Time) int64 {
	if b.isTournament() {
		return b.period(now).expiry
	}
	return unix(b.nextReset(now))
}

func (b *board) nextReset(now time.Time) time.Time {
	if b.schedule == nil {
		return time.Time{}
	}
	return b.schedule.Next(now)
}

// prevReset is 0 before the first.
func (b *board) prevReset(now time.Time) int64 {
	if b.schedule == nil || b.isTournament() && time.Unix(b.StartTime, 0).After(now) {
		return 0
	}
	return unix(b.schedule.Last(now))
}

// unix is 0 for the zero time.
func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func (b *board) sortOrder() uint32 {
	if b.Descending {
		return 1
	}
	return 0
}

func (b *board) leaderboard(now time.Time) *api.Leaderboard {
	return &api.Leaderboard{
		Id: b.ID, SortOrder: b.sortOrder(), Operator: b.Operator, Metadata: b.Metadata, Authoritative: b.Authoritative,
		CreateTime: seconds(b.createTime),
		PrevReset:  uint32(b.prevReset(now)), NextReset: uint32(unix(b.nextReset(now))),
	}
}

// tournament is told with the size that it has at the time.
func (b *board) tournament(now time.Time, size int64) *api.Tournament {
	p := b.period(now)
	t := &api.Tournament{
		Id: b.ID, Title: b.Title, Description: b.Description, Category: uint32(b.Category), SortOrder: b.sortOrder(), Operator: b.Operator,
		Size: uint32(size), MaxSize: uint32(b.MaxSize), MaxNumScore: uint32(b.MaxNumScore), Metadata: b.Metadata,
		CanEnter:   p.start <= now.Unix() && now.Unix() <= p.end && size < int64(b.MaxSize),
		CreateTime: seconds(b.createTime), StartTime: seconds(b.StartTime), Duration: uint32(b.Duration),
		StartActive: uint32(p.start), EndActive: uint32(p.end),
		PrevReset: uint32(b.prevReset(now)), NextReset: uint32(p.expiry),
		Authoritative: b.Authoritative, JoinRequired: b.JoinRequired,
	}
	if b.EndTime > 0 {
		t.EndTime = seconds(b.EndTime)
	}
	return t
}

func seconds(unix int64) *timestamppb.Timestamp { return &timestamppb.Timestamp{Seconds: unix} }
