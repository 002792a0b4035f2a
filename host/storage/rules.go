package storage

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Refusals of a write. All have code InvalidArgument.
var (
	ErrVersion    = status.Error(codes.InvalidArgument, "Storage write rejected - version check failed.")
	ErrPermission = status.Error(codes.InvalidArgument, "Storage write rejected - permission denied.")
)

var errDelete = status.Error(codes.InvalidArgument, "Storage delete rejected - not found, version check failed, or permission denied.")

// maxName is how long a collection or a key may be, in characters.
const maxName = 128

// Check refuses what no object can be known by.
func (id ID) Check() error {
	if id.Collection == "" || id.Key == "" {
		return status.Error(codes.InvalidArgument, "Invalid collection or key value supplied. They must be set.")
	}
	return nil
}

// check adds what only a write has to obey. As on Nakama, names that are too long
// have code Internal.
func (w *Write) check(caller string) error {
	if err := w.Check(); err != nil {
		return err
	}
	for _, name := range []string{w.Collection, w.Key} {
		if !utf8.ValidString(name) || strings.Contains(name, "\x00") {
			return status.Error(codes.InvalidArgument, "Collections and keys must be UTF-8 text without zero bytes.")
		}
		if utf8.RuneCountInString(name) > maxName {
			return status.Errorf(codes.Internal, "Collections and keys must be at most %d characters.", maxName)
		}
	}
	if w.PermissionRead < 0 || caller != Server && w.PermissionRead > ReadEveryone {
		return status.Error(codes.InvalidArgument, "Invalid Read permission supplied. It must be either 0, 1 or 2.")
	}
	if w.PermissionWrite < 0 || caller != Server && w.PermissionWrite > WriteOwner {
		return status.Error(codes.InvalidArgument, "Invalid Write permission supplied. It must be either 0 or 1.")
	}
	if caller != Server && !isJSONObject(w.Value) {
		return status.Error(codes.InvalidArgument, "Value must be a JSON object.")
	}
	return nil
}

func isJSONObject(text string) bool {
	return strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") && json.Valid([]byte(text))
}
