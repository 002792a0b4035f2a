package providers

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
)

// Apple is who has an id token of Sign in with Apple.
func (c *Client) Apple(token string) Proof {
	switch {
	case len(c.options.AppleBundleIDs) == 0:
		return notConfigured(Apple)
	case token == "":
		return refused(codes.InvalidArgument, "Apple ID token is required.")
	}
	return c.proof(Apple, func(ctx context.Context) (Profile, error) {
		claims, err := c.checkIDToken(ctx, &c.appleKeys, token, "https://appleid.apple.com")
		if err != nil {
			return Profile{}, err
		}
		if !slices.ContainsFunc(claims.Audience, c.isBundle) {
			return Profile{}, fmt.Errorf("the token is for %q, which social.apple.bundle_id does not name", claims.Audience)
		}
		return Profile{ID: claims.Subject, Email: claims.verifiedEmail()}, nil
	})
}

func (c *Client) isBundle(id string) bool { return slices.Contains(c.options.AppleBundleIDs, id) }

// GameCenterSignature is what Game Center gives a client of itself.
type GameCenterSignature struct {
	PlayerID     string
	BundleID     string
	Timestamp    int64
	Salt         string // base64
	Signature    string // base64
	PublicKeyURL string
}

// IsComplete says whether nothing is missing.
func (s GameCenterSignature) IsComplete() bool { return s.missing() == "" }

func (s GameCenterSignature) missing() string {
	switch {
	case s.BundleID == "":
		return "bundle ID"
	case s.PlayerID == "":
		return "player ID"
	case s.PublicKeyURL == "":
		return "public key URL"
	case s.Salt == "":
		return "salt"
	case s.Signature == "":
		return "signature"
	case s.Timestamp == 0:
		return "timestamp"
	}
	return ""
}

// GameCenter is the player that a signature names.
func (c *Client) GameCenter(s GameCenterSignature) Proof {
	if missing := s.missing(); missing != "" {
		return refused(codes.InvalidArgument, "GameCenter "+missing+" is required.")
	}
	return c.proof(GameCenter, func(ctx context.Context) (Profile, error) {
		if len(c.options.AppleBundleIDs) > 0 && !c.isBundle(s.BundleID) {
			return Profile{}, fmt.Errorf("the signature is for %q, which social.apple.bundle_id does not name", s.BundleID)
		}
		certificate, err := c.gameCenterCertificate(ctx, s.PublicKeyURL)
		if err != nil {
			return Profile{}, err
		}
		signed, signature, err := s.signed()
		if err != nil {
			return Profile{}, err
		}
		if err := certificate.CheckSignature(x509.SHA256WithRSA, signed, signature); err != nil {
			return Profile{}, fmt.Errorf("check the signature: %w", err)
		}
		return Profile{ID: s.PlayerID}, nil
	})
}

// signed is what Apple signs: player, bundle, the time as 8 bytes, and the salt.
func (s GameCenterSignature) signed() (text, signature []byte, err error) {
	salt, err := base64.StdEncoding.DecodeString(s.Salt)
	if err != nil {
		return nil, nil, fmt.Errorf("read the salt: %w", err)
	}
	if signature, err = base64.StdEncoding.DecodeString(s.Signature); err != nil {
		return nil, nil, fmt.Errorf("read the signature: %w", err)
	}
	text = append([]byte(s.PlayerID), s.BundleID...)
	text = binary.BigEndian.AppendUint64(text, uint64(s.Timestamp))
	return append(text, salt...), signature, nil
}

// gameCenterCertificate fetches the certificate that a client names. That Apple serves it
// is what makes it Apple's, so that no other host may, nor may Apple send us on to one.
func (c *Client) gameCenterCertificate(ctx context.Context, address string) (*x509.Certificate, error) {
	if err := checkAppleURL(address); err != nil {
		return nil, err
	}
	client := *c.options.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return errors.New("it sends on to another address") }
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	body, err := ask(&client, request)
	if err != nil {
		return nil, err
	}
	if block, _ := pem.Decode(body); block != nil {
		body = block.Bytes
	}
	certificate, err := x509.ParseCertificate(body)
	if err != nil {
		return nil, fmt.Errorf("read Game Center's certificate: %w", err)
	}
	if now := c.options.Now(); now.Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
		return nil, errors.New("game Center's certificate has expired or does not hold yet")
	}
	return certificate, nil
}

func checkAppleURL(address string) error {
	parsed, err := url.Parse(address)
	switch {
	case err != nil:
		return errors.New("the public key's URL is none")
	case parsed.Scheme != "https" || parsed.User != nil || parsed.Port() != "":
		return errors.New("the public key's URL must be https, without user and port")
	case !strings.HasSuffix(parsed.Hostname(), ".apple.com"):
		return fmt.Errorf("the public key's URL is at %q, not at Apple", parsed.Hostname())
	}
	return nil
}
