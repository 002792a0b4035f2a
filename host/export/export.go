// Package export writes what a room keeps of a user as a part of the user's account export.
package export

import (
	"encoding/json"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// List is a list of messages, in the JSON in which Nakama's account exports have them:
// fields have their protobuf names, enums are numbers. It is empty at first.
type List struct{ messages []json.RawMessage }

// Add puts a message at the end.
func (l *List) Add(message proto.Message) error {
	text, err := protojson.MarshalOptions{UseProtoNames: true, UseEnumNumbers: true}.Marshal(message)
	if err != nil {
		return err
	}
	l.messages = append(l.messages, text)
	return nil
}

// JSON is the list's text, or nil if it is empty.
func (l *List) JSON() (json.RawMessage, error) {
	if l.messages == nil {
		return nil, nil
	}
	return json.Marshal(l.messages)
}
