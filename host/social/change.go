package social

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/db"
	"nkhost/host/notification"
)

// edge is what one user's side says of another.
type edge struct {
	there    bool
	state    int32
	metadata string
}

// pair is a transaction over the edges between a user and a friend.
type pair struct {
	*Service
	tx            *db.Tx
	user, friend  string
	now           time.Time
	mine, theirs  edge
	positionAfter int64 // what to add to the time for the position of a new edge
}

// each runs change for every friend, all in one transaction. change may run several
// times, each time for all; begin is called before.
func (s *Service) each(ctx context.Context, userID string, friends []string, begin func(tx *db.Tx) error, change func(p *pair) error) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := begin(tx); err != nil {
			return err
		}
		if ok, err := exists(ctx, tx, s.sql.userExists, userID); err != nil || !ok {
			if err == nil {
				err = status.Error(codes.NotFound, "User account not found.")
			}
			return err
		}
		for i, friend := range friends {
			p := &pair{Service: s, tx: tx, user: userID, friend: friend, now: s.Now(), positionAfter: int64(i)}
			if err := p.read(ctx); err != nil {
				return err
			}
			if err := change(p); err != nil {
				return err
			}
		}
		return nil
	})
}

// forget begins a transaction anew, in which nothing has been said yet.
func forget(notices *[]notification.Notification) func(tx *db.Tx) error {
	return func(*db.Tx) error {
		*notices = nil
		return nil
	}
}

func exists(ctx context.Context, tx *db.Tx, stmt *db.Stmt, id string) (bool, error) {
	var one int
	return tx.Row(ctx, stmt, id).Scan(&one)
}

func (p *pair) read(ctx context.Context) (err error) {
	if p.mine.there, err = p.tx.Row(ctx, p.sql.edge, p.user, p.friend).Scan(&p.mine.state, &p.mine.metadata); err != nil {
		return err
	}
	p.theirs.there, err = p.tx.Row(ctx, p.sql.edge, p.friend, p.user).Scan(&p.theirs.state, &p.theirs.metadata)
	return err
}

func (e edge) is(state int32) bool { return e.there && e.state == state }

// insert makes an edge and counts it.
func (p *pair) insert(ctx context.Context, from, to string, state int32, metadata string) error {
	if _, err := p.tx.Exec(ctx, p.sql.insert, from, to, state, p.now.UnixNano()+p.positionAfter, p.now.UnixMilli(), metadata); err != nil {
		return err
	}
	return p.count(ctx, from, 1)
}

// remove deletes an edge, which is there, and takes it out of the count.
func (p *pair) remove(ctx context.Context, from, to string) error {
	if _, err := p.tx.Exec(ctx, p.sql.remove, from, to); err != nil {
		return err
	}
	return p.count(ctx, from, -1)
}

func (p *pair) count(ctx context.Context, userID string, change int) error {
	_, err := p.tx.Exec(ctx, p.sql.count, userID, change, p.now.UnixMilli())
	return err
}

func (p *pair) set(ctx context.Context, from, to string, state int32, metadata string) error {
	_, err := p.tx.Exec(ctx, p.sql.set, from, to, state, p.now.UnixMilli(), metadata)
	return err
}

// befriend makes both edges, if there are none yet and the friend exists.
func (p *pair) befriend(ctx context.Context, mine, theirs int32, myMetadata, theirMetadata string) (made bool, err error) {
	if p.mine.there || p.theirs.there {
		return false, nil
	}
	if ok, err := exists(ctx, p.tx, p.sql.userExists, p.friend); err != nil || !ok {
		return false, err
	}
	if err := p.insert(ctx, p.user, p.friend, mine, myMetadata); err != nil {
		return false, err
	}
	return true, p.insert(ctx, p.friend, p.user, theirs, theirMetadata)
}

