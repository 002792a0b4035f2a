package chat

import (
	"context"
	"database/sql"
	"encoding/json"

	"google.golang.org/protobuf/encoding/protojson"
)

// Export is a JSON list of all that is kept of what a user has said, or nil if nothing
// is.
func (s *Service) Export(ctx context.Context, userID string) (json.RawMessage, error) {
	var list []json.RawMessage
	err := s.sql.ofUser.Each(ctx, func(rows *sql.Rows) error {
		message, err := scan(rows)
		if err != nil {
			return err
		}
		text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(message)
		list = append(list, text)
		return err
	}, userID)
	if err != nil || list == nil {
		return nil, err
	}
	return json.Marshal(list)
}
