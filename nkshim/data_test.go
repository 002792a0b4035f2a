package nkshim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/chat"
	"nkhost/host/db"
	"nkhost/host/notification"
	"nkhost/host/storage"
	"nkhost/host/wallet"
)

const dataAlice, dataBob = "a11ce000-0000-4000-8000-000000000001", "b0b00000-0000-4000-8000-000000000002"

// data is what keeps storage objects, wallets and notifications, over a database of
// its own in which there are alice and bob.
type data struct {
	storage *storage.Service
	updates []MultiUpdate

	mu   sync.Mutex
	sent []string // user and subjects
}

func withData(t *testing.T) (*data, func(*Deps)) {
	t.Helper()
	database, err := db.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = database.Close() })
	for id, name := range map[string]string{dataAlice: "alice", dataBob: "bob"} {
		if _, err := database.Exec(t.Context(), "INSERT INTO users (id, username, create_time, update_time) VALUES ($1, $2, 0, 0)", id, name); err != nil {
			t.Fatal(err)
		}
	}
	d := &data{}
	return d, func(deps *Deps) {
		ordered := func() string { return uuid.Must(uuid.NewV7()).String() }
		var errs [4]error
		d.storage, errs[0] = storage.NewService(t.Context(), database, storage.Options{
			Now: deps.Now, Report: func(context.Context, string, storage.ID, error) {},
		})
		wallets, err := wallet.NewService(t.Context(), database, wallet.Options{Now: deps.Now, NewID: ordered})
		errs[1] = err
		notifications, err := notification.NewService(t.Context(), database, notification.Options{
			Now: deps.Now, NewID: ordered, Deliver: d.deliver,
			DeliverAll: func(list []*api.Notification) { d.deliver("all", list) },
		})
		errs[2] = err
		channels, err := chat.NewService(t.Context(), database, chat.Options{Now: deps.Now, NewID: ordered, Relations: nobody{}, Deliver: d.said})
		errs[3] = err
		if err := errors.Join(errs[:]...); err != nil {
			t.Fatal(err)
		}
		deps.Storage, deps.Wallets, deps.Notifications, deps.MultiUpdater = d.storage, wallets, notifications, d
		deps.Channels = channels
	}
}

func (d *data) deliver(userID string, list []*api.Notification) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, n := range list {
		d.sent = append(d.sent, fmt.Sprintf("%s: %s %s %d from %s", userID, n.Subject, n.Content, n.Code, n.SenderId))
	}
}

func (d *data) said(channel chat.Channel, m *api.ChannelMessage) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sent = append(d.sent, fmt.Sprintf("%s: %d %s from %s", channel.ID(), m.Code.GetValue(), m.Content, m.SenderId))
}

// nobody blocks anyone or is in a group.
type nobody struct{}

func (nobody) Blocks(context.Context, string, string) (bool, error)  { return false, nil }
func (nobody) InGroup(context.Context, string, string) (bool, error) { return false, nil }

func (d *data) MultiUpdate(_ context.Context, update MultiUpdate) ([]*api.StorageObjectAck, []wallet.Result, error) {
	d.updates = append(d.updates, update)
	if update.Ledger {
		return nil, nil, status.Error(codes.FailedPrecondition, "refused")
	}
	return []*api.StorageObjectAck{{Collection: "c", Key: "k", UserId: dataAlice, Version: "v"}}, nil, nil
}

