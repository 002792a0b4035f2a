package account

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

// linkable are the identities that behave alike, each on ids of its form.
var linkable = map[string]struct {
	link, unlink func(f *fixture, ctx context.Context, userID, id string) error
	authenticate func(f *fixture, ctx context.Context, id string) (User, error)
}{
	"custom": {
		link:   func(f *fixture, ctx context.Context, userID, id string) error { return f.LinkCustom(ctx, userID, id) },
		unlink: func(f *fixture, ctx context.Context, userID, id string) error { return f.UnlinkCustom(ctx, userID, id) },
		authenticate: func(f *fixture, ctx context.Context, id string) (User, error) {
			user, _, err := f.AuthenticateCustom(ctx, id, "", false)
			return user, err
		},
	},
	"device": {
		link:   func(f *fixture, ctx context.Context, userID, id string) error { return f.LinkDevice(ctx, userID, id) },
		unlink: func(f *fixture, ctx context.Context, userID, id string) error { return f.UnlinkDevice(ctx, userID, id) },
		authenticate: func(f *fixture, ctx context.Context, id string) (User, error) {
			user, _, err := f.AuthenticateDevice(ctx, id, "", false)
			return user, err
		},
	},
	"email": {
		link: func(f *fixture, ctx context.Context, userID, id string) error {
			return f.LinkEmail(ctx, userID, strings.ToUpper(id)+"@example.com", "correct horse")
		},
		unlink: func(f *fixture, ctx context.Context, userID, id string) error {
			return f.UnlinkEmail(ctx, userID, id+"@Example.com")
		},
		authenticate: func(f *fixture, ctx context.Context, id string) (User, error) {
			user, _, err := f.AuthenticateEmail(ctx, id+"@example.com", "correct horse", "", false)
			return user, err
		},
	},
}

// Story: two users want the same identity. The first to link it has it, logs in by it,
// and gives it back; then the second gets it.
func TestLinkAndUnlink(t *testing.T) {
	t.Parallel()
	for name, identity := range linkable {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, ctx := start(t), t.Context()
			alice, bob := f.mustDevice(t, "device-of-alice", "alice"), f.mustDevice(t, "device-of-bob", "bob")
			f.now = f.now.Add(time.Hour)
			for range 2 {
				wantCode(t, identity.link(f, ctx, alice.ID, "identity-1"), codes.OK)
			}
			if got := f.mustGet(t, alice.ID).User.UpdateTime.AsTime(); !got.Equal(f.now) {
				t.Errorf("update time %v after linking, want %v", got, f.now)
			}
			wantCode(t, identity.link(f, ctx, bob.ID, "identity-1"), codes.AlreadyExists)
			if user, err := identity.authenticate(f, ctx, "identity-1"); err != nil || user != alice {
				t.Errorf("by the linked identity: %+v, %v", user, err)
			}
			wantCode(t, identity.unlink(f, ctx, bob.ID, "identity-1"), codes.PermissionDenied)
			wantCode(t, identity.unlink(f, ctx, alice.ID, "identity-2"), codes.PermissionDenied)
			wantCode(t, identity.unlink(f, ctx, alice.ID, "identity-1"), codes.OK)
			if _, err := identity.authenticate(f, ctx, "identity-1"); err == nil {
				t.Error("logged in by an identity that was unlinked")
			}
			wantCode(t, identity.link(f, ctx, bob.ID, "identity-1"), codes.OK)
			if err := identity.link(f, ctx, absentUser, "identity-3"); err == nil {
				t.Error("an absent user was linked")
			}
			if _, err := identity.authenticate(f, ctx, "identity-3"); err == nil {
				t.Error("the identity of an absent user logs in")
			}
		})
	}
}

func TestTheLastIdentityStays(t *testing.T) {
	t.Parallel()
	for name, identity := range linkable {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, ctx := start(t), t.Context()
			user, _, err := identities[name](f, ctx, "identity-1", "alice", true)
			if err != nil {
				t.Fatal(err)
			}
			wantCode(t, identity.unlink(f, ctx, user.ID, "identity-1"), codes.PermissionDenied)
			if _, err := identity.authenticate(f, ctx, "identity-1"); err != nil {
				t.Errorf("after the refused unlinking: %v", err)
			}
		})
	}
}

func TestUnlinkWithoutNamingIt(t *testing.T) {
	t.Parallel()
	f, ctx := start(t), t.Context()
	alice := f.mustDevice(t, "device-of-alice", "alice")
	wantCode(t, f.LinkCustom(ctx, alice.ID, "custom-1"), codes.OK)
	wantCode(t, f.LinkEmail(ctx, alice.ID, "alice@example.com", "correct horse"), codes.OK)
	for range 2 { // the second time there is nothing to take away, and that is no error
		wantCode(t, f.UnlinkCustom(ctx, alice.ID, ""), codes.OK)
		wantCode(t, f.UnlinkEmail(ctx, alice.ID, ""), codes.OK)
	}
	wantCode(t, f.UnlinkDevice(ctx, alice.ID, ""), codes.InvalidArgument)
	if a := f.mustGet(t, alice.ID); a.CustomId != "" || a.Email != "" {
		t.Errorf("left: %q, %q", a.CustomId, a.Email)
	}
	_, _, err := f.AuthenticateEmail(ctx, "", "correct horse", "alice", false)
	wantCode(t, err, codes.Unauthenticated) // the password went with the address
}

func TestLinksOutOfForm(t *testing.T) {
	t.Parallel()
	f, ctx := start(t), t.Context()
	alice := f.mustDevice(t, "device-of-alice", "alice")
	for name, test := range map[string]struct {
		err  error
		want codes.Code
	}{
		"no custom id":            {f.LinkCustom(ctx, alice.ID, ""), codes.InvalidArgument},
		"custom id of 5":          {f.LinkCustom(ctx, alice.ID, repeat(5)), codes.InvalidArgument},
		"custom id with a space":  {f.LinkCustom(ctx, alice.ID, "custom 1"), codes.InvalidArgument},
		"no device":               {f.LinkDevice(ctx, alice.ID, ""), codes.InvalidArgument},
		"device of 9":             {f.LinkDevice(ctx, alice.ID, repeat(9)), codes.InvalidArgument},
		"device of 129":           {f.LinkDevice(ctx, alice.ID, repeat(129)), codes.InvalidArgument},
		"no email":                {f.LinkEmail(ctx, alice.ID, "", "correct horse"), codes.InvalidArgument},
		"no password":             {f.LinkEmail(ctx, alice.ID, "alice@example.com", ""), codes.InvalidArgument},
		"email that is no":        {f.LinkEmail(ctx, alice.ID, "alice", "correct horse"), codes.InvalidArgument},
		"password of 7":           {f.LinkEmail(ctx, alice.ID, "alice@example.com", repeat(7)), codes.InvalidArgument},
		"password of 73":          {f.LinkEmail(ctx, alice.ID, "alice@example.com", repeat(73)), codes.Internal},
		"device of absent user":   {f.LinkDevice(ctx, absentUser, "device-of-nobody"), codes.NotFound},
		"unlink of absent user":   {f.UnlinkCustom(ctx, absentUser, ""), codes.PermissionDenied},
		"unlink of absent device": {f.UnlinkDevice(ctx, absentUser, "device-of-nobody"), codes.PermissionDenied},
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, test.err, test.want) })
	}
	if a := f.mustGet(t, alice.ID); a.CustomId != "" || a.Email != "" || len(a.Devices) != 1 {
		t.Errorf("linked nevertheless: %v", a)
	}
}
