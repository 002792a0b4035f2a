package storage

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/heroiclabs/nakama-common/api"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/db"
	"nkhost/host/db/dbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(dbtest.Main(m)) }

// fixture is a service over a database, with a clock that a test turns.
type fixture struct {
	*Service
	db      *db.DB
	now     time.Time
	reports []string // of indexes
}

// onEach runs a test on a database of each kind.
func onEach(t *testing.T, test func(t *testing.T, f *fixture)) {
	dbtest.Each(t, func(t *testing.T, place dbtest.Place) { test(t, startIn(t, place)) })
}

func start(t testing.TB) *fixture {
	t.Helper()
	return startIn(t, dbtest.File(t))
}

func startIn(t testing.TB, place dbtest.Place) *fixture {
	t.Helper()
	database := place.Open(t)
	f := &fixture{db: database, now: time.Unix(1_800_000_000, 0)}
	var err error
	f.Service, err = NewService(context.Background(), database, Options{
		Now: func() time.Time { return f.now },
		Report: func(_ context.Context, index string, id ID, err error) {
			f.reports = append(f.reports, fmt.Sprintf("%s %s: %v", index, id.Key, err))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// user makes a user and returns the id, which is the same for the same name.
func (f *fixture) user(t testing.TB, name string) string {
	t.Helper()
	return dbtest.NamedUser(t, f.db, name)
}

// fill writes objects whose keys and values are numbered.
func (f *fixture) fill(t testing.TB, collection, owner string, count int) {
	t.Helper()
	f.fillFrom(t, collection, owner, 0, count)
}

func (f *fixture) fillFrom(t testing.TB, collection, owner string, first, count int) {
	t.Helper()
	writes := make([]Write, count)
	for i := range writes {
		n := first + i
		writes[i] = Write{
			ID: ID{collection, strconv.Itoa(n), owner}, Value: fmt.Sprintf(`{"n":%d,"tens":%d,`, n, n/10) + benchValue[1:],
			PermissionRead: 1, PermissionWrite: 1,
		}
	}
	if _, err := f.Write(t.Context(), Server, writes); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) open(t testing.TB, indexes ...Index) {
	t.Helper()
	if err := f.OpenIndexes(t.Context(), indexes); err != nil {
		t.Fatal(err)
	}
}

// at is a write to a key of the collection "c" that all may read and the owner write.
func at(owner, key, value string) Write {
	return Write{ID: ID{"c", key, owner}, Value: value, PermissionRead: ReadEveryone, PermissionWrite: WriteOwner}
}

func (f *fixture) mustWrite(t testing.TB, caller string, writes ...Write) []*api.StorageObjectAck {
	t.Helper()
	acks, err := f.Write(t.Context(), caller, writes)
	if err != nil {
		t.Fatal(err)
	}
	return acks
}

// keys are the keys of a listing with their values, and its cursor.
func keysOf(objects []*api.StorageObject) string {
	var keys []string
	for _, o := range objects {
		keys = append(keys, o.Key+o.Value)
	}
	return strings.Join(keys, " ")
}

func (f *fixture) stored(t testing.TB, collection string) string {
	t.Helper()
	objects, _, err := f.List(t.Context(), Server, ListRequest{Collection: collection, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return keysOf(objects)
}

func wantCode(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Errorf("code %v (%v), want %v", got, err, want)
	}
}

func wantKeys(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
