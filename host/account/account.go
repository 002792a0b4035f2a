// Package account keeps the users' accounts and what identifies them: devices,
// custom ids, email addresses with passwords. Its rules, error codes and texts are
// Nakama's (core_authenticate.go, core_account.go, api_authenticate.go).
package account

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/google/uuid"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/db"
)

// User is an account as sessions know it.
type User struct {
	ID       string // a UUID
	Username string
}

// Options are the settings of a Service.
type Options struct {
	Now   func() time.Time
	NewID func() string // of users; nil makes random UUIDs
	// PasswordCost is bcrypt's cost of new passwords; 0 is bcrypt.DefaultCost.
	// Those stored keep theirs.
	PasswordCost int
	// Forget lets go, in the transaction in which a user is deleted, of what does not go
	// by itself. It is optional.
	Forget func(ctx context.Context, tx *db.Tx, userID string) error
}

// Service keeps accounts in a database. An error it returns has a gRPC code and a
// text for clients, or none when the database failed.
//
// It is safe for concurrent use.
type Service struct {
	db           *db.DB
	sql          statements
	now          func() time.Time
	newID        func() string
	passwordCost int
	forget       func(ctx context.Context, tx *db.Tx, userID string) error
	// hashing has a place for each password that is hashed at a time. It leaves half
	// of the cores to those who do not log in.
	hashing chan struct{}
}

// NewService returns the accounts in database.
func NewService(ctx context.Context, database *db.DB, options Options) (*Service, error) {
	sql, err := prepare(ctx, database)
	if err != nil {
		return nil, fmt.Errorf("prepare the statements of accounts: %w", err)
	}
	cost := options.PasswordCost
	if cost == 0 {
		cost = bcrypt.DefaultCost
	}
	s := &Service{
		db: database, sql: sql, now: options.Now, newID: options.NewID, passwordCost: cost, forget: options.Forget,
		hashing: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
	}
	if s.newID == nil {
		s.newID = uuid.NewString
	}
	if err := s.addSystemUser(ctx); err != nil {
		return nil, fmt.Errorf("make the system user: %w", err)
	}
	return s, nil
}

// Active returns the user with an id, as a session that is renewed needs it. The
// error's code is NotFound, or PermissionDenied for a banned user.
func (s *Service) Active(ctx context.Context, userID string) (User, error) {
	found, ok, err := s.find(ctx, s.sql.byID, userID)
	if err != nil {
		return User{}, err
	}
	if !ok {
		return User{}, errNoUser()
	}
	return found.active()
}

// Find returns the users with the given ids and names, in no order that can be relied
// on; those that do not exist are left out.
func (s *Service) Find(ctx context.Context, ids, usernames []string) ([]User, error) {
	users := make([]User, 0, len(ids)+len(usernames))
	for _, search := range []struct {
		by   *db.Stmt
		keys []string
	}{{s.sql.byID, ids}, {s.sql.byUsername, usernames}} {
		for _, key := range search.keys {
			found, ok, err := s.find(ctx, search.by, key)
			if err != nil {
				return nil, err
			}
			if ok {
				users = append(users, found.User)
			}
		}
	}
	return users, nil
}

// stored is what authentication reads of a user.
type stored struct {
	User
	passwordHash string // "" if the user has no password
	disabled     bool
}

// active returns the user unless it is banned.
func (u stored) active() (User, error) {
	if u.disabled {
		return User{}, status.Error(codes.PermissionDenied, "User account banned.")
	}
	return u.User, nil
}

// find runs one of the statements that look a user up.
func (s *Service) find(ctx context.Context, by *db.Stmt, key string) (user stored, ok bool, err error) {
	var disableTime int64
	ok, err = by.Row(ctx, key).Scan(&user.ID, &user.Username, &user.passwordHash, &disableTime)
	user.disabled = disableTime != 0
	return user, ok, err
}

func (s *Service) nowMs() int64 { return s.now().UnixMilli() }

func errNoUser() error {
	return status.Error(codes.NotFound, "User account not found.")
}

func errUsernameTaken() error {
	return status.Error(codes.AlreadyExists, "Username is already in use.")
}
