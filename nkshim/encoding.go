package nkshim

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/google/uuid"

	"nkhost/lua/glua"
)

var encodingFunctions = map[string]function{
	"base16_decode":        base16Decode,
	"base16_encode":        base16Encode,
	"base64_decode":        base64Decode(base64.StdEncoding, true),
	"base64_encode":        base64Encode(base64.StdEncoding),
	"base64url_decode":     base64Decode(base64.URLEncoding, false),
	"base64url_encode":     base64Encode(base64.URLEncoding),
	"uuid_bytes_to_string": uuidBytesToString,
	"uuid_string_to_bytes": uuidStringToBytes,
	"uuid_v4":              uuidV4,
}

func base16Encode(_ *Runtime, c call) int {
	return c.push(glua.LString(hex.EncodeToString([]byte(c.filledText(1, "input")))))
}

func base16Decode(_ *Runtime, c call) int {
	decoded, err := hex.DecodeString(c.filledText(1, "input"))
	if err != nil {
		c.fail("the input is not base16: %v", err)
	}
	return c.push(glua.LString(decoded))
}

func base64Encode(encoding *base64.Encoding) function {
	return func(_ *Runtime, c call) int {
		input, with := c.filledText(1, "input"), encoding
		if !c.optBool(2, "padding", true) {
			with = encoding.WithPadding(base64.NoPadding)
		}
		return c.push(glua.LString(with.EncodeToString([]byte(input))))
	}
}

// base64Decode takes input with or without its padding when the flag in argument 2 is
// lenient, which is also its default, and only with it otherwise. On Nakama that flag
// means the opposite for base64url.
func base64Decode(encoding *base64.Encoding, lenient bool) function {
	return func(_ *Runtime, c call) int {
		input := c.filledText(1, "input")
		if c.optBool(2, "padding", lenient) == lenient {
			input += strings.Repeat("=", -len(input)&3)
		}
		decoded, err := encoding.DecodeString(input)
		if err != nil {
			c.fail("the input is not base64: %v", err)
		}
		return c.push(glua.LString(decoded))
	}
}

func uuidV4(r *Runtime, c call) int {
	return c.push(glua.LString(r.deps.NewID()))
}

func uuidBytesToString(_ *Runtime, c call) int {
	id, err := uuid.FromBytes([]byte(c.filledText(1, "UUID bytes")))
	if err != nil {
		c.refuse(1, "UUID bytes", "a string of 16 bytes")
	}
	return c.push(glua.LString(id.String()))
}

func uuidStringToBytes(_ *Runtime, c call) int {
	id, err := uuid.Parse(c.filledText(1, "UUID"))
	if err != nil {
		c.refuse(1, "UUID", "the text of a UUID")
	}
	return c.push(glua.LString(id[:]))
}
