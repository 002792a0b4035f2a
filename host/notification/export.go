package notification

import (
	"context"
	"encoding/json"

	"google.golang.org/protobuf/encoding/protojson"
)

// Export is a JSON list of all that is kept for a user, or nil if nothing is.
func (s *Service) Export(ctx context.Context, userID string) (json.RawMessage, error) {
	const some = 1000
	var list []json.RawMessage
	for cursor, more := "", true; more; {
		page, err := s.List(ctx, userID, some, cursor)
		if err != nil {
			return nil, err
		}
		for _, n := range page.Notifications {
			text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(n)
			if err != nil {
				return nil, err
			}
			list = append(list, text)
		}
		cursor, more = page.Cursor, page.More
	}
	if list == nil {
		return nil, nil
	}
	return json.Marshal(list)
}
