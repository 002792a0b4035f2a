package account

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"nkhost/host/db"
	"nkhost/host/providers"
)

// column is the one in users for the ids of a provider.
func column(kind providers.Kind) string { return string(kind) + "_id" }

// AuthenticateWith is AuthenticateDevice by what a client proves of its account with a
// provider of identities, whose errors it passes on. A new user takes over its name,
// picture and email address.
func (s *Service) AuthenticateWith(ctx context.Context, proof providers.Proof, username string, create bool) (user User, created bool, err error) {
	if username != "" {
		if err := checkUsername(username); err != nil {
			return User{}, false, err
		}
	}
	profile, err := s.prove(ctx, proof)
	if err != nil {
		return User{}, false, err
	}
	by := s.sql.byProvider[profile.Kind]
	user, created, err = s.findOrCreate(ctx, by, profile.ID, username, create, func(ctx context.Context, user User) (bool, error) {
		count, err := s.db.Exec(ctx, "INSERT INTO users (id, username, "+column(profile.Kind)+", create_time, update_time)"+
			" VALUES ($1, $2, $3, $4, $4) ON CONFLICT DO NOTHING", user.ID, user.Username, profile.ID, s.nowMs())
		return count == 1, err
	})
	if err == nil && (created || profile.Kind == providers.Google) {
		err = s.adopt(ctx, user.ID, profile)
	}
	return user, created, err
}

// LinkWith is LinkCustom by what a client proves, whose errors it passes on. The user
// takes over what it has not: a name, a picture, an email address.
func (s *Service) LinkWith(ctx context.Context, userID string, proof providers.Proof) error {
	profile, err := s.prove(ctx, proof)
	if err != nil {
		return err
	}
	if err := s.link(ctx, userID, profile.Kind.String()+" ID", change{column(profile.Kind), profile.ID}); err != nil {
		return err
	}
	return s.adopt(ctx, userID, profile)
}

// UnlinkFrom is UnlinkCustom for a provider: for the id that a client proves, whose
// errors it passes on, or with nil for any.
func (s *Service) UnlinkFrom(ctx context.Context, userID string, kind providers.Kind, proof providers.Proof) error {
	id := ""
	if proof != nil {
		profile, err := s.prove(ctx, proof)
		if err != nil {
			return err
		}
		id = profile.ID
	}
	return s.unlink(ctx, userID, column(kind), id)
}

// prove asks for the profile, and moves a user that the provider renamed to its new id.
func (s *Service) prove(ctx context.Context, proof providers.Proof) (providers.Profile, error) {
	profile, err := proof(ctx)
	if err != nil {
		return providers.Profile{}, err
	}
	if profile.FormerID == "" || profile.FormerID == profile.ID {
		return profile, nil
	}
	name := column(profile.Kind)
	_, err = s.db.Exec(ctx, "UPDATE users SET "+name+" = $1 WHERE "+name+" = $2"+
		" AND NOT EXISTS (SELECT 1 FROM users WHERE "+name+" = $1)", profile.ID, profile.FormerID)
	return profile, err
}

// adopt gives a user what a provider knows and it has not. An address that is another
// user's is left out.
func (s *Service) adopt(ctx context.Context, userID string, profile providers.Profile) error {
	email := strings.ToLower(profile.Email)
	if checkEmail(email) != nil {
		email = ""
	}
	if profile.DisplayName == "" && profile.AvatarURL == "" && email == "" {
		return nil
	}
	_, err := s.sql.adopt.Exec(ctx, userID, ifShort(profile.DisplayName, 255), ifShort(profile.AvatarURL, 512), orNull(email))
	if err != nil && !errors.Is(err, db.ErrConflict) { // taken at this very moment
		return fmt.Errorf("adopt a profile: %w", err)
	}
	return nil
}

// ifShort is a text, or NULL if it is empty or longer than a column may be.
func ifShort(text string, limit int) any {
	if len(text) > limit {
		return nil
	}
	return orNull(text)
}