// Add asks users to be friends, or accepts that they asked. Those who do not exist, who
// have blocked the user or whom the user has blocked are passed over. metadata is a JSON
// object for the user's side, or "". The error's code is Internal, as on Nakama, for
// metadata that is none.
func (s *Service) Add(ctx context.Context, user User, friends []string, metadata string) error {
	if metadata == "" {
		metadata = "{}"
	}
	if _, err := merge("{}", metadata); err != nil {
		return status.Error(codes.Internal, "The metadata of a friend must be a JSON object.")
	}
	var notices []notification.Notification
	err := s.each(ctx, user.ID, friends, forget(&notices), func(p *pair) error {
		code, err := p.add(ctx, metadata)
		if err != nil || code == 0 {
			return err
		}
		subject := fmt.Sprintf("%s wants to add you as a friend", user.Username)
		if code == codeAccept {
			subject = fmt.Sprintf("%s accepted your friend request", user.Username)
		}
		notices = append(notices, user.notice(p.friend, subject, code))
		return nil
	})
	return s.notifyUnless(ctx, err, notices)
}

// add returns the code of the notification to send, or 0.
func (p *pair) add(ctx context.Context, metadata string) (code int32, err error) {
	if !p.mine.is(StateInviteReceived) || !p.theirs.is(StateInviteSent) {
		made, err := p.befriend(ctx, StateInviteSent, StateInviteReceived, metadata, "{}")
		if made {
			code = codeRequest
		}
		return code, err
	}
	merged, err := merge(p.mine.metadata, metadata)
	if err != nil {
		return 0, err
	}
	if err := p.set(ctx, p.user, p.friend, StateFriend, merged); err != nil {
		return 0, err
	}
	return codeAccept, p.set(ctx, p.friend, p.user, StateFriend, p.theirs.metadata)
}

// merge adds the fields of one JSON object to another.
func merge(metadata, more string) (string, error) {
	merged := map[string]json.RawMessage{}
	for _, text := range []string{metadata, more} {
		if err := json.Unmarshal([]byte(text), &merged); err != nil {
			return "", fmt.Errorf("read the metadata of a friend: %w", err)
		}
	}
	if merged == nil { // null
		return "", fmt.Errorf("the metadata of a friend is no object")
	}
	text, err := json.Marshal(merged)
	return string(text), err
}

func (u User) notice(to, subject string, code int32) notification.Notification {
	content, _ := json.Marshal(map[string]string{"username": u.Username}) // which has JSON
	return notification.Notification{UserID: to, SenderID: u.ID, Subject: subject, Content: string(content), Code: code, Persistent: true}
}

func (s *Service) notifyUnless(ctx context.Context, err error, notices []notification.Notification) error {
	if err == nil && len(notices) > 0 {
		s.Notify(ctx, notices)
	}
	return err
}

// Delete ends friendships, withdraws or rejects requests, and lifts the user's own
// blocks. A block by the other stays.
func (s *Service) Delete(ctx context.Context, user User, friends []string) error {
	var notices []notification.Notification
	err := s.each(ctx, user.ID, friends, forget(&notices), func(p *pair) error {
		if p.mine.there {
			if err := p.remove(ctx, p.user, p.friend); err != nil {
				return err
			}
		}
		if !p.theirs.there || p.theirs.state == StateBlocked {
			return nil
		}
		notices = append(notices, user.notice(p.friend, fmt.Sprintf("%s removed you as a friend", user.Username), codeRemove))
		return p.remove(ctx, p.friend, p.user)
	})
	return s.notifyUnless(ctx, err, notices)
}

// Block blocks users, whatever they were before. Those who do not exist are passed over.
func (s *Service) Block(ctx context.Context, userID string, friends []string) error {
	err := s.each(ctx, userID, friends, func(*db.Tx) error { return nil }, func(p *pair) error {
		if p.mine.there {
			if err := p.set(ctx, p.user, p.friend, StateBlocked, p.mine.metadata); err != nil {
				return err
			}
		} else {
			if ok, err := exists(ctx, p.tx, s.sql.userExists, p.friend); err != nil || !ok {
				return err
			}
			if err := p.insert(ctx, p.user, p.friend, StateBlocked, "{}"); err != nil {
				return err
			}
		}
		if !p.theirs.there || p.theirs.state == StateBlocked {
			return nil
		}
		return p.remove(ctx, p.friend, p.user)
	})
	if err != nil {
		return err
	}
	for _, friend := range friends {
		s.Blocked(userID, friend)
	}
	return nil
}

// UpdateMetadata replaces what a user has noted of another, if they are tied. metadata is
// a JSON object.
func (s *Service) UpdateMetadata(ctx context.Context, userID, friendID, metadata string) error {
	_, err := s.sql.setMetadata.Exec(ctx, userID, friendID, metadata)
	return err
}
