package chat

import (
	"context"
	"database/sql"
	"encoding/json"

	"nkhost/host/export"
)

// Export is a JSON list of all that is kept of what a user has said, or nil if nothing
// is.
func (s *Service) Export(ctx context.Context, userID string) (json.RawMessage, error) {
	var list export.List
	err := s.sql.ofUser.Each(ctx, func(rows *sql.Rows) error {
		message, err := scan(rows)
		if err != nil {
			return err
		}
		return list.Add(message)
	}, userID)
	if err != nil {
		return nil, err
	}
	return list.JSON()
}
