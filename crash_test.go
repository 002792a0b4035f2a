package main

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"nkhost/host/db/dbtest"
)

const (
	crashes = 20
	writers = 8 // at a time
)

// fate is what became of a client's write.
type fate string

const (
	whole  fate = "whole"
	absent fate = "absent"
)

// durable is a kind of write that clients may rely on once it was answered.
type durable struct {
	name string
	// write makes a write that is known by key, and says whether it was answered well.
	write func(server server, key string) (answered bool)
	// look says what became of it: whole, absent, or else what is wrong with it.
	look func(server server, key string) fate
}

var durables = []durable{
	{
		name: "an account",
		write: func(s server, key string) bool {
			status, _ := s.post("v2/account/authenticate/device?create=true", `{"id": "device-`+key+`"}`)
			return status == http.StatusOK
		},
		look: func(s server, key string) fate {
			switch status, text := s.post("v2/account/authenticate/device?create=false", `{"id": "device-`+key+`"}`); status {
			case http.StatusOK:
				return whole
			case http.StatusNotFound:
				return absent
			default:
				return fate(fmt.Sprint(status, " ", text))
			}
		},
	},
	{
		name:  "two objects written together",
		write: func(s server, key string) bool { return s.rpc("write_pair", key) == "done" },
		look: func(s server, key string) fate {
			switch n := s.rpc("read_pair", key); n {
			case "2":
				return whole
			case "0":
				return absent
			default:
				return fate(n + " of 2 objects")
			}
		},
	},
	{
		name:  "a coin in a wallet and its ledger",
		write: func(s server, key string) bool { return s.rpc("pay", key) == "done" },
		look:  func(s server, key string) fate { return fate(s.rpc("audit", key)) },
	},
}

// crashModules serve the writes that clients have no operation for.
const crashModules = `
local nk = require("nakama")

local function pair(key)
	return {{collection = "pair", key = key .. "-a", user_id = nil}, {collection = "pair", key = key .. "-b", user_id = nil}}
end

nk.register_rpc(function(_, key)
	local objects = pair(key)
	for _, object in ipairs(objects) do object.value = {key = key} end
	nk.storage_write(objects)
	return "done"
end, "write_pair")

nk.register_rpc(function(_, key) return tostring(#nk.storage_read(pair(key))) end, "read_pair")

local function bank() return (nk.authenticate_custom("crash-test-bank", "bank", true)) end

nk.register_rpc(function(_, key)
	nk.wallet_update(bank(), {coin = 1}, {key = key}, true)
	return "done"
end, "pay")

nk.register_rpc(function(_, key)
	local user, cursor, items, found = bank(), "", 0, "absent"
	repeat
		local page
		page, cursor = nk.wallet_ledger_list(user, 100, cursor)
		for _, item in ipairs(page) do
			items = items + 1
			if item.metadata.key == key then found = "whole" end
		end
	until (cursor or "") == ""
	local coins = nk.account_get_id(user).wallet.coin or 0
	if coins ~= items then return coins .. " coins, but " .. items .. " items in the ledger" end
	return found
end, "audit")
`

// TestACrash kills the host in the midst of its clients' writes and starts it again,
// many times. What was answered is there, and nothing is there by half.
func TestACrash(t *testing.T) {
	dbtest.EachKept(t, func(t *testing.T, place dbtest.Place) {
		args := []string{"--socket.port=0", "--runtime.path", folderWith(t, "main.lua", crashModules), "--data_dir", place.DataDir}
		if place.Address != "" {
			args = append(args[:3], "--database.address", place.Address)
		}
		journal := journal{}
		for round := range crashes {
			cmd := program(t, args...)
			s := server{address: start(t, cmd)}
			journal.check(t, s)
			journal = writeUntilKilled(t, s, cmd, round)
		}
		cmd := program(t, args...)
		journal.check(t, server{address: start(t, cmd)})
	})
}

// journal holds the keys of the writes that were begun, by durable, and whether they
// were answered.
type journal map[string]map[string]bool

// check wants every write that was answered, and no half of any.
func (j journal) check(t *testing.T, s server) {
	t.Helper()
	for _, d := range durables {
		for key, answered := range j[d.name] {
			if got := d.look(s, key); got != whole && (answered || got != absent) {
				t.Errorf("%s, answered %t, is %s", d.name, answered, got)
			}
		}
	}
}

// writeUntilKilled lets clients write, and kills the host after some answers.
func writeUntilKilled(t *testing.T, s server, cmd *exec.Cmd, round int) journal {
	t.Helper()
	var mu sync.Mutex
	journal, answers := journal{}, 0
	for _, d := range durables {
		journal[d.name] = map[string]bool{}
	}
	note := func(d durable, key string, answered bool) {
		mu.Lock()
		defer mu.Unlock()
		journal[d.name][key] = answered
		if !answered {
			return
		}
		if answers++; answers == 1+3*round { // a little later each time
			_ = cmd.Process.Kill() // Wait says whether it was
		}
	}
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() {
			for n := 0; ; n++ {
				d := durables[(i+n)%len(durables)]
				key := fmt.Sprintf("%d-%d-%d", round, i, n)
				note(d, key, false)
				if !d.write(s, key) {
					return
				}
				note(d, key, true)
			}
		})
	}
	group.Wait()
	if answers <= 3*round {
		t.Fatalf("round %d: there were only %d answers", round, answers)
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the host ended with %v", err)
	}
	http.DefaultClient.CloseIdleConnections()
	return journal
}

// server is a host that runs.
type server struct{ address string }

// rpc calls an RPC; "" is no answer or an error.
func (s server) rpc(id, payload string) string {
	status, text := s.post("v2/rpc/"+id+"?unwrap&http_key=defaulthttpkey", payload)
	if status != http.StatusOK {
		return ""
	}
	return text
}

// post sends a body with the server key; the status is 0 when there was no answer.
func (s server) post(path, body string) (status int, text string) {
	request, err := http.NewRequest(http.MethodPost, s.address+path, strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	request.SetBasicAuth("defaultkey", "")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(answer)
}
