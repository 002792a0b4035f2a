package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"nkhost/host/db"
	"nkhost/host/db/dbtest"
)

// faultModules write and read objects of 64 KB, by their key; and they fill a database with
// data of several kinds, and say what is missing of it.
const faultModules = `
local nk = require("nakama")
nk.register_rpc(function(_, key)
	nk.storage_write({{collection = "fault", key = key, user_id = nil, value = {text = string.rep("x", 65536)}}})
	return "done"
end, "write")
nk.register_rpc(function(_, key)
	return tostring(#nk.storage_read({{collection = "fault", key = key, user_id = nil}}))
end, "read")

local hard = 'Zoë, "the\\9first\\"\\n\\\\. \\\\N NULL'
nk.leaderboard_create("board", false, "desc", "best", nil, nil, true)
nk.sql_exec("CREATE TABLE IF NOT EXISTS own (name TEXT, amount BIGINT)")

nk.register_rpc(function()
	local alice = nk.authenticate_device("device-of-alice", "alice", true)
	local bob = nk.authenticate_email("bob@example.com", "a long password", "bob", true)
	nk.account_update_id(alice, {text = hard}, nil, hard, "", nil, nil, nil)
	nk.wallet_update(alice, {coin = 5}, {text = hard}, true)
	nk.storage_write({{collection = "c", key = "k", user_id = alice, value = {text = hard}}})
	nk.notification_send(bob, hard, {text = hard}, 1, alice, true)
	nk.friends_add(alice, "alice", {bob})
	nk.group_create(alice, hard, alice, "", hard)
	nk.leaderboard_record_write("board", alice, "alice", 7, 0, {text = hard})
	nk.channel_message_send(nk.channel_id_build("", "room", 1), {text = hard}, alice, "alice", true)
	nk.sql_exec("INSERT INTO own (name, amount) VALUES ($1, $2), ('', NULL)", {hard, 2^40})
	return "filled"
end, "fill")

nk.register_rpc(function()
	local alice = nk.authenticate_device("device-of-alice", "", false)
	local bob = nk.authenticate_email("", "a long password", "bob", false)
	local account = nk.account_get_id(alice)
	local ledger = nk.wallet_ledger_list(alice)
	local told = false
	for _, one in ipairs((nk.notifications_list(bob, 100))) do told = told or one.subject == hard and nk.json_decode(one.content).text == hard end
	local _, records = nk.leaderboard_records_list("board", {alice})
	local rows = nk.sql_query("SELECT name, amount FROM own ORDER BY name")
	for what, is in pairs({
		name = account.user.display_name == hard and account.user.location == "",
		metadata = account.user.metadata.text == hard,
		wallet = account.wallet.coin == 5 and ledger[1].metadata.text == hard,
		object = nk.storage_read({{collection = "c", key = "k", user_id = alice}})[1].value.text == hard,
		notification = told,
		friend = nk.friends_list(alice, 10)[1].user.user_id == bob,
		group = nk.user_groups_list(alice)[1].group.name == hard,
		record = records[1].score == 7 and records[1].rank == 1 and records[1].metadata.text == hard,
		message = nk.json_decode(nk.channel_messages_list(nk.channel_id_build("", "room", 1))[1].content).text == hard,
		table = #rows == 2 and rows[1].name == "" and rows[1].amount == nil and rows[2].name == hard and rows[2].amount == 2^40,
	}) do
		if not is then return what end
	end
	return "nothing"
end, "missing")
`

// faulty is a program whose database is about to fail.
type faulty struct {
	server
	cmd  *exec.Cmd
	args []string
	log  string // the file's name
	keys []string
}

// startFaulty runs the program on a database, under the command that prefix begins.
func startFaulty(t *testing.T, place dbtest.Place, prefix ...string) *faulty {
	t.Helper()
	f := &faulty{log: filepath.Join(t.TempDir(), "log")}
	f.args = []string{"--socket.port=0", "--logger.file", f.log, "--runtime.path", folderWith(t, "main.lua", faultModules)}
	if place.Address != "" {
		f.args = append(f.args, "--database.address", place.Address)
	} else {
		f.args = append(f.args, "--data_dir", place.DataDir)
	}
	f.start(t, prefix...)
	return f
}

func (f *faulty) start(t *testing.T, prefix ...string) {
	t.Helper()
	f.cmd = program(t, f.args...)
	if len(prefix) > 0 {
		path, err := exec.LookPath(prefix[0])
		if err != nil {
			t.Fatal(err)
		}
		f.cmd.Path, f.cmd.Args = path, append(prefix, f.cmd.Args...)
	}
	f.server = server{address: start(t, f.cmd)}
}

func (f *faulty) kill() {
	_ = f.cmd.Process.Kill()
	_ = f.cmd.Wait() // it was killed
	http.DefaultClient.CloseIdleConnections()
}

// write stores an object by an RPC, and remembers it.
func (f *faulty) write() error {
	key := strconv.Itoa(len(f.keys))
	err := answered(f.post("v2/rpc/write?unwrap&http_key=defaulthttpkey", key))
	if err == nil {
		f.keys = append(f.keys, key)
	}
	return err
}

