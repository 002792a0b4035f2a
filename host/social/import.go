package social

import (
	"context"

	"nkhost/host/db"
	"nkhost/host/notification"
	"nkhost/host/providers"
)

// Import makes those users friends whom a provider knows to be the user's, and notifies
// them. Whom the user has blocked, or who has blocked the user, is passed over; a request to
// be friends is accepted. With reset the user's friends and requests, but not the blocks,
// are ended before. It passes on the errors of friends.
func (s *Service) Import(ctx context.Context, user User, friends providers.Friends, reset bool) error {
	kind, known, err := friends(ctx)
	if err != nil {
		return err
	}
	ids, err := s.ofProvider(ctx, kind, known, user.ID)
	if err != nil || len(ids) == 0 && !reset {
		return err
	}
	metadata := `{"provider":"` + string(kind) + `"}`
	var notices []notification.Notification
	err = s.each(ctx, user.ID, ids, func(tx *db.Tx) error {
		notices = nil
		if !reset {
			return nil
		}
		return s.reset(ctx, tx, user.ID)
	}, func(p *pair) error {
		made, err := p.bring(ctx, metadata)
		if made {
			notices = append(notices, user.notice(p.friend, "Your friend has just joined the game", codeJoin))
		}
		return err
	})
	return s.notifyUnless(ctx, err, notices)
}

// ofProvider are the users with the given ids at a provider, but for the user itself.
func (s *Service) ofProvider(ctx context.Context, kind providers.Kind, known []string, userID string) ([]string, error) {
	var ids []string
	seen := map[string]bool{userID: true}
	for _, one := range known {
		var id string
		found, err := s.sql.byProvider[kind].Row(ctx, one).Scan(&id)
		if err != nil {
			return nil, err
		}
		if found && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// reset takes a user out of all that is no block.
func (s *Service) reset(ctx context.Context, tx *db.Tx, userID string) error {
	for _, stmt := range []*db.Stmt{s.sql.uncountFriends, s.sql.uncountOwn, s.sql.removeFriends} {
		if _, err := tx.Exec(ctx, stmt, userID); err != nil {
			return err
		}
	}
	return nil
}

// bring makes two users friends unless they are, or one has blocked the other.
func (p *pair) bring(ctx context.Context, metadata string) (made bool, err error) {
	asked := p.mine.is(StateInviteSent) && p.theirs.is(StateInviteReceived) || p.mine.is(StateInviteReceived) && p.theirs.is(StateInviteSent)
	if !asked {
		return p.befriend(ctx, StateFriend, StateFriend, metadata, metadata)
	}
	for _, side := range []struct {
		from, to string
		edge     edge
	}{{p.user, p.friend, p.mine}, {p.friend, p.user, p.theirs}} {
		merged, err := merge(side.edge.metadata, metadata)
		if err != nil {
			return false, err
		}
		if err := p.set(ctx, side.from, side.to, StateFriend, merged); err != nil {
			return false, err
		}
	}
	return true, nil
}
