package session

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// signer signs and reads JWTs of one key. The algorithm is HS256 and no other.
type signer struct {
	key    any // a []byte; held as the JWT library takes it
	expiry time.Duration
	now    func() time.Time
}

func newSigner(key string, expiry time.Duration, now func() time.Time) signer {
	return signer{key: []byte(key), expiry: expiry, now: now}
}

func (s signer) sign(claims Claims) (token string, expiry int64, err error) {
	claims.Expiry = s.now().Add(s.expiry).Unix()
	token, err = s.encode(claims)
	return token, claims.Expiry, err
}

func (s signer) parse(token string) (*Claims, bool) {
	claims := new(Claims)
	if !s.decode(token, claims) || s.now().Unix() >= claims.Expiry {
		return nil, false
	}
	id, err := uuid.Parse(claims.UserID)
	if err != nil {
		return nil, false
	}
	claims.UserID = id.String()
	return claims, true
}

// issuedAt is when this very token was made; its iat claim may be that of an
// earlier token which it renews.
func (s signer) issuedAt(claims *Claims) int64 {
	return claims.Expiry - int64(s.expiry/time.Second)
}

// hs256Header is the header of every token that a host signs.
const hs256Header = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"

var tokenEncoding = base64.RawURLEncoding.Strict()

func (s signer) encode(claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed := hs256Header + "." + tokenEncoding.EncodeToString(payload)
	signature, err := jwt.SigningMethodHS256.Sign(signed, s.key)
	if err != nil {
		return "", err
	}
	return signed + "." + tokenEncoding.EncodeToString(signature), nil
}

// decode reads the claims of a token that has the right signature; it does not
// look at its expiry. Each request does this once, so it goes the shortest way:
// the library's parser, which makes a map of the header, takes twice as long.
func (s signer) decode(token string, claims any) bool {
	header, rest, _ := strings.Cut(token, ".")
	payload, signature, whole := strings.Cut(rest, ".")
	if !whole || header != hs256Header && !namesHS256(header) {
		return false
	}
	mac, err := tokenEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	signed := token[:len(header)+1+len(payload)]
	if jwt.SigningMethodHS256.Verify(signed, mac, s.key) != nil {
		return false
	}
	text, err := tokenEncoding.DecodeString(payload)
	return err == nil && json.Unmarshal(text, claims) == nil
}

// namesHS256 reads the header of a token that another program signed with the
// host's key.
func namesHS256(header string) bool {
	text, err := tokenEncoding.DecodeString(header)
	if err != nil {
		return false
	}
	var fields struct {
		Algorithm string `json:"alg"`
	}
	return json.Unmarshal(text, &fields) == nil && fields.Algorithm == jwt.SigningMethodHS256.Alg()
}
