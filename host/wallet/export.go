package wallet

import (
	"context"
	"encoding/json"
	"time"
)

// exportedItem is an item as Nakama exports it.
type exportedItem struct {
	ID         string `json:"id"`
	Changeset  string `json:"changeset"`
	Metadata   string `json:"metadata"`
	CreateTime string `json:"create_time"`
	UpdateTime string `json:"update_time"`
}

// Export is a JSON list of a user's whole ledger, the latest change first, or nil if
// it is empty.
func (s *Service) Export(ctx context.Context, userID string) (json.RawMessage, error) {
	const some = 1000
	var list []exportedItem
	for cursor := ""; ; {
		items, next, err := s.List(ctx, userID, some, cursor)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			changeset, err := json.Marshal(item.Changeset)
			if err != nil {
				return nil, err
			}
			list = append(list, exportedItem{
				ID: item.ID, Changeset: string(changeset), Metadata: item.Metadata,
				CreateTime: item.CreateTime.UTC().Format(time.RFC3339), UpdateTime: item.UpdateTime.UTC().Format(time.RFC3339),
			})
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if list == nil {
		return nil, nil
	}
	return json.Marshal(list)
}
