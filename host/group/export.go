package group

import (
	"context"
	"encoding/json"

	"google.golang.org/protobuf/encoding/protojson"
)

// Export is a JSON list of the groups that a user is in or asks to join, or nil if there
// are none.
func (s *Service) Export(ctx context.Context, userID string) (json.RawMessage, error) {
	const some = 100
	var list []json.RawMessage
	for cursor, more := "", true; more; more = cursor != "" {
		page, err := s.ListUserGroups(ctx, userID, some, nil, cursor)
		if err != nil {
			return nil, err
		}
		for _, group := range page.UserGroups {
			text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(group.Group)
			if err != nil {
				return nil, err
			}
			list = append(list, text)
		}
		cursor = page.Cursor
	}
	if list == nil {
		return nil, nil
	}
	return json.Marshal(list)
}
