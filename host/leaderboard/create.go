package leaderboard

import (
	"cmp"
	"context"
	"database/sql"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/cron"
	"nkhost/host/cursor"
)

// defaultAttempts is how many scores an owner may submit where nothing else is said.
const defaultAttempts = 1_000_000

// New is a leaderboard to make, or with a Duration a tournament.
type New struct {
	ID            string // 1 to 128 characters
	Authoritative bool
	Descending    bool // whether the greatest score is the best
	Operator      api.Operator
	Reset         string // a cron expression, or "" for no resets
	Metadata      string // a JSON object, or null
	EnableRanks   bool

	// What follows is a tournament's. Times are Unix seconds, the duration seconds.
	Duration           int64
	Title, Description string // at most 255 characters each
	Category           int    // 0 to 127
	StartTime          int64  // 0 is now
	EndTime            int64  // 0 is never
	MaxSize            int    // owners; 0 is no bound
	MaxNumScore        int    // scores of an owner; 0 stands for a million
	JoinRequired       bool
}

// Create makes a leaderboard or a tournament. One that is there stays as it is. The
// error's code is InvalidArgument for settings that are out of bounds, and AlreadyExists
// for a tournament with the id of a leaderboard.
func (s *Service) Create(ctx context.Context, n New) error {
	now := s.Now()
	b, err := n.board(now)
	if err != nil {
		return err
	}
	s.creating.Lock()
	defer s.creating.Unlock()
	if old := s.find(n.ID); old != nil {
		if b.isTournament() && !old.isTournament() {
			return status.Error(codes.AlreadyExists, "cannot create tournament as leaderboard is already in use")
		}
		return nil
	}
	b.position = max(now.UnixNano(), s.last+1)
	if _, err := s.sql.insert.Exec(ctx, b.values()...); err != nil {
		return err
	}
	s.add(b, now)
	s.wake()
	return nil
}

// board is the leaderboard, with defaults in the place of what is not set.
func (n New) board(now time.Time) (*board, error) {
	if n.Operator == api.Operator_NO_OVERRIDE {
		n.Operator = api.Operator_BEST
	}
	if n.Metadata == "" {
		n.Metadata = "{}"
	}
	n.MaxNumScore = cmp.Or(n.MaxNumScore, defaultAttempts)
	n.MaxSize = cmp.Or(n.MaxSize, unlimited)
	n.StartTime = cmp.Or(n.StartTime, now.Unix())
	b := &board{New: n, createTime: now.Unix(), ranked: n.EnableRanks}
	if err := n.check(); err != nil {
		return nil, err
	}
	if n.Reset == "" {
		return b, nil
	}
	var err error
	if b.schedule, err = cron.Parse(n.Reset); err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "could not parse reset schedule: %v", err)
	}
	if n.EndTime > 0 && n.EndTime <= unix(b.schedule.Next(time.Unix(n.StartTime, 0).UTC())) {
		return nil, status.Error(codes.InvalidArgument,
			"tournament end time cannot be before first reset schedule - either increase end time or change/disable reset schedule")
	}
	return b, nil
}

func (n *New) check() error {
	for _, text := range []struct {
		what, value string
		limit       int
	}{{"id", n.ID, 128}, {"title", n.Title, 255}, {"description", n.Description, 255}} {
		if utf8.RuneCountInString(text.value) > text.limit {
			return status.Errorf(codes.InvalidArgument, "the %s must have at most %d characters", text.what, text.limit)
		}
	}
	for _, number := range []struct {
		what        string
		value       int64
		least, most int64
	}{
		{"duration", n.Duration, 0, math.MaxInt32}, {"category", int64(n.Category), 0, 127},
		{"start time", n.StartTime, 0, math.MaxUint32}, {"end time", n.EndTime, 0, math.MaxUint32},
		{"max size", int64(n.MaxSize), 1, unlimited}, {"max num score", int64(n.MaxNumScore), 1, math.MaxInt32},
	} {
		if number.value < number.least || number.value > number.most {
			return status.Errorf(codes.InvalidArgument, "the %s must be from %d to %d", number.what, number.least, number.most)
		}
	}
	return nil
}

// values are the board's columns.
func (b *board) values() []any {
	return []any{
		b.ID, b.position, bit(b.Authoritative), int64(b.sortOrder()), int64(b.Operator - api.Operator_BEST), b.Reset, b.Metadata,
		b.createTime * 1000, bit(b.EnableRanks), b.Duration, b.StartTime * 1000, b.EndTime * 1000, b.Title, b.Description, b.Category,
		bit(b.JoinRequired), b.MaxSize, b.MaxNumScore,
	}
}

