package account

import (
	"context"
	"errors"

	"nkhost/host/db"
)

// updateColumns are the columns that updateQuery sets, in the order of its parameters.
var updateColumns = []string{"username", "display_name", "avatar_url", "lang_tag", "location", "timezone", "metadata"}

// updateQuery leaves a column whose parameter is NULL, and makes NULL of one whose
// parameter is empty, which no column holds. Its parameters are id, time and those of
// the columns, in their order.
const updateQuery = `
	UPDATE users SET update_time = $2,
		username = COALESCE($3, username), display_name = NULLIF(COALESCE($4, display_name), ''),
		avatar_url = NULLIF(COALESCE($5, avatar_url), ''), lang_tag = COALESCE($6, lang_tag),
		location = NULLIF(COALESCE($7, location), ''), timezone = NULLIF(COALESCE($8, timezone), ''),
		metadata = COALESCE($9, metadata)
	WHERE id = $1 AND (
		username IS DISTINCT FROM COALESCE($3, username)
		OR display_name IS DISTINCT FROM NULLIF(COALESCE($4, display_name), '')
		OR avatar_url IS DISTINCT FROM NULLIF(COALESCE($5, avatar_url), '')
		OR lang_tag IS DISTINCT FROM COALESCE($6, lang_tag)
		OR location IS DISTINCT FROM NULLIF(COALESCE($7, location), '')
		OR timezone IS DISTINCT FROM NULLIF(COALESCE($8, timezone), '')
		OR metadata IS DISTINCT FROM COALESCE($9, metadata))`

// UpdateTx is Update in a transaction, which must fail if it does.
func (s *Service) UpdateTx(ctx context.Context, tx *db.Tx, userID string, update Update) error {
	changes, err := update.changes()
	if err != nil {
		return err
	}
	args := make([]any, 2+len(updateColumns))
	args[0], args[1] = userID, s.nowMs()
	for _, change := range changes {
		value := change.value
		if value == nil {
			value = ""
		}
		for i, column := range updateColumns {
			if column == change.column {
				args[2+i] = value
			}
		}
	}
	_, err = tx.Exec(ctx, s.sql.updateInTx, args...)
	if errors.Is(err, db.ErrConflict) {
		return errUsernameTaken()
	}
	return err
}
