// Package cursor writes the place where a page of a listing ends as a text that clients
// give back to get the next one.
package cursor

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// Encode makes a text that goes into a URL as it is. place is a struct of texts, numbers
// and truths.
func Encode(place any) string {
	text, _ := json.Marshal(place) // what such a struct always has
	return base64.RawURLEncoding.EncodeToString(text)
}

// Decode reads what Encode made into place, a pointer. "", the cursor of the first page,
// leaves place as it is. After an error place may be half read. A client can forge a
// cursor: whether the place is one of the listing is for the caller to see.
func Decode(text string, place any) error {
	if text == "" {
		return nil
	}
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return fmt.Errorf("read a cursor: %w", err)
	}
	if err := json.Unmarshal(plain, place); err != nil {
		return fmt.Errorf("read a cursor: %w", err)
	}
	return nil
}
