package account

import (
	"context"
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/providers"
)

// proves is a proof of a profile.
func proves(profile providers.Profile) providers.Proof {
	return func(context.Context) (providers.Profile, error) { return profile, nil }
}

func eachProvider(t *testing.T, test func(t *testing.T, f *fixture, kind providers.Kind)) {
	t.Parallel()
	for _, kind := range providers.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			test(t, start(t), kind)
		})
	}
}

// Story: a user comes by a provider, comes again, links a device, and leaves the provider.
func TestProviders(t *testing.T) {
	eachProvider(t, func(t *testing.T, f *fixture, kind providers.Kind) {
		ctx, proof := t.Context(), proves(providers.Profile{Kind: kind, ID: "user-1"})
		_, _, err := f.AuthenticateWith(ctx, proof, "", false)
		wantCode(t, err, codes.NotFound)
		alice, created, err := f.AuthenticateWith(ctx, proof, "alice", true)
		if err != nil || !created || alice.Username != "alice" {
			t.Fatalf("first: %+v, created %t, %v", alice, created, err)
		}
		again, created, err := f.AuthenticateWith(ctx, proof, "other", true)
		if err != nil || created || again != alice {
			t.Errorf("again: %+v, created %t, %v", again, created, err)
		}
		_, _, err = f.AuthenticateWith(ctx, proves(providers.Profile{Kind: kind, ID: "user-2"}), "alice", true)
		wantCode(t, err, codes.AlreadyExists)

		bob := f.mustDevice(t, "device-of-bob", "bob")
		wantCode(t, f.LinkWith(ctx, bob.ID, proof), codes.AlreadyExists)
		wantCode(t, f.UnlinkFrom(ctx, bob.ID, kind, proof), codes.PermissionDenied)
		wantCode(t, f.UnlinkFrom(ctx, alice.ID, kind, proof), codes.PermissionDenied) // the last one
		wantCode(t, f.LinkDevice(ctx, alice.ID, "device-of-alice"), codes.OK)
		wantCode(t, f.UnlinkFrom(ctx, alice.ID, kind, proves(providers.Profile{Kind: kind, ID: "user-2"})), codes.PermissionDenied)
		wantCode(t, f.UnlinkFrom(ctx, alice.ID, kind, proof), codes.OK)
		wantCode(t, f.LinkWith(ctx, bob.ID, proof), codes.OK)
		if user, _, err := f.AuthenticateWith(ctx, proof, "", false); err != nil || user != bob {
			t.Errorf("after bob linked it: %+v, %v", user, err)
		}
		wantCode(t, f.UnlinkFrom(ctx, bob.ID, kind, nil), codes.OK)

		f.ban(t, alice)
		wantCode(t, f.LinkWith(ctx, alice.ID, proof), codes.OK)
		_, _, err = f.AuthenticateWith(ctx, proof, "", true)
		wantCode(t, err, codes.PermissionDenied)
	})
}

func TestAProofThatDoesNotHold(t *testing.T) {
	eachProvider(t, func(t *testing.T, f *fixture, kind providers.Kind) {
		ctx, alice := t.Context(), f.mustDevice(t, "device-of-alice", "alice")
		proof := func(context.Context) (providers.Profile, error) {
			return providers.Profile{Kind: kind, ID: "user-1"}, status.Error(codes.Unauthenticated, "no")
		}
		_, _, err := f.AuthenticateWith(ctx, proof, "", true)
		wantCode(t, err, codes.Unauthenticated)
		wantCode(t, f.LinkWith(ctx, alice.ID, proof), codes.Unauthenticated)
		wantCode(t, f.UnlinkFrom(ctx, alice.ID, kind, proof), codes.Unauthenticated)
		_, _, err = f.AuthenticateWith(ctx, func(context.Context) (providers.Profile, error) {
			return providers.Profile{}, errors.New("must not be asked")
		}, "a\nb", true)
		wantCode(t, err, codes.InvalidArgument)
	})
}

// A user takes over what it has not, and keeps what it has.
func TestWhatIsTakenOverFromAProvider(t *testing.T) {
	t.Parallel()
	f, ctx := start(t), t.Context()
	profile := providers.Profile{Kind: providers.Google, ID: "user-1", DisplayName: "User", AvatarURL: "p.png", Email: "User@Example.com"}
	alice, _, err := f.AuthenticateWith(ctx, proves(profile), "alice", true)
	if err != nil {
		t.Fatal(err)
	}
	want := func(user User, name, avatar, email string) {
		t.Helper()
		if a := f.mustGet(t, user.ID); a.User.DisplayName != name || a.User.AvatarUrl != avatar || a.Email != email {
			t.Errorf("%s is called %q, looks like %q, writes as %q; want %q, %q, %q",
				user.Username, a.User.DisplayName, a.User.AvatarUrl, a.Email, name, avatar, email)
		}
	}
	want(alice, "User", "p.png", "user@example.com")

	bob := f.mustDevice(t, "device-of-bob", "bob")
	wantCode(t, f.Update(ctx, bob.ID, Update{DisplayName: ptr("Bob")}), codes.OK)
	profile.Kind = providers.Facebook
	wantCode(t, f.LinkWith(ctx, bob.ID, proves(profile)), codes.OK)
	want(bob, "Bob", "p.png", "") // the address is alice's

	carol := f.mustDevice(t, "device-of-carol", "carol")
	wantCode(t, f.LinkEmail(ctx, carol.ID, "carol@example.com", "correct horse"), codes.OK)
	wantCode(t, f.LinkWith(ctx, carol.ID, proves(providers.Profile{
		Kind: providers.Apple, ID: "user-3", Email: "hidden@example.com", DisplayName: strings.Repeat("x", 256), AvatarURL: strings.Repeat("x", 513),
	})), codes.OK)
	want(carol, "", "", "carol@example.com")

	dave, _, err := f.AuthenticateWith(ctx, proves(providers.Profile{Kind: providers.Steam, ID: "user-4", Email: "no address"}), "dave", true)
	if err != nil {
		t.Fatal(err)
	}
	want(dave, "", "", "")
}

// Story: a player was known to Google by another id, and is found under the new one.
func TestAPlayerThatGoogleRenamed(t *testing.T) {
	t.Parallel()
	f, ctx := start(t), t.Context()
	alice, _, err := f.AuthenticateWith(ctx, proves(providers.Profile{Kind: providers.Google, ID: "old"}), "alice", true)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		user, created, err := f.AuthenticateWith(ctx, proves(providers.Profile{Kind: providers.Google, ID: "new", FormerID: "old"}), "", true)
		if err != nil || created || user != alice {
			t.Errorf("%+v, created %t, %v", user, created, err)
		}
	}
	_, _, err = f.AuthenticateWith(ctx, proves(providers.Profile{Kind: providers.Google, ID: "old"}), "", false)
	wantCode(t, err, codes.NotFound)
}
