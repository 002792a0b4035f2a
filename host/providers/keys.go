package providers

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	keysAge      = time.Hour   // how old keys may be before they are fetched anew
	keysPatience = time.Minute // how long to wait after fetching before fetching again
	minKeyBits   = 2048
)

// keySet is the keys with which a provider signs id tokens, by their ids. They are
// fetched when they are needed.
type keySet struct {
	url string

	mu      sync.Mutex
	keys    map[string]*rsa.PublicKey
	fetched time.Time // when that was done last
	tried   time.Time
}

// key returns the key with an id. A provider that does not answer keeps its old keys.
func (s *keySet) key(ctx context.Context, c *Client, id string) (*rsa.PublicKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := c.options.Now()
	if key := s.keys[id]; key != nil && now.Sub(s.fetched) < keysAge {
		return key, nil
	}
	var failure error
	if now.Sub(s.tried) >= keysPatience {
		s.tried = now
		// Others wait for these keys too, so that this client's going must not matter.
		keys, err := c.fetchKeys(context.WithoutCancel(ctx), s.url)
		if failure = err; err == nil {
			s.keys, s.fetched = keys, now
		}
	}
	if key := s.keys[id]; key != nil {
		return key, nil
	}
	return nil, errors.Join(fmt.Errorf("there is no key %q", id), failure)
}

// fetchKeys reads a JSON Web Key Set. Keys of other kinds are passed over.
func (c *Client) fetchKeys(ctx context.Context, address string) (map[string]*rsa.PublicKey, error) {
	var set struct {
		Keys []struct{ Kty, Kid, Use, Alg, N, E string }
	}
	if err := c.getJSON(ctx, address, "", &set); err != nil {
		return nil, fmt.Errorf("fetch the keys: %w", err)
	}
	keys := map[string]*rsa.PublicKey{}
	for _, k := range set.Keys {
		if k.Kty != "RSA" || k.Kid == "" || k.Use != "" && k.Use != "sig" || k.Alg != "" && k.Alg != jwt.SigningMethodRS256.Alg() {
			continue
		}
		if key, ok := rsaKey(k.N, k.E); ok {
			keys[k.Kid] = key
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("fetch the keys: there is none")
	}
	return keys, nil
}

func rsaKey(modulus, exponent string) (*rsa.PublicKey, bool) {
	n, err := base64.RawURLEncoding.DecodeString(modulus)
	if err != nil {
		return nil, false
	}
	e, err := base64.RawURLEncoding.DecodeString(exponent)
	if err != nil {
		return nil, false
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n)}
	power := new(big.Int).SetBytes(e)
	if key.N.BitLen() < minKeyBits || power.BitLen() < 2 || power.BitLen() > 31 {
		return nil, false
	}
	key.E = int(power.Int64())
	return key, true
}

// idClaims is what an id token says.
type idClaims struct {
	jwt.RegisteredClaims
	Email         string `json:"email"`
	EmailVerified truth  `json:"email_verified"`
	Name          string `json:"name"`
	Picture       string `json:"picture"`
}

// truth is a boolean that some providers write as a string.
type truth bool

// UnmarshalJSON reads true, false, "true" and "false".
func (t *truth) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) != nil {
		text = string(data)
	}
	value, err := strconv.ParseBool(text)
	*t = truth(value)
	return err
}

// checkIDToken reads an id token that is signed with one of the keys by RS256, has not
// expired, and comes from one of the issuers.
func (c *Client) checkIDToken(ctx context.Context, keys *keySet, token string, issuers ...string) (*idClaims, error) {
	claims := &idClaims{}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}), jwt.WithExpirationRequired(), jwt.WithTimeFunc(c.options.Now))
	_, err := parser.ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) {
		id, _ := t.Header["kid"].(string)
		return keys.key(ctx, c, id)
	})
	if err != nil {
		return nil, err
	}
	if !slices.Contains(issuers, claims.Issuer) {
		return nil, fmt.Errorf("the token's issuer is %q", claims.Issuer)
	}
	return claims, nil
}

// verifiedEmail is the token's email address if its user has shown it to be its own.
func (c *idClaims) verifiedEmail() string {
	if !c.EmailVerified {
		return ""
	}
	return c.Email
}