func bit(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// load reads all leaderboards.
func (s *Service) load(ctx context.Context) error {
	now := s.Now()
	return s.sql.boards.Each(ctx, func(rows *sql.Rows) error {
		b, err := scanBoard(rows)
		if err != nil {
			return err
		}
		s.add(b, now)
		return nil
	})
}

func scanBoard(rows *sql.Rows) (*board, error) {
	b := &board{}
	var authoritative, sortOrder, operator, ranked, joinRequired, createMs, startMs, endMs int64
	if err := rows.Scan(&b.ID, &b.position, &authoritative, &sortOrder, &operator, &b.Reset, &b.Metadata, &createMs, &ranked,
		&b.Duration, &startMs, &endMs, &b.Title, &b.Description, &b.Category, &joinRequired, &b.MaxSize, &b.MaxNumScore); err != nil {
		return nil, err
	}
	b.Authoritative, b.Descending, b.Operator = authoritative != 0, sortOrder != 0, api.Operator(operator)+api.Operator_BEST
	b.EnableRanks, b.JoinRequired = ranked != 0, joinRequired != 0
	b.createTime, b.StartTime, b.EndTime = createMs/1000, startMs/1000, endMs/1000
	b.ranked = b.EnableRanks
	if b.Reset == "" {
		return b, nil
	}
	var err error
	b.schedule, err = cron.Parse(b.Reset)
	return b, err
}

// add makes a leaderboard known, whose events are those after now.
func (s *Service) add(b *board, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = max(s.last, b.position)
	s.boards[b.ID] = b
	b.next = b.eventsAfter(now)
	if !b.isTournament() {
		s.list = append(s.list, b)
		return
	}
	at, _ := slices.BinarySearchFunc(s.contests, b, compareTournaments)
	s.contests = slices.Insert(s.contests, at, b)
}

// compareTournaments gives tournaments the order in which they are listed: by their
// start, the latest end, category and id.
func compareTournaments(a, b *board) int {
	return cmp.Or(cmp.Compare(a.StartTime, b.StartTime), cmp.Compare(b.EndTime, a.EndTime), cmp.Compare(a.Category, b.Category),
		cmp.Compare(a.ID, b.ID))
}

// Delete removes a leaderboard or tournament with its records. That there is none is no
// error.
func (s *Service) Delete(ctx context.Context, id string) error {
	s.creating.Lock()
	defer s.creating.Unlock()
	b := s.find(id)
	if b == nil {
		return nil
	}
	b.changes.Lock()
	defer b.changes.Unlock()
	if _, err := s.sql.remove.Exec(ctx, id); err != nil {
		return err
	}
	b.deleted, b.ranks = true, nil
	s.drop(b)
	s.wake()
	return nil
}

func (s *Service) drop(b *board) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.boards, b.ID)
	isIt := func(other *board) bool { return other == b }
	s.list, s.contests = slices.DeleteFunc(s.list, isIt), slices.DeleteFunc(s.contests, isIt)
}

// DeleteTournament is Delete for tournaments only; a leaderboard stays.
func (s *Service) DeleteTournament(ctx context.Context, id string) error {
	if b := s.find(id); b == nil || !b.isTournament() {
		return nil
	}
	return s.Delete(ctx, id)
}

// DisableRanks ends that a leaderboard ranks its records, for good. The error's code is
// NotFound, also, as on Nakama, for a tournament.
func (s *Service) DisableRanks(ctx context.Context, id string) error {
	b := s.find(id)
	if b == nil || b.isTournament() {
		return errNotFound()
	}
	b.changes.Lock()
	defer b.changes.Unlock()
	if _, err := s.sql.unrank.Exec(ctx, id); err != nil {
		return err
	}
	b.ranked, b.ranks = false, nil
	return nil
}

// listed is the last leaderboard of a page.
type listed struct {
	Position int64 `json:"p"`
}

// List returns a page of the leaderboards that are no tournaments, in the order in which
// they were made. The error's code is InvalidArgument for a cursor that is none.
func (s *Service) List(limit int, from string) (*api.LeaderboardList, error) {
	var after listed
	if err := cursor.Decode(from, &after); err != nil {
		return nil, errCursor()
	}
	now := s.Now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	at, found := slices.BinarySearchFunc(s.list, after.Position, func(b *board, position int64) int { return cmp.Compare(b.position, position) })
	if found {
		at++
	}
	page := s.list[at:]
	list := &api.LeaderboardList{}
	if len(page) > limit {
		page = page[:limit]
		list.Cursor = cursor.Encode(listed{page[limit-1].position})
	}
	for _, b := range page {
		list.Leaderboards = append(list.Leaderboards, b.leaderboard(now))
	}
	return list, nil
}

// Get returns those of the leaderboards that exist, without tournaments.
func (s *Service) Get(ids []string) []*api.Leaderboard {
	now := s.Now()
	var found []*api.Leaderboard
	for _, id := range ids {
		if b := s.find(id); b != nil && !b.isTournament() {
			found = append(found, b.leaderboard(now))
		}
	}
	return found
}