func TestDataFunctions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, body, want string }{
		{"write and read", `
			local acks = nk.storage_write({{collection = "c", key = "k", user_id = alice, value = {n = 1, list = {}}}, {collection = "c", key = "k", value = {1}}})
			local read = nk.storage_read({{collection = "c", key = "k", user_id = alice:upper()}, {collection = "c", key = "k"}, {collection = "c", key = "none"}})
			return #acks .. acks[1].user_id .. " " .. nk.json_encode(read)`,
			`2` + dataAlice + ` [{"collection":"c","create_time":1709209815,"key":"k","permission_read":1,"permission_write":1,"update_time":1709209815,"user_id":"` + dataAlice + `","value":{"list":{},"n":1},"version":"2af3b3c59ac188aa4038c68c5b6fddd7"},` +
				`{"collection":"c","create_time":1709209815,"key":"k","permission_read":1,"permission_write":1,"update_time":1709209815,"user_id":"00000000-0000-0000-0000-000000000000","value":{},"version":"37a6259cc0c1dae299a7866489dff0bd"}]`},
		{"list", `
			for i = 1, 3 do nk.storage_write({{collection = "c", key = "k" .. i, user_id = alice, value = {}}}) end
			local page, cursor = nk.storage_list(alice, "c", 2)
			local rest, none = nk.storage_list(alice, "c", 2, cursor)
			return #page .. rest[1].key .. tostring(none) .. #nk.storage_list(nil, "c", 100, nil, bob) .. #nk.storage_list("", "c", 0)`, `2k3nil00`},
		{"delete", `
			nk.storage_write({{collection = "c", key = "k", value = {}, version = "*"}})
			nk.storage_delete({{collection = "c", key = "k"}, {collection = "c", key = "none"}})
			return #nk.storage_list(nil, "c", 10) .. #nk.storage_write({}) .. #nk.storage_read({}) .. select("#", nk.storage_delete({}))`, `0000`},
		{"retry", `
			local tries = 0
			local function update(objects)
				tries = tries + 1
				return {{collection = "c", key = "k", value = {n = tries, had = #objects}, version = tries == 1 and "stale" or "*"}}
			end
			local acks = nk.storage_write_retry({{collection = "c", key = "k"}}, update, 1)
			return tries .. acks[1].key .. nk.json_encode(nk.storage_read({{collection = "c", key = "k"}})[1].value)`, `2k{"had":0,"n":2}`},
		{"retry in vain", `
			local tries = 0
			local ok, err = pcall(nk.storage_write_retry, {{collection = "c", key = "k"}}, function()
				tries = tries + 1
				return {{collection = "c", key = "k", value = {}, version = "stale"}}
			end, 2)
			return tries .. tostring(ok) .. err`, `3false`},
		{"wallets", `
			local now, before = nk.wallet_update(alice, {gold = 5}, {why = "gift"}, true)
			local all = nk.wallets_update({{user_id = bob, changeset = {gold = 1}}, {user_id = alice, changeset = {gold = -5}}}, true)
			local items, cursor = nk.wallet_ledger_list(alice, 1)
			local older = nk.wallet_ledger_list(alice, 1, cursor)[1]
			local noted = nk.wallet_ledger_update(older.id, {note = 1})
			return nk.json_encode({now, before, all, items[1].changeset, older.metadata, noted.metadata, nk.wallet_ledger_list(alice)[2].metadata})`,
			`[{"gold":5},{},[{"previous":{},"updated":{"gold":1},"user_id":"` + dataBob + `"},{"previous":{"gold":5},"updated":{"gold":0},"user_id":"` + dataAlice + `"}],` +
				`{"gold":-5},{"why":"gift"},{"note":1},{"note":1,"why":"gift"}]`},
		{"channels", `
			local room = nk.channel_id_build("", "r", 1)
			local ack = nk.channel_message_send(room, {n = 1}, alice, "alice", true)
			nk.channel_message_send(room, {n = 2}, nil, nil, true)
			nk.channel_message_send(room, {n = 3})
			nk.channel_message_update(room, ack.messageId, {n = 4}, alice, "al", true)
			local page, cursor, before = nk.channel_messages_list(room, 1)
			local rest, none, back = nk.channel_messages_list(room, 1, true, cursor)
			local removed = nk.channel_message_remove(room, rest[1].messageId, "", "", true)
			page[1].messageId, removed.messageId = nil, nil
			return nk.json_encode({page[1], rest[1].content, rest[1].senderId, tostring(before), type(cursor), tostring(none), type(back), removed,
				#nk.channel_messages_list(room, 100, false), nk.channel_id_build(bob, alice, 2)})`,
			`[{"channelId":"2...r","code":0,"content":"{\"n\":4}","createTime":1709209815,"groupId":"","persistent":true,"roomName":"r","senderId":"` + dataAlice + `","updateTime":1709209815,"userIdOne":"","userIdTwo":"","username":"al"},` +
				`"{\"n\":2}","00000000-0000-0000-0000-000000000000","nil","string","nil","string",` +
				`{"channelId":"2...r","code":2,"createTime":1709209815,"persistent":true,"updateTime":1709209815,"username":""},1,"4.` + dataAlice + "." + dataBob + `."]`},
		{"notifications", `
			nk.notification_send(alice, "one", {a = 1}, 5, bob, true)
			nk.notifications_send({{user_id = alice, subject = "two", content = {}, code = 6, persistent = true}, {user_id = bob, subject = "three", content = {1}, code = 7}})
			nk.notification_send_all("four", {}, 8)
			local list, cursor = nk.notifications_list(alice, 1)
			local rest, none = nk.notifications_list(alice, 1, cursor)
			nk.notifications_update({{id = list[1].id, subject = "changed", content = {b = 2}}})
			local one = nk.notifications_get_id({list[1].id}, alice)[1]
			nk.notifications_delete({{user_id = alice, notification_id = list[1].id}})
			nk.notifications_delete_id({rest[1].id})
			return nk.json_encode({list[1].subject, list[1].content, list[1].senderId, rest[1].subject, rest[1].senderId, tostring(none),
				one.subject, one.content, one.sender_id, #nk.notifications_list(alice)})`,
			`["one","{\"a\":1}","` + dataBob + `","two","","nil","changed",{"b":2},"` + dataBob + `",0]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d, change := withData(t)
			got, err := evaluate(t, `local alice, bob = "`+dataAlice+`", "`+dataBob+"\"\n"+test.body, change)
			if err != nil {
				t.Fatal(message(err))
			}
			if !strings.HasPrefix(got, test.want) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if test.name == "notifications" {
				wantSent(t, d)
			}
		})
	}
}