// authenticate makes an account.
func (f *faulty) authenticate() error {
	return answered(f.post("v2/account/authenticate/custom?create=true", fmt.Sprintf(`{"id":"after-%d-objects"}`, len(f.keys))))
}

// answered is an error unless the status is 200.
func answered(status int, text string) error {
	if status != http.StatusOK {
		return fmt.Errorf("%d %s", status, text)
	}
	return nil
}

// fails wants that clients are told of an internal error and no more, and the log what to do.
func (f *faulty) fails(t *testing.T, advice string, attempts ...func() error) {
	t.Helper()
	for _, attempt := range attempts {
		err := attempt()
		if err == nil || !strings.HasPrefix(err.Error(), "500 ") || !strings.Contains(err.Error(), "nternal error, see the host's log") {
			t.Errorf("a client is told %v, want an internal error", err)
			continue
		}
		for _, secret := range []string{advice, "SQL", "database", f.log} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("a client is told %v", err)
			}
		}
	}
	if log, err := os.ReadFile(f.log); err != nil || !strings.Contains(string(log), advice) {
		t.Errorf("the log has no %q: %v\n%s", advice, err, log)
	}
}

// recovered wants that all works again, and that nothing which was stored is lost.
func (f *faulty) recovered(t *testing.T) {
	t.Helper()
	if err := f.write(); err != nil {
		t.Errorf("a write after the fault: %v", err)
	}
	if err := f.authenticate(); err != nil {
		t.Errorf("a new account after the fault: %v", err)
	}
	f.keeps(t)
}

func (f *faulty) keeps(t *testing.T) {
	t.Helper()
	for _, key := range f.keys {
		if got := f.rpc("read", key); got != "1" {
			t.Errorf("there are %q objects of %s, which was stored", got, key)
		}
	}
}

// A host whose file cannot grow, as on a full disk, goes on reading, and writes again once there is room.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	f := startFaulty(t, dbtest.File(t), "prlimit", "--fsize=3000000:unlimited")
	for f.write() == nil {
		if len(f.keys) > 1000 {
			t.Fatal("the file grows beyond its limit")
		}
	}
	f.keeps(t)
	f.fails(t, "check the disk that data_dir is on", f.write)
	out, err := exec.Command("prlimit", "--pid", strconv.Itoa(f.cmd.Process.Pid), "--fsize=unlimited").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	f.recovered(t)
	f.kill()
	f.start(t)
	f.recovered(t)
}

// A host whose file another program holds locked goes on reading, and writes again when it
// is let go.
func TestALockedFile(t *testing.T) {
	t.Parallel()
	place := dbtest.File(t)
	f := startFaulty(t, place)
	if err := f.write(); err != nil {
		t.Fatal(err)
	}
	letGo := errors.New("let go")
	if err := place.Open(t).Tx(t.Context(), func(*db.Tx) error {
		f.keeps(t)
		f.fails(t, "locked by another program", f.write, f.authenticate)
		return letGo
	}); !errors.Is(err, letGo) {
		t.Fatal(err)
	}
	f.recovered(t)
}

// A host whose file is damaged says so, while it runs and when it starts, and a backup makes
// it whole.
func TestADamagedFile(t *testing.T) {
	t.Parallel()
	place := dbtest.File(t)
	file := filepath.Join(place.DataDir, db.FileName)
	f := startFaulty(t, place)
	for range 5 {
		if err := f.write(); err != nil {
			t.Fatal(err)
		}
	}
	backup := filepath.Join(t.TempDir(), "copy.db")
	if _, err := place.Open(t).Exec(t.Context(), "VACUUM INTO $1", backup); err != nil {
		t.Fatal(err)
	}
	f.kill()

	restore := func(change func(text []byte)) {
		t.Helper()
		text, err := os.ReadFile(backup)
		if err != nil {
			t.Fatal(err)
		}
		change(text)
		for _, name := range []string{file, file + "-wal", file + "-shm"} {
			if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const page = 4096
	for name, test := range map[string]struct {
		from, to int
		advice   string
	}{
		"at its start":          {0, 100, "is not a database"},
		"in its list of tables": {page / 2, page, "is damaged"},
	} {
		restore(func(text []byte) {
			for i := test.from; i < test.to; i++ {
				text[i] = 0xa5
			}
		})
		out, err := program(t, f.args...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), test.advice) || strings.Contains(string(out), "goroutine") {
			t.Errorf("a file damaged %s: %v, %s", name, err, out)
		}
	}
	restore(func([]byte) {})
	f.start(t)
	f.recovered(t)
}

// A host whose PostgreSQL server goes away fails what needs it, and goes on by itself when
// the server is back. While there is no server no host starts.
func TestALostServer(t *testing.T) {
	t.Parallel()
	postgres := dbtest.NewServer(t)
	f := startFaulty(t, postgres.Place)
	for range 3 { // each time a little later in a connection's life
		if err := f.write(); err != nil {
			t.Fatal(err)
		}
		postgres.Stop(t)
		f.fails(t, "the host goes on by itself", f.write, f.authenticate)
		postgres.Start(t)
		f.recovered(t)
	}
	postgres.Stop(t)
	out, err := program(t, f.args...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "check that PostgreSQL runs") || strings.Contains(string(out), "goroutine") {
		t.Errorf("a start without a server: %v, %s", err, out)
	}
}
