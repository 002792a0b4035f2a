package account

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var emailForm = regexp.MustCompile(`^.+@.+\..+$`)

// usernameOr checks a name that a client asks for and makes one up for "".
func usernameOr(username string) (string, error) {
	if username == "" {
		return GenerateUsername(), nil
	}
	return username, checkUsername(username)
}

// checkUsername refuses what Nakama's pattern for user names refuses: control
// characters and "[]"; spaces are allowed, although its text denies it.
func checkUsername(username string) error {
	switch {
	case strings.ContainsFunc(username, isControl) || strings.Contains(username, "[]") || !utf8.ValidString(username):
		return status.Error(codes.InvalidArgument, "Username invalid, no control characters or [] allowed.")
	case username == "" || len(username) > 128:
		return status.Error(codes.InvalidArgument, "Username invalid, must be 1-128 bytes.")
	}
	return nil
}

// GenerateUsername makes up a user name of ten letters.
func GenerateUsername() string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	name := make([]byte, 10)
	for i := range name {
		name[i] = letters[rand.IntN(len(letters))]
	}
	return string(name)
}

// checkID checks a device or custom id; what names it in errors.
func checkID(what, id string, minBytes int) error {
	switch {
	case id == "":
		return status.Error(codes.InvalidArgument, what+" is required.")
	case strings.ContainsFunc(id, isControlOrSpace) || !utf8.ValidString(id):
		return status.Error(codes.InvalidArgument, what+" invalid, no spaces or control characters allowed.")
	case len(id) < minBytes || len(id) > 128:
		return status.Errorf(codes.InvalidArgument, "%s invalid, must be %d-128 bytes.", what, minBytes)
	}
	return nil
}

func checkPassword(password string) error {
	if len(password) < minPassword {
		return status.Error(codes.InvalidArgument, "Password must be at least 8 characters long.")
	}
	return nil
}

func checkEmail(email string) error {
	switch {
	case strings.ContainsFunc(email, isControlOrSpace) || !utf8.ValidString(email):
		return status.Error(codes.InvalidArgument, "Invalid email address, no spaces or control characters allowed.")
	case !emailForm.MatchString(email):
		return status.Error(codes.InvalidArgument, "Invalid email address format.")
	case len(email) < 10 || len(email) > 255:
		return status.Error(codes.InvalidArgument, "Invalid email address, must be 10-255 bytes.")
	}
	return nil
}

// isControl and isControlOrSpace know ASCII only, as POSIX classes do in Go.
func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func isControlOrSpace(r rune) bool { return isControl(r) || r == ' ' }
