package nkshim

import (
	"slices"
	"testing"
)

func TestEveryFunctionOfTheContractIsThere(t *testing.T) {
	t.Parallel()
	var names []string
	for _, f := range Contract() {
		names = append(names, f.Name)
	}
	if len(names) != 194 {
		t.Errorf("the contract has %d functions, want 194", len(names))
	}
	library := (&Runtime{}).library()
	for _, name := range names {
		if library[name] == nil {
			t.Errorf("nakama.%s is absent", name)
		}
	}
	for name := range library {
		if !slices.Contains(names, name) {
			t.Errorf("nakama.%s is not a function of Nakama's", name)
		}
	}
}

func TestMergeFamiliesRefusesDuplicates(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("two families defined one name")
		}
	}()
	mergeFamilies([]map[string]function{{"time": timeMs}, {"time": timeMs}})
}

func TestAFunctionThatIsNotThereYetSaysSoByName(t *testing.T) {
	t.Parallel()
	_, err := evaluate(t, `return nk.get_satori().authenticate("x")`)
	if err == nil {
		t.Fatal("no error")
	}
	wantText(t, message(err), "nakama.satori.authenticate is not available in nkhost yet")
}

func TestArgumentErrors(t *testing.T) {
	t.Parallel()
	for call, want := range map[string]string{
		`nk.match_create()`:                                       `nakama.match_create: argument 1 (module) must be a string, got nothing`,
		`nk.match_create("")`:                                     `argument 1 (module) must be a string that is not empty, got an empty string`,
		`nk.match_create("m")`:                                    `argument 2 (params) must be given, if only as nil, got nothing`,
		`nk.match_create("m", {1, 2})`:                            `argument 2 (params) must be a table with named fields, got a table`,
		`nk.match_create("absent", {})`:                           `there is no match module "absent"`,
		`nk.match_list()`:                                         `argument 2 (authoritative) must be given`,
		`nk.match_list("5", nil, nil)`:                            `argument 1 (limit) must be a number, got a string`,
		`nk.match_list(1, true, 5)`:                               `argument 3 (label) must be a string or nil, got a number`,
		`nk.match_list(1, 1)`:                                     `argument 2 (authoritative) must be a boolean or nil`,
		`nk.match_signal("id", 5)`:                                `argument 2 (data) must be a string or nil, got a number`,
		`nk.register_rpc("f", "id")`:                              `nakama.register_rpc: argument 1 (function) must be a function, got a string`,
		`nk.register_rpc(print)`:                                  `argument 2 (RPC id) must be a string, got nothing`,
		`nk.json_decode("")`:                                      `argument 1 (JSON text) must be a string that is not empty`,
		`nk.json_decode("{")`:                                     `nakama.json_decode: `,
		`nk.json_encode()`:                                        `argument 1 (value) must be given`,
		`nk.logger_info("")`:                                      `argument 1 (message) must be a string that is not empty`,
		`nk.logger_info({})`:                                      `argument 1 (message) must be a string, got a table`,
		`nk.time(5)`:                                              `argument 1 (date) must be a table, got a number`,
		`nk.base64_decode("aGVsbG8", false)`:                      `the input is not base64`,
		`nk.base64url_decode("aGVsbG8", true)`:                    `the input is not base64`,
		`nk.base16_decode("x")`:                                   `the input is not base16`,
		`nk.aes128_encrypt("x", "short")`:                         `argument 2 (key) must be 16 bytes long, but is 5`,
		`nk.aes128_decrypt("x", ("k"):rep(16))`:                   `at least 16 bytes`,
		`nk.jwt_generate("none", "k", {})`:                        `must be HS256 or RS256, got "none"`,
		`nk.jwt_generate("RS256", "k", {})`:                       `no PEM block`,
		`nk.secure_random_bytes(1001)`:                            `must be from 1 to 1000, got 1001`,
		`nk.uuid_bytes_to_string("x")`:                            `a string of 16 bytes`,
		`nk.cron_next("hello", 1)`:                                `argument 1 (cron expression) "hello"`,
		`nk.localcache_put("k", 1, -1)`:                           `argument 3 (ttl) must be 0 or more seconds, got -1`,
		`nk.file_read("no.txt")`:                                  `the modules folder has no file "no.txt"`,
		`nk.http_request("u", "trace", {})`:                       `must be one of GET, POST, PUT, PATCH, DELETE, HEAD, got "TRACE"`,
		`nk.http_request("u", "get", {a = 1})`:                    `the value of "a" must be a string`,
		`nk.metrics_counter_add("m", {a = 1}, 1)`:                 `argument 2 (tags) must have strings as keys and values`,
		`nk.sql_query("", {})`:                                    `nakama.sql_query: argument 1 (query) must be a string that is not empty`,
		`nk.sql_exec()`:                                           `nakama.sql_exec: argument 1 (query) must be a string, got nothing`,
		`nk.sql_exec("x", "y")`:                                   `argument 2 (parameters) must be a table, got a string`,
		`nk.event("e", {}, 0)`:                                    `a time in Unix seconds other than 0`,
		`nk.leaderboard_create("l", true, "up")`:                  `argument 3 (sort order) must be 'asc' or 'desc', got "up"`,
		`nk.leaderboard_create("l", true, "asc", "most")`:         `argument 4 (operator) must be 'best', 'set', 'incr' or 'decr', got "most"`,
		`nk.leaderboard_create("l", true, "asc", "set", "soon")`:  `argument 5 (reset schedule) must be a cron expression, but "soon" is none`,
		`nk.leaderboard_record_write("l", "x")`:                   `argument 2 (owner id) must be a UUID`,
		`nk.leaderboard_record_write("l", nk.uuid_v4(), "n", -1)`: `argument 4 (score) must not be negative, got -1`,
		`nk.leaderboard_records_list("l", {"x"})`:                 `argument 2 (owner ids) must hold UUIDs only, but holds "x"`,
		`nk.leaderboard_records_list("l", nil, 10001)`:            `argument 3 (limit) must be from 0 to 10000, got 10001`,
		`nk.tournament_create("t")`:                               `argument 5 (duration) must be a number of seconds greater than 0`,
		`nk.tournament_create("t", true, "asc", "best", 1, "", {}, "", "", 128)`:     `argument 10 (category) must be from 0 to 127, got 128`,
		`nk.tournament_create("t", true, "asc", "best", 1, "", {}, "", "", 0, 9, 9)`: `argument 12 (end time) must be later than the start time`,
		`nk.tournament_record_write("t", nk.uuid_v4(), "n", 1, 1, nil, "incr")`:      `argument 7 (operator) must be 'best', 'set', 'increment' or 'decrement', got "incr"`,
		`nk.tournament_list(0, 1)`:       `argument 3 (start time) must be a number, got nothing`,
		`nk.tournament_list(2, 1, 0, 0)`: `argument 2 (end of the categories) must not be less than their start`,
	} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			_, err := evaluate(t, call)
			if err == nil {
				t.Fatal("no error")
			}
			wantText(t, message(err), want)
		})
	}
}
