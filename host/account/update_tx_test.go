package account

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"nkhost/host/db"
)

// What Update does to alice, UpdateTx does to bob.
func TestUpdateTxIsUpdate(t *testing.T) {
	t.Parallel()
	f := start(t)
	alice, bob := f.mustDevice(t, "device-of-alice", "alice"), f.mustDevice(t, "device-of-bob", "bob")
	text := func(text string) *string { return &text }
	inTx := func(userID string, update Update) error {
		return f.db.Tx(t.Context(), func(tx *db.Tx) error { return f.UpdateTx(t.Context(), tx, userID, update) })
	}
	for name, update := range map[string]Update{
		"everything": {
			DisplayName: text("name"), AvatarURL: text("a.png"), LangTag: text("fr"), Location: text("Paris"),
			Timezone: text("CET"), Metadata: text(`{"a":1}`),
		},
		"nothing":         {},
		"clear":           {DisplayName: text(""), AvatarURL: text(""), Location: text(""), Timezone: text("")},
		"the same":        {LangTag: text("fr")},
		"some":            {DisplayName: text("another"), Metadata: text("{}")},
		"a bad name":      {Username: text("[]")},
		"a taken name":    {Username: text("taken")},
		"no language":     {LangTag: text("")},
		"metadata a list": {Metadata: text("[]")},
	} {
		f.mustDevice(t, "device-of-another", "taken")
		f.now = f.now.Add(time.Second)
		one, other := f.Update(t.Context(), alice.ID, update), inTx(bob.ID, update)
		wantCode(t, other, status.Code(one))
		a, b := f.mustGet(t, alice.ID), f.mustGet(t, bob.ID)
		b.User.Id, b.User.Username, b.Devices = a.User.Id, a.User.Username, a.Devices
		b.User.CreateTime = a.User.CreateTime
		if !proto.Equal(a, b) {
			t.Errorf("%s: %v, in a transaction %v", name, a, b)
		}
	}
	if err := inTx(bob.ID, Update{Username: text("robert")}); err != nil || f.mustGet(t, bob.ID).User.Username != "robert" {
		t.Errorf("a new name: %v, %v", f.mustGet(t, bob.ID).User, err)
	}
	undone := errors.New("undone")
	err := f.db.Tx(context.Background(), func(tx *db.Tx) error {
		return errors.Join(f.UpdateTx(t.Context(), tx, bob.ID, Update{Username: text("bobby")}), undone)
	})
	if !errors.Is(err, undone) || f.mustGet(t, bob.ID).User.Username != "robert" {
		t.Errorf("after an update that was undone: %v, %v", f.mustGet(t, bob.ID).User, err)
	}
}
