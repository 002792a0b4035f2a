// Package providers asks those who know users elsewhere (Apple, Facebook, Google, Steam,
// Game Center) whether a client is who it says, and the stores (of Apple, Facebook, Google,
// Huawei and Samsung) whether it has bought what it says. It knows nothing of the host's
// accounts.
package providers

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Kind is one of the providers.
type Kind string

// The kinds of providers.
const (
	Apple               Kind = "apple"
	Facebook            Kind = "facebook"
	FacebookInstantGame Kind = "facebook_instant_game"
	GameCenter          Kind = "gamecenter"
	Google              Kind = "google"
	Steam               Kind = "steam"
)

// Kinds lists all kinds.
func Kinds() []Kind {
	return []Kind{Apple, Facebook, FacebookInstantGame, GameCenter, Google, Steam}
}

// String is the name that errors give the provider.
func (k Kind) String() string {
	switch k {
	case Apple:
		return "Apple"
	case Facebook:
		return "Facebook"
	case FacebookInstantGame:
		return "Facebook Instant Game"
	case GameCenter:
		return "GameCenter"
	case Google:
		return "Google"
	case Steam:
		return "Steam"
	}
	return string(k)
}

// Profile is what a provider says of a user. All but Kind and ID may be empty.
type Profile struct {
	Kind        Kind
	ID          string // at most 128 bytes
	FormerID    string // by which the provider knew the user before
	DisplayName string
	AvatarURL   string
	Email       string // one that the user has shown to be its own
}

// Proof finds out who has shown something of an account with a provider. Its error's code
// is FailedPrecondition when the provider is not configured, InvalidArgument when nothing
// was shown, and Unauthenticated when it does not hold.
type Proof func(ctx context.Context) (Profile, error)

// Config says how the game is known to the providers. Without a setting that it needs, a
// provider is not available.
type Config struct {
	// AppleBundleIDs are those that id tokens and Game Center's signatures may be for.
	// Game Center's are not checked without one.
	AppleBundleIDs []string
	// FacebookAppID is the app that limited login's tokens must be for, if it is set.
	FacebookAppID             string
	FacebookInstantGameSecret string
	SteamPublisherKey         string
	SteamAppID                int
	// GoogleCredentials is the OAuth client's JSON, as Google's console gives it. With it
	// id tokens must be for a client of the same project; without it they may be for any,
	// and codes of Play Games cannot be used.
	GoogleCredentials string

	Stores Stores
}

// Options are what a Client needs.
type Options struct {
	Config
	HTTP *http.Client // asks the providers; it should have a timeout
	// StoreTimeout is how long a store may take to answer, instead of HTTP's timeout.
	StoreTimeout time.Duration
	// AppleRoots are the roots of the certificates that sign transactions; nil is Apple's.
	AppleRoots *x509.CertPool
	Now        func() time.Time
	Log        *slog.Logger
}

// Client asks the providers. It is safe for concurrent use.
type Client struct {
	options      Options
	google       *googleClient // nil if it is not configured
	appleKeys    keySet
	facebookKeys keySet
	googleKeys   keySet

	stores      *http.Client
	appleRoots  *x509.CertPool
	storeTokens accessTokens
}

// New returns a client. It asks nobody yet.
func New(options Options) (*Client, error) {
	c := &Client{
		options:      options,
		appleKeys:    keySet{url: "https://appleid.apple.com/auth/keys"},
		facebookKeys: keySet{url: "https://limited.facebook.com/.well-known/oauth/openid/jwks/"},
		googleKeys:   keySet{url: "https://www.googleapis.com/oauth2/v3/certs"},
	}
	c.stores = withTimeout(options.HTTP, options.StoreTimeout)
	var err error
	if c.appleRoots, err = appleRoots(options.AppleRoots); err != nil {
		return nil, err
	}
	c.google, err = readGoogleCredentials(options.GoogleCredentials)
	return c, err
}

// maxID is how long the ids of users may be, in bytes.
const maxID = 128

// proof asks verify for a profile of the given kind. What keeps a profile from being
// authenticated is for the log; the client learns that it is so.
func (c *Client) proof(kind Kind, verify func(ctx context.Context) (Profile, error)) Proof {
	return func(ctx context.Context) (Profile, error) {
		profile, err := verify(ctx)
		switch {
		case err == nil && profile.ID == "":
			err = errors.New("the provider names no user")
		case err == nil && len(profile.ID) > maxID:
			err = errors.New("the user's id is too long")
		case err == nil:
			profile.Kind = kind
			return profile, nil
		}
		return Profile{}, c.unauthenticated(ctx, kind, "a profile could not be authenticated", err)
	}
}

// refused is a proof that fails without asking.
func refused(code codes.Code, text string) Proof {
	return func(context.Context) (Profile, error) { return Profile{}, status.Error(code, text) }
}

func notConfigured(kind Kind) Proof {
	return refused(codes.FailedPrecondition, kind.String()+" authentication is not configured.")
}
