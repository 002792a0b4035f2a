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
