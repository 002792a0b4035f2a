package notification

import (
	"context"
	"database/sql"

	"github.com/heroiclabs/nakama-common/api"
)

// SendAll sends a notification to everyone: to the sockets that are open, or if it is
// persistent to every user there is. These are reached in the background.
func (s *Service) SendAll(n Notification) error {
	made, err := s.message(&n)
	if err != nil {
		return err
	}
	if !n.Persistent {
		s.DeliverAll([]*api.Notification{made})
		return nil
	}
	s.sending.Go(func() {
		if err := s.sendToUsers(s.running, n); err != nil {
			s.Failed(err)
		}
	})
	return nil
}

// sendToUsers goes through the users by their ids, some at a time.
func (s *Service) sendToUsers(ctx context.Context, n Notification) error {
	const some = 1000
	after := System // which no user's id comes before
	for {
		var sends []Notification
		if err := s.sql.users.Each(ctx, func(rows *sql.Rows) error {
			err := rows.Scan(&after)
			n.UserID = after
			sends = append(sends, n)
			return err
		}, after, some); err != nil {
			return err
		}
		if err := s.Send(ctx, sends); err != nil {
			return err
		}
		if len(sends) < some {
			return nil
		}
	}
}
