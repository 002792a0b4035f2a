package notification

import (
	"context"
	"encoding/json"

	"nkhost/host/export"
)

// Export is a JSON list of all that is kept for a user, or nil if nothing is.
func (s *Service) Export(ctx context.Context, userID string) (json.RawMessage, error) {
	const some = 1000
	var list export.List
	for cursor, more := "", true; more; {
		page, err := s.List(ctx, userID, some, cursor)
		if err != nil {
			return nil, err
		}
		for _, n := range page.Notifications {
			if err := list.Add(n); err != nil {
				return nil, err
			}
		}
		cursor, more = page.Cursor, page.More
	}
	return list.JSON()
}
