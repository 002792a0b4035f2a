package account

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/db"
)

const (
	minDeviceID = 10 // bytes
	minCustomID = 6
	minPassword = 8
)

// AuthenticateDevice returns the user of a device. If there is none and create is
// set, it makes one named username, or with a name made up for "".
//
// The error's code is InvalidArgument for ids and names out of form, NotFound for
// an unknown device without create, AlreadyExists for a name that is taken, and
// PermissionDenied for a banned user.
func (s *Service) AuthenticateDevice(ctx context.Context, id, username string, create bool) (user User, created bool, err error) {
	if err := checkID("Device ID", id, minDeviceID); err != nil {
		return User{}, false, err
	}
	return s.findOrCreate(ctx, s.sql.byDevice, id, username, create, func(ctx context.Context, user User) (bool, error) {
		return s.insertWithDevice(ctx, user, id)
	})
}

// AuthenticateCustom is AuthenticateDevice by an id of the game's own.
func (s *Service) AuthenticateCustom(ctx context.Context, id, username string, create bool) (user User, created bool, err error) {
	if err := checkID("Custom ID", id, minCustomID); err != nil {
		return User{}, false, err
	}
	return s.findOrCreate(ctx, s.sql.byCustom, id, username, create, func(ctx context.Context, user User) (bool, error) {
		count, err := s.sql.insertUser.Exec(ctx, user.ID, user.Username, id, nil, nil, s.nowMs())
		return count == 1, err
	})
}

// findOrCreate returns the user that by finds under key, or else one that insert
// has put in. insert returns false if its name or key is taken.
func (s *Service) findOrCreate(
	ctx context.Context, by *db.Stmt, key, username string, create bool,
	insert func(context.Context, User) (bool, error),
) (User, bool, error) {
	username, err := usernameOr(username)
	if err != nil {
		return User{}, false, err
	}
	found, ok, err := s.find(ctx, by, key)
	if err != nil {
		return User{}, false, err
	}
	if ok {
		user, err := found.active()
		return user, false, err
	}
	if !create {
		return User{}, false, errNoUser()
	}
	user := User{ID: uuid.NewString(), Username: username}
	inserted, err := insert(ctx, user)
	if err != nil {
		return User{}, false, err
	}
	if inserted {
		return user, true, nil
	}
	// Either the name is taken, or another request has just made this very user.
	if found, ok, err = s.find(ctx, by, key); err != nil {
		return User{}, false, err
	}
	if !ok {
		return User{}, false, errUsernameTaken()
	}
	user, err = found.active()
	return user, false, err
}

// errTaken undoes a transaction whose name or key is taken.
var errTaken = errors.New("taken")

func (s *Service) insertWithDevice(ctx context.Context, user User, deviceID string) (bool, error) {
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		count, err := tx.Exec(ctx, s.sql.insertUser, user.ID, user.Username, nil, nil, nil, s.nowMs())
		if err == nil && count == 1 {
			count, err = tx.Exec(ctx, s.sql.insertDevice, deviceID, user.ID)
		}
		if err == nil && count != 1 {
			return errTaken
		}
		return err
	})
	if errors.Is(err, errTaken) {
		return false, nil
	}
	return err == nil, err
}

// AuthenticateEmail is AuthenticateDevice by an email address, whose case does not
// matter, and its password. Without an address it looks for the user named
// username and creates none. A wrong password has code Unauthenticated.
func (s *Service) AuthenticateEmail(ctx context.Context, email, password, username string, create bool) (user User, created bool, err error) {
	if email != "" {
		if err := checkEmail(email); err != nil {
			return User{}, false, err
		}
	}
	if err := checkPassword(password); err != nil {
		return User{}, false, err
	}
	if email == "" && username == "" {
		return User{}, false, status.Error(codes.InvalidArgument, "Username is required when email address is not supplied.")
	}
	if username, err = usernameOr(username); err != nil {
		return User{}, false, err
	}

	by, key := s.sql.byUsername, username
	if email != "" {
		by, key = s.sql.byEmail, strings.ToLower(email)
	}
	found, ok, err := s.find(ctx, by, key)
	if err != nil {
		return User{}, false, err
	}
	if ok {
		user, err := s.login(ctx, found, password)
		return user, false, err
	}
	if email == "" || !create {
		return User{}, false, errNoUser()
	}
	return s.createWithEmail(ctx, key, password, username)
}

// login lets a user in who knows the password.
func (s *Service) login(ctx context.Context, found stored, password string) (User, error) {
	user, err := found.active()
	if err != nil {
		return User{}, err
	}
	matches := false
	if err := s.hash(ctx, func() {
		matches = bcrypt.CompareHashAndPassword([]byte(found.passwordHash), []byte(password)) == nil
	}); err != nil {
		return User{}, err
	}
	if !matches {
		return User{}, status.Error(codes.Unauthenticated, "Invalid credentials.")
	}
	return user, nil
}

func (s *Service) createWithEmail(ctx context.Context, email, password, username string) (User, bool, error) {
	hash, err := s.hashPassword(ctx, password)
	if err != nil {
		return User{}, false, err
	}
	user := User{ID: uuid.NewString(), Username: username}
	count, err := s.sql.insertUser.Exec(ctx, user.ID, user.Username, nil, email, hash, s.nowMs())
	if err != nil {
		return User{}, false, err
	}
	if count == 1 {
		return user, true, nil
	}
	found, ok, err := s.find(ctx, s.sql.byEmail, email)
	if err != nil {
		return User{}, false, err
	}
	if !ok {
		return User{}, false, errUsernameTaken()
	}
	user, err = s.login(ctx, found, password)
	return user, false, err
}

// hashPassword returns what is stored of a password. bcrypt takes 72 bytes at most; the
// error's code is then Internal, as on Nakama.
func (s *Service) hashPassword(ctx context.Context, password string) (string, error) {
	var hash []byte
	var hashErr error
	if err := s.hash(ctx, func() {
		hash, hashErr = bcrypt.GenerateFromPassword([]byte(password), s.passwordCost)
	}); err != nil {
		return "", err
	}
	if hashErr != nil {
		return "", status.Error(codes.Internal, "Password too long, must be at most 72 bytes.")
	}
	return string(hash), nil
}

// hash runs work, which hashes a password, when there is a place for it.
func (s *Service) hash(ctx context.Context, work func()) error {
	select {
	case s.hashing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.hashing }()
	work()
	return nil
}