func wantSent(t *testing.T, d *data) {
	t.Helper()
	want := []string{
		dataAlice + `: one {"a":1} 5 from ` + dataBob, dataAlice + `: two {} 6 from ` + notification.System,
		dataBob + `: three null 7 from ` + notification.System, `all: four {} 8 from ` + notification.System,
	}
	if strings.Join(d.sent, "\n") != strings.Join(want, "\n") {
		t.Errorf("sent\n%s\nwant\n%s", strings.Join(d.sent, "\n"), strings.Join(want, "\n"))
	}
}

func TestDataArguments(t *testing.T) {
	t.Parallel()
	_, change := withData(t)
	r := open(t, files{"main.lua": `
		local nk = require("nakama")
		nk.register_rpc(function(_, payload) return assert(loadstring("local nk, id = ...\nreturn tostring(" .. payload .. ")"))(nk, "` + dataAlice + `") end, "test")`}, change)
	for call, want := range map[string]string{
		`nk.storage_read()`:                                                                              `nakama.storage_read: argument 1 (object ids) must be a table, got nothing`,
		`nk.storage_read({"x"})`:                                                                         `argument 1 (object ids) must hold tables only, but holds a string`,
		`nk.storage_read({{}, {collection = "c"}})`:                                                      `argument 1 (object ids): item 1: collection must be a string that is not empty, got nil`,
		`nk.storage_read({{collection = "c", key = 5}})`:                                                 `item 1: key must be a string that is not empty, got a number`,
		`nk.storage_write({{collection = "c", key = "k"}})`:                                              `argument 1 (objects): item 1: value must be a table, got nil`,
		`nk.storage_list(id, "c")`:                                                                       `argument 3 (limit) must be a number, got nothing`,
		`nk.storage_list(id, "c", -1)`:                                                                   `argument 3 (limit) must be a number that is not negative`,
		`nk.storage_list("x", "c", 1)`:                                                                   `argument 1 (user id) must be a UUID, nil or empty, got a string`,
		`nk.storage_list(id, "c", 1, "x")`:                                                               `Malformed cursor was used.`,
		`nk.storage_delete({{collection = "c", key = "k", user_id = "x"}})`:                              `argument 1 (object ids): item 1: user_id must be a UUID`,
		`nk.storage_write({{collection = "c", key = "k", value = {}, version = ""}})`:                    `version must be a string that is not empty, got an empty string`,
		`nk.storage_write({{collection = "c", key = "k", value = {}, permission_read = "1"}})`:           `permission_read must be a number of 32 bits, got a string`,
		`nk.storage_write({{collection = "c", key = "k", value = {}, permission_write = -1}})`:           `Invalid Write permission`,
		`nk.storage_write({{collection = "c", key = "k", value = {n = 0/0}}})`:                           `value: encoding JSON: `,
		`nk.storage_write({{collection = "c", key = "k", value = {}, version = "stale"}})`:               `version check failed`,
		`nk.storage_write_retry({}, 5, 1)`:                                                               `argument 2 (update function) must be a function`,
		`nk.storage_write_retry({}, print, 11)`:                                                          `argument 3 (maximum of retries) must be a number from 0 to 10`,
		`nk.storage_write_retry({{collection = "c", key = "k"}}, function() end, 0)`:                     `the update function must return a table, got nil`,
		`nk.storage_write_retry({{collection = "c", key = "k"}}, function() return {{}} end, 0)`:         `what the update function returned: item 1: collection must be`,
		`nk.storage_write_retry({{collection = "c", key = "k"}}, function() error("mine") end, 0)`:       `mine`,
		`nk.storage_index_list("x", "*", 0, {})`:                                                         `argument 3 (limit) must be a number from 1 to 10000`,
		`nk.storage_index_list("x", "*", 1)`:                                                             `argument 4 (order) must be a table`,
		`nk.storage_index_list("x", "*", 1, {})`:                                                         `there is no storage index "x"`,
		`nk.register_storage_index("late", "c", "", {"f"}, {}, 1)`:                                       `storage indexes are registered while the modules load`,
		`nk.wallet_update(id, {gold = 0.5})`:                                                             `changeset: gold must be a whole number`,
		`nk.wallet_update(id, {gold = -1})`:                                                              `cannot go from 0 by -1`,
		`nk.wallet_update(nk.uuid_v4(), {})`:                                                             `user not found`,
		`nk.wallets_update({{user_id = id}})`:                                                            `argument 1 (updates): item 1: changeset must be a table, got nil`,
		`nk.wallets_update({{user_id = id, changeset = {a = "1"}}})`:                                     `item 1: changeset: a must be a whole number`,
		`nk.wallet_ledger_list(id, 101)`:                                                                 `argument 2 (limit) must be a number from 0 to 100`,
		`nk.wallet_ledger_list("x")`:                                                                     `argument 1 (user id) must be a UUID`,
		`nk.wallet_ledger_update(id, {})`:                                                                `there is no ledger item`,
		`nk.notification_send(id, "", {}, 1)`:                                                            `argument 2 (subject) must be a string that is not empty`,
		`nk.notification_send(id, "x", {}, 0)`:                                                           `argument 4 (code) must be above 0, got 0`,
		`nk.notification_send(id, "x", {}, -2001)`:                                                       `argument 4 (code) must be above 0, got -2001`,
		`nk.notification_send_all("x", {}, -1500)`:                                                       `argument 3 (code) must be above 0, got -1500`,
		`nk.notifications_send({{user_id = id, subject = "x", content = {}}})`:                           `argument 1 (notifications): item 1: code must be a number above 0, got nil`,
		`nk.notifications_send({{user_id = id, subject = "x", content = {}, code = 1, persistent = 1}})`: `persistent must be a boolean, got a number`,
		`nk.notifications_list(id, 1001)`:                                                                `argument 2 (limit) must be a number from 1 to 1000`,
		`nk.notifications_get_id({})`:                                                                    `argument 1 (notification ids) must be a list of UUIDs that is not empty`,
		`nk.notifications_delete_id({"x"})`:                                                              `argument 1 (notification ids) must hold UUIDs only, but holds "x"`,
		`nk.channel_id_build(nil, "r", 1)`:                                                               `argument 1 (sender id) must be a string, got nil`,
		`nk.channel_id_build("x", "r", 1)`:                                                               `argument 1 (sender id) must be a UUID`,
		`nk.channel_id_build("", "r", 4)`:                                                                `argument 3 (channel type) must be 1 for a room, 2 for a direct channel or 3 for a group's`,
		`nk.channel_id_build("", "", 1)`:                                                                 `nakama.channel_id_build: Invalid channel target`,
		`nk.channel_message_send("x", {})`:                                                               `argument 1 (channel id) must be a channel's id, got a string`,
		`nk.channel_message_send("2...r", {1})`:                                                          `argument 2 (content) must be a table with named fields`,
		`nk.channel_message_send("2...r", {}, "x")`:                                                      `argument 3 (sender id) must be a UUID, nil or empty`,
		`nk.channel_message_send("2...r", {}, "", "", "yes")`:                                            `argument 5 (persist) must be a boolean`,
		`nk.channel_message_update("2...r", "x", {})`:                                                    `argument 2 (message id) must be a UUID`,
		`nk.channel_message_update("2...r", id, {}, "", "", true)`:                                       `Could not find message to update`,
		`nk.channel_message_remove("2...r", id, "", "", true)`:                                           `Could not find message to remove`,
		`nk.channel_messages_list("2...r", 101)`:                                                         `argument 2 (limit) must be a number from 1 to 100`,
		`nk.channel_messages_list("2...r", 1, true, "x")`:                                                `Cursor is invalid`,
		`nk.multi_update({{}})`:                                                                          `argument 1 (account updates): item 1: user_id must be a UUID, got nil`,
		`nk.multi_update({{user_id = id, location = 5}})`:                                                `location must be a string, got a number`,
		`nk.multi_update(nil, {{}})`:                                                                     `argument 2 (storage writes): item 1: collection must be`,
		`nk.multi_update(nil, nil, {{}})`:                                                                `argument 3 (storage deletes): item 1`,
		`nk.multi_update(nil, nil, nil, {{}})`:                                                           `argument 4 (wallet updates): item 1: changeset must be a table`,
		`nk.multi_update(nil, nil, nil, nil, 1)`:                                                         `argument 5 (update ledger) must be a boolean`,
		`nk.multi_update(nil, nil, nil, nil, true)`:                                                      `nakama.multi_update: refused`,
	} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			_, err := r.RPC(t.Context(), "test", nil, call)
			if err == nil {
				t.Fatal("no error")
			}
			wantText(t, message(err), want)
		})
	}
}

