package leaderboard

import (
	"cmp"
	"context"
	"database/sql"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/cursor"
	"nkhost/host/db"
)

// ListRequest says which records to list.
type ListRequest struct {
	Limit  int    // of the records; 0 lists those of Owners only
	Cursor string // of a page before
	Owners []string
	Expiry int64 // of the period, in Unix seconds; 0 is the current one
}

// mark is a record at which a page ends.
type mark struct {
	Board    string `json:"b"`
	Expiry   int64  `json:"x"`
	Score    int64  `json:"s"`
	Subscore int64  `json:"u"`
	Owner    string `json:"o"`
	Rank     int64  `json:"r"`
	Next     bool   `json:"n"` // whether worse records follow, or better ones
}

func markAt(record *api.LeaderboardRecord, expiry int64, next bool) string {
	return cursor.Encode(mark{record.LeaderboardId, expiry, record.Score, record.Subscore, record.OwnerId, record.Rank, next})
}

// Records returns a page of a leaderboard's or tournament's records, the best first, and
// those of some owners. Without a current period there are none. The error's code is
// NotFound for an unknown leaderboard, and InvalidArgument for a cursor that is not of
// this one's period.
func (s *Service) Records(ctx context.Context, id string, request ListRequest) (*api.LeaderboardRecordList, error) {
	b := s.find(id)
	if b == nil {
		return nil, errNotFound()
	}
	expiry, ok := b.listedExpiry(request.Expiry, s.Now())
	if !ok {
		return &api.LeaderboardRecordList{}, nil
	}
	list := &api.LeaderboardRecordList{}
	if request.Limit > 0 {
		if err := s.page(ctx, b, expiry, request, list); err != nil {
			return nil, err
		}
	}
	owned, err := s.recordsOf(ctx, b, expiry, request.Owners)
	if err != nil {
		return nil, err
	}
	list.OwnerRecords = owned
	list.RankCount, err = s.fill(ctx, b, expiry, owned)
	return list, err
}

// listedExpiry is that of the records to list: the one asked for, or the current one. It
// is not ok when that has passed.
func (b *board) listedExpiry(asked int64, now time.Time) (expiry int64, ok bool) {
	if asked != 0 {
		return asked, true
	}
	expiry = b.expiry(now)
	return expiry, expiry == 0 || expiry > now.Unix()
}

// fill sets the ranks of records, and says how many records have one.
func (s *Service) fill(ctx context.Context, b *board, expiry int64, records []*api.LeaderboardRecord) (count int64, err error) {
	ranks, err := s.ranking(ctx, b, expiry)
	if ranks == nil || err != nil {
		return 0, err
	}
	return ranks.fill(records), nil
}

// worse and better are the statements that list records in the one direction and the
// other, with the place that all records are beyond.
func (s *Service) worse(b *board) (*db.Stmt, mark) {
	if b.Descending {
		return s.sql.down, mark{Score: math.MaxInt64, Subscore: math.MaxInt64, Owner: "~"}
	}
	return s.sql.up, mark{Score: -1}
}

func (s *Service) better(b *board) *db.Stmt {
	if b.Descending {
		return s.sql.up
	}
	return s.sql.down
}

// page sets the records and cursors of list. The ranks are counted on from the cursor's,
// so that there are some also where records have none.
func (s *Service) page(ctx context.Context, b *board, expiry int64, request ListRequest, list *api.LeaderboardRecordList) error {
	stmt, from := s.worse(b)
	from.Next = true
	if request.Cursor != "" {
		from = mark{}
		if err := cursor.Decode(request.Cursor, &from); err != nil || from.Board != b.ID || from.Expiry != expiry {
			return errCursor()
		}
	}
	step := int64(1)
	if !from.Next {
		stmt, step = s.better(b), -1
	}
	found, err := rows(ctx, stmt, b.ID, expiry*1000, from.Score, from.Subscore, from.Owner, request.Limit+1)
	if err != nil {
		return err
	}
	more := len(found) > request.Limit
	found = found[:min(len(found), request.Limit)]
	for i, r := range found {
		record := r.record(b.ID)
		record.Rank = from.Rank + step*int64(i+1)
		list.Records = append(list.Records, record)
	}
	before, after := request.Cursor != "", more
	if !from.Next {
		slices.Reverse(list.Records)
		before, after = more, true
	}
	if len(list.Records) == 0 {
		return nil
	}
	if before {
		list.PrevCursor = markAt(list.Records[0], expiry, false)
	}
	if after {
		list.NextCursor = markAt(list.Records[len(list.Records)-1], expiry, true)
	}
	return nil
}

