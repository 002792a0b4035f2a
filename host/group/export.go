package group

import (
	"context"
	"encoding/json"

	"nkhost/host/export"
)

// Export is a JSON list of the groups that a user is in or asks to join, or nil if there
// are none.
func (s *Service) Export(ctx context.Context, userID string) (json.RawMessage, error) {
	const some = 100
	var list export.List
	for cursor, more := "", true; more; more = cursor != "" {
		page, err := s.ListUserGroups(ctx, userID, some, nil, cursor)
		if err != nil {
			return nil, err
		}
		for _, group := range page.UserGroups {
			if err := list.Add(group.Group); err != nil {
				return nil, err
			}
		}
		cursor = page.Cursor
	}
	return list.JSON()
}