func TestMultiUpdate(t *testing.T) {
	t.Parallel()
	d, change := withData(t)
	got, err := evaluate(t, `
		local alice = "`+dataAlice+`"
		local acks, wallets = nk.multi_update(
			{{user_id = alice, username = "", display_name = "", location = "here", metadata = {a = 1}}},
			{{collection = "c", key = "k", user_id = alice, value = {}, permission_read = 2}},
			{{collection = "c", key = "old", version = "v"}},
			{{user_id = alice, changeset = {gold = 1}}})
		return acks[1].version .. tostring(wallets)`, change)
	if err != nil || got != "vnil" {
		t.Fatal(got, err)
	}
	update := d.updates[0]
	a := update.Accounts[0]
	if a.Username != nil || *a.DisplayName != "" || *a.Location != "here" || a.Timezone != nil || *a.Metadata != `{"a":1}` || a.UserID != dataAlice {
		t.Errorf("accounts %+v", a)
	}
	if w := update.Writes[0]; w.PermissionRead != 2 || w.PermissionWrite != 1 || w.Value != "{}" {
		t.Errorf("writes %+v", w)
	}
	if x := update.Deletes[0]; x.Version != "v" || x.UserID != storage.System {
		t.Errorf("deletes %+v", x)
	}
	if w := update.Wallets[0]; w.Changeset["gold"] != 1 || w.Metadata != "{}" {
		t.Errorf("wallets %+v", w)
	}
}

