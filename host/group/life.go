package group

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/db"
)

// New is a group to make. "" stands for Nakama's defaults in LangTag and Metadata.
type New struct {
	UserID      string // its first superadmin
	CreatorID   string
	Name        string // at most 255 characters
	Description string // 255
	AvatarURL   string // 512
	LangTag     string // 18
	Metadata    string // a JSON object
	Open        bool
	MaxCount    int // 0 stands for 100
}

// Create makes a group. The error's code is InvalidArgument for a bad name, count or
// superadmin, AlreadyExists for a name that is taken, and Internal, as on Nakama, for a
// text that is too long.
func (s *Service) Create(ctx context.Context, n New) (*api.Group, error) {
	if err := n.complete(); err != nil {
		return nil, err
	}
	id := s.NewID()
	var made *api.Group
	err := s.db.Tx(ctx, func(tx *db.Tx) (err error) {
		var name string
		if ok, err := tx.Row(ctx, s.sql.username, n.UserID).Scan(&name); err != nil || !ok {
			if err == nil {
				err = errNoUser()
			}
			return err
		}
		now := s.Now()
		count, err := tx.Exec(ctx, s.sql.insert, id, n.CreatorID, n.Name, fold(n.Name), n.Description, n.AvatarURL, n.LangTag, n.Metadata,
			stateOfGroup(n.Open), n.MaxCount, now.UnixMilli())
		if err != nil {
			return err
		}
		if count == 0 {
			return status.Error(codes.AlreadyExists, "Group name is in use.")
		}
		if _, err := tx.Exec(ctx, s.sql.insertEdge, id, n.UserID, StateSuperadmin, now.UnixNano(), now.UnixMilli()); err != nil {
			return err
		}
		made, _, err = s.find(ctx, tx, id)
		return err
	})
	return made, err
}

func (n *New) complete() error {
	if n.LangTag == "" {
		n.LangTag = "en"
	}
	if n.Metadata == "" {
		n.Metadata = "{}"
	}
	if n.MaxCount == 0 {
		n.MaxCount = 100
	}
	switch {
	case n.Name == "":
		return status.Error(codes.InvalidArgument, "Group name must be set.")
	case n.UserID == Server:
		return status.Error(codes.InvalidArgument, "Group creator must be a user.")
	}
	if err := checkMaxCount(n.MaxCount); err != nil {
		return err
	}
	return checkTexts(&n.Name, &n.Description, &n.AvatarURL, &n.LangTag)
}

func checkMaxCount(count int) error {
	if count < 1 || count > math.MaxInt32 {
		return status.Error(codes.InvalidArgument, "Group max count must be >= 1 when set.")
	}
	return nil
}

// checkTexts refuses texts that are too long; nil is none.
func checkTexts(name, description, avatarURL, langTag *string) error {
	for _, text := range []struct {
		what  string
		value *string
		limit int
	}{{"name", name, 255}, {"description", description, 255}, {"avatar URL", avatarURL, 512}, {"language tag", langTag, 18}} {
		if text.value != nil && utf8.RuneCountInString(*text.value) > text.limit {
			return status.Errorf(codes.Internal, "Group %s too long, must be at most %d characters.", text.what, text.limit)
		}
	}
	return nil
}

// fold is a name as searches compare it.
func fold(name string) string { return strings.ToLower(name) }

// Update says what to change in a group; nil stays, and so does a MaxCount of 0.
type Update struct {
	Name        *string
	CreatorID   *string
	LangTag     *string
	Description *string
	AvatarURL   *string
	Open        *bool
	Metadata    *string // a JSON object
	MaxCount    int
}

// Update changes a group for one of its admins. The error's code is NotFound for anyone
// else, InvalidArgument for an empty or impossible update and for a name that is taken,
// and Internal, as on Nakama, for a text that is too long.
func (s *Service) Update(ctx context.Context, groupID, userID string, update Update) error {
	if err := update.check(); err != nil {
		return err
	}
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := s.allow(ctx, tx, groupID, userID, StateAdmin); err != nil {
			return err
		}
		if update == (Update{}) {
			return status.Error(codes.InvalidArgument, "Specify at least one field to update.")
		}
		found, ok, err := s.find(ctx, tx, groupID)
		switch {
		case err != nil:
			return err
		case !ok:
			return status.Error(codes.InvalidArgument, "No new fields in group update.")
		case update.MaxCount > 0 && update.MaxCount < int(found.EdgeCount):
			return status.Error(codes.InvalidArgument, "Group has more members than the new max count.")
		}
		_, err = tx.Exec(ctx, s.sql.update, update.args(groupID, s.Now())...)
		return err
	})
	if errors.Is(err, db.ErrConflict) {
		return status.Error(codes.InvalidArgument, "Group name is in use.")
	}
	return err
}

