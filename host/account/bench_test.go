package account

import (
	"strconv"
	"testing"
	"time"

	"nkhost/host/db"
)

func BenchmarkNewDevice(b *testing.B) {
	database, err := db.Open(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = database.Close() }()
	service, err := NewService(b.Context(), database, Options{Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, _, err := service.AuthenticateDevice(b.Context(), "device-number-"+strconv.Itoa(i), "", true); err != nil {
			b.Fatal(err)
		}
	}
}

// A page of friends is this.
func BenchmarkUsers(b *testing.B) {
	database, err := db.Open(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = database.Close() }()
	service, err := NewService(b.Context(), database, Options{Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	ids := make([]string, 100)
	for i := range ids {
		user, _, err := service.AuthenticateDevice(b.Context(), "device-number-"+strconv.Itoa(i), "", true)
		if err != nil {
			b.Fatal(err)
		}
		ids[i] = user.ID
	}
	b.ReportAllocs()
	for b.Loop() {
		if users, err := service.Users(b.Context(), ids, nil, nil); err != nil || len(users) != len(ids) {
			b.Fatal(len(users), err)
		}
	}
}