// A module keeps the best players in an index, with a filter. The filter is asked on
// the VM of the RPC that writes, while that waits.
func TestStorageIndexes(t *testing.T) {
	t.Parallel()
	d, change := withData(t)
	r := open(t, files{"main.lua": `
		local nk = require("nakama")
		nk.register_storage_index("best", "c", "", {"score"}, {"score"}, 100)
		nk.register_storage_index_filter("best", function(ctx, object)
			if object.value.score == nil then return nil end
			return ctx.execution_mode == "storage_index_filter" and object.value.score > 1 and object.create_time == nil
		end)
		nk.storage_write({{collection = "c", key = "early", value = {score = 3}}})
		nk.register_rpc(function(_, payload)
			for key, score in pairs({a = 1, b = 2, c = 5}) do
				nk.storage_write({{collection = "c", key = key, value = {score = score}}})
			end
			nk.storage_write({{collection = "c", key = "b", value = {}}})
			local found, cursor = nk.storage_index_list("best", payload, 2, {"-value.score"})
			local rest = nk.storage_index_list("best", payload, 2, {"-value.score"}, nil, cursor)
			return found[1].key .. found[2].key .. rest[1].key
		end, "test")`}, change)
	indexes := r.StorageIndexes()
	if len(indexes) != 1 || indexes[0].Filter == nil {
		t.Fatalf("indexes %+v", indexes)
	}
	if err := d.storage.OpenIndexes(t.Context(), indexes); err != nil {
		t.Fatal(err)
	}
	if got, err := r.RPC(t.Context(), "test", nil, "*"); got != "cearlyb" || err != nil {
		t.Errorf("found %s, %v", got, err)
	}
}