func (u Update) check() error {
	if u.Name != nil && *u.Name == "" {
		return status.Error(codes.InvalidArgument, "Group name cannot be empty.")
	}
	if u.LangTag != nil && *u.LangTag == "" {
		return status.Error(codes.InvalidArgument, "Group language cannot be empty.")
	}
	if u.MaxCount != 0 {
		if err := checkMaxCount(u.MaxCount); err != nil {
			return err
		}
	}
	return checkTexts(u.Name, u.Description, u.AvatarURL, u.LangTag)
}

// args are those of the statement update: nil for what stays.
func (u Update) args(groupID string, now time.Time) []any {
	args := []any{groupID, now.UnixMilli()}
	for _, text := range []*string{u.Name, u.CreatorID, u.LangTag, u.Description, u.AvatarURL, u.Metadata} {
		args = append(args, valueOf(text))
	}
	var folded, maxCount any
	if u.Name != nil {
		folded = fold(*u.Name)
	}
	if u.MaxCount != 0 {
		maxCount = u.MaxCount
	}
	var state any
	if u.Open != nil {
		state = stateOfGroup(*u.Open)
	}
	return append(args, folded, state, maxCount)
}

func valueOf(text *string) any {
	if text == nil {
		return nil
	}
	return *text
}

func stateOfGroup(open bool) int {
	if open {
		return 0
	}
	return 1
}

// Delete deletes a group for one of its superadmins. The error's code is InvalidArgument
// for anyone else. For Server a group that does not exist is none.
func (s *Service) Delete(ctx context.Context, groupID, userID string) error {
	var deleted int64
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		err := s.allow(ctx, tx, groupID, userID, StateSuperadmin)
		if status.Code(err) == codes.NotFound {
			return status.Error(codes.InvalidArgument, "Group not found or you're not allowed to delete.")
		}
		if err == nil {
			deleted, err = tx.Exec(ctx, s.sql.remove, groupID)
		}
		return err
	})
	if err == nil && deleted > 0 {
		s.Deleted(groupID)
	}
	return err
}

// allow refuses a user whose state in a group is above the given one.
func (s *Service) allow(ctx context.Context, tx *db.Tx, groupID, userID string, highest int32) error {
	if userID == Server {
		return nil
	}
	state, there, err := s.stateOf(ctx, tx, groupID, userID)
	if err == nil && (!there || state > highest) {
		return errDenied()
	}
	return err
}

func (s *Service) stateOf(ctx context.Context, tx *db.Tx, groupID, userID string) (state int32, there bool, err error) {
	there, err = tx.Row(ctx, s.sql.state, groupID, userID).Scan(&state)
	return state, there, err
}

// Forget takes a user that is being deleted out of its groups. A group that has no other
// superadmin goes with it, as on Nakama.
func (s *Service) Forget(ctx context.Context, tx *db.Tx, userID string) error {
	groups, err := texts(ctx, tx, s.sql.of, userID)
	if err != nil {
		return err
	}
	for _, id := range groups {
		state, _, err := s.stateOf(ctx, tx, id, userID)
		if err != nil {
			return err
		}
		superadmins, _, err := s.others(ctx, tx, id, userID)
		switch {
		case err != nil:
			return err
		case state == StateSuperadmin && superadmins == 0:
			_, err = tx.Exec(ctx, s.sql.remove, id)
		case state <= StateMember:
			_, err = tx.Exec(ctx, s.sql.count, id, -1, s.Now().UnixMilli())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// others counts a group's superadmins and all its members but one.
func (s *Service) others(ctx context.Context, tx *db.Tx, groupID, userID string) (superadmins, members int, err error) {
	_, err = tx.Row(ctx, s.sql.others, groupID, userID).Scan(&superadmins, &members)
	return superadmins, members, err
}