// recordsOf are the records of some owners, the best first, without ranks.
func (s *Service) recordsOf(ctx context.Context, b *board, expiry int64, owners []string) ([]*api.LeaderboardRecord, error) {
	owners = slices.Clone(owners)
	slices.Sort(owners)
	var found []*row
	for some := range slices.Chunk(slices.Compact(owners), someOwners) {
		args := []any{b.ID, expiry * 1000}
		for i := range someOwners {
			args = append(args, some[min(i, len(some)-1)])
		}
		theirs, err := rows(ctx, s.sql.some, args...)
		if err != nil {
			return nil, err
		}
		found = append(found, theirs...)
	}
	slices.SortFunc(found, func(a, c *row) int {
		if b.Descending {
			a, c = c, a
		}
		return a.place().compare(c.place())
	})
	records := make([]*api.LeaderboardRecord, len(found))
	for i, r := range found {
		records[i] = r.record(b.ID)
	}
	return records, nil
}

// place is where the row's owner, a UUID, stands.
func (r *row) place() place {
	owner, _ := uuid.Parse(r.owner)
	return place{r.score, r.subscore, owner}
}

// Around returns limit records with the owner's as far in their middle as there are
// others. An owner without a record gets none. With a cursor it is Records. The error's
// code is NotFound for an unknown leaderboard, and Internal, as on Nakama, for a cursor
// that is not of this one's period.
func (s *Service) Around(ctx context.Context, id, owner string, limit int, from string, expiry int64) (*api.LeaderboardRecordList, error) {
	b := s.find(id)
	if b == nil {
		return nil, errNotFound()
	}
	expiry, ok := b.listedExpiry(expiry, s.Now())
	if !ok {
		return &api.LeaderboardRecordList{}, nil
	}
	if from != "" {
		list, err := s.Records(ctx, id, ListRequest{Limit: limit, Cursor: from, Expiry: expiry})
		if status.Code(err) == codes.InvalidArgument {
			err = status.Error(codes.Internal, "Error querying records from leaderboard.")
		}
		return list, err
	}
	return s.around(ctx, b, owner, limit, expiry)
}

func (s *Service) around(ctx context.Context, b *board, owner string, limit int, expiry int64) (*api.LeaderboardRecordList, error) {
	list := &api.LeaderboardRecordList{}
	own := &row{}
	there, err := own.read(s.sql.record.Row(ctx, b.ID, expiry*1000, owner))
	if err != nil || !there {
		return list, err
	}
	beside := func(stmt *db.Stmt, count int) ([]*row, error) {
		return rows(ctx, stmt, b.ID, expiry*1000, own.score, own.subscore, own.owner, count)
	}
	above, err := beside(s.better(b), limit) // one more than is shown
	if err != nil {
		return nil, err
	}
	after := limit / 2
	if len(above) < after {
		after = limit - 1 - len(above)
	}
	worse, _ := s.worse(b)
	below, err := beside(worse, after+1)
	if err != nil {
		return nil, err
	}
	before := min(len(above), limit-1-min(after, len(below)))
	slices.Reverse(above)
	shown := slices.Concat(above[len(above)-before:], []*row{own}, below[:min(after, len(below))])
	for _, r := range shown {
		list.Records = append(list.Records, r.record(b.ID))
	}
	if list.RankCount, err = s.fill(ctx, b, expiry, list.Records); err != nil {
		return nil, err
	}
	if before < len(above) {
		list.PrevCursor = markAt(list.Records[0], expiry, false)
	}
	if after < len(below) {
		list.NextCursor = markAt(list.Records[len(list.Records)-1], expiry, true)
	}
	return list, nil
}

// CursorFromRank is a cursor for Records whose page begins at a rank, from 1. The error's
// code is NotFound for an unknown leaderboard and for a rank that nobody is before.
func (s *Service) CursorFromRank(ctx context.Context, id string, rank, expiry int64) (string, error) {
	b := s.find(id)
	if b == nil {
		return "", errNotFound()
	}
	expiry, ok := b.listedExpiry(expiry, s.Now())
	switch {
	case !ok:
		return "", status.Error(codes.NotFound, "invalid expiry")
	case rank == 1:
		return "", nil
	}
	ranks, err := s.ranking(ctx, b, expiry)
	if err != nil {
		return "", err
	}
	if ranks == nil {
		return "", status.Errorf(codes.NotFound, "rank cache for leaderboard %q with expiry %d not found", id, expiry)
	}
	before, ok := ranks.at(rank - 1)
	if !ok {
		return "", status.Errorf(codes.NotFound, "rank entry %d not found for leaderboard %q with expiry %d", rank-1, id, expiry)
	}
	return cursor.Encode(mark{id, expiry, before.score, before.subscore, before.owner.String(), rank - 1, true}), nil
}

// rank reads the ranks of a period.
func (s *Service) rank(ctx context.Context, b *board, expiry int64) (*ranking, error) {
	r := newRanking(expiry, b.Descending)
	err := s.sql.places.Each(ctx, func(rows *sql.Rows) error {
		var p place
		var owner string
		err := cmp.Or(ctx.Err(), rows.Scan(&owner, &p.score, &p.subscore))
		if err != nil {
			return err
		}
		if p.owner, err = uuid.Parse(owner); err != nil {
			return err
		}
		r.owners[p.owner] = p
		r.insert(p)
		return nil
	}, b.ID, expiry*1000)
	return r, err
}
