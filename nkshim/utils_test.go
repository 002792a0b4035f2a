package nkshim

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPureFunctions(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`return tostring(nk.time())`: "1709209815000",
		`return tostring(nk.time({year = 2024, month = 2, day = 29, msec = 7}))`: "1709208000007",
		`return #nk.uuid_v4() .. ""`:                                                                                   "36",
		`return nk.logger_info("said")`:                                                                                "said",
		`return nk.get_context().execution_mode`:                                                                       "run_once",
		`return nk.get_config().name`:                                                                                  "node1",
		`return nk.json_encode(nk.json_decode('{"a":[1,2.5,"x",null,true]}'))`:                                         `{"a":[1,2.5,"x",null,true]}`,
		`return nk.base64_encode("hello", false)`:                                                                      "aGVsbG8",
		`return nk.base64_decode("aGVsbG8")`:                                                                           "hello",
		`return nk.base64url_encode("\251\255")`:                                                                       "-_8=",
		`return nk.base64url_decode("-_8") == "\251\255" and "same"`:                                                   "same",
		`return nk.base16_encode("\1\255")`:                                                                            "01ff",
		`return nk.base16_decode("68C3")`:                                                                              "h\xc3",
		`return nk.md5_hash("hello")`:                                                                                  "5d41402abc4b2a76b9719d911017c592",
		`return nk.sha256_hash("hello"):sub(1, 16)`:                                                                    "2cf24dba5fb0a30e",
		`return nk.base16_encode(nk.hmac_sha256_hash("hello", "key")):sub(1, 16)`:                                      "9307b3b915efb517",
		`return nk.aes256_decrypt(nk.aes256_encrypt("hello", ("k"):rep(32)), ("k"):rep(32)) .. "|"`:                    "hello   |",
		`return nk.uuid_bytes_to_string(nk.uuid_string_to_bytes("01234567-89ab-4cde-8f01-23456789abcd"))`:              "01234567-89ab-4cde-8f01-23456789abcd",
		`return nk.jwt_generate("HS256", "k", {a = 1}):match("^[^.]+")`:                                                "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
		`return tostring(nk.bcrypt_compare("$2a$04$lFurdm1YV9lz1gqjVu0LZ.cRPjX3m8Yg77PEsq9gYO4sgfyr7UMDi", "secret"))`: "true",
		`return tostring(nk.cron_next("0 0 * * *", 1))`:                                                                "86400",
		`return tostring(nk.cron_prev("* * * * *", 1709208601))`:                                                       "1709208600",
		`return tostring(nk.cron_prev("0 0 1 1 * 2024", 1709208615))`:                                                  "1704067200",
		`return tostring(nk.cron_next("0 0 1 1 * 2024", 1709208615))`:                                                  "-62135596800",
		`return tostring(nk.cron_prev("0 0 1 1 * 2030", 1709208615))`:                                                  "-62135596800",
		`return tostring(nk.cron_prev("0 0 29 2 * ", 1709164800))`:                                                     "1582934400",
		`nk.localcache_put("k", {1}); return tostring(#nk.localcache_get("k"))`:                                        "1",
		`return nk.localcache_get("absent", "default")`:                                                                "default",
		`nk.localcache_put("k", 1); nk.localcache_clear(); return tostring(nk.localcache_get("k"))`:                    "nil",
		`return nk.match_create("game", {a = 1})`:                                                                      fakeMatchID,
		`return nk.match_signal("` + fakeMatchID + `", "data")`:                                                        "answer to data",
		`return tostring(nk.match_get("absent"))`:                                                                      "nil",
		`return nk.match_get("` + fakeMatchID + `").handler_name`:                                                      "game",
		`return tostring(nk.match_list(10, nil, nil, nil, nil, nil)[2].label)`:                                         "nil",
		`return tostring(nk.match_list(10, nil, nil, nil, nil, nil)[2].size)`:                                          "3",
		`nk.metrics_counter_add("m", {b = "2", a = "1"}, 2); return "counted"`:                                         "counted",
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			got, err := evaluate(t, body)
			if err != nil || got != want {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
		})
	}
}

func TestMatchListPassesItsFilters(t *testing.T) {
	t.Parallel()
	matches := &fakeMatches{}
	_, err := evaluate(t, `nk.match_list(7, false, "label", 1, 9, "+label.a:b")`, func(d *Deps) { d.Matches = matches })
	if err != nil {
		t.Fatal(err)
	}
	q := matches.query
	if q.Limit != 7 || *q.Authoritative || *q.Label != "label" || *q.MinSize != 1 || *q.MaxSize != 9 || *q.Query != "+label.a:b" {
		t.Errorf("the query is %+v", q)
	}
}

func TestMatchCreateConvertsParams(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]any{"nil": nil, "{whole = 3, half = 0.5, list = {1, 2}}": int64(3)} {
		matches := &fakeMatches{}
		if _, err := evaluate(t, `nk.match_create("game", `+params+`)`, func(d *Deps) { d.Matches = matches }); err != nil {
			t.Fatal(err)
		}
		if matches.params == nil || matches.params["whole"] != want {
			t.Errorf("%s became %#v", params, matches.params)
		}
	}
}

func TestLocalcacheEntriesExpire(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	r := open(t, files{"main.lua": `
		local nk = require("nakama")
		nk.register_rpc(function() nk.localcache_put("k", "v", 10) end, "put")
		nk.register_rpc(function() return nk.localcache_get("k", "gone") end, "get")`},
		func(d *Deps) { d.Now = func() time.Time { return now } })
	ask := func(id string) string {
		t.Helper()
		answer, err := r.RPC(t.Context(), id, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	ask("put")
	now = now.Add(9 * time.Second)
	if got := ask("get"); got != "v" {
		t.Errorf("after 9 of 10 seconds: %q", got)
	}
	now = now.Add(time.Second)
	if got := ask("get"); got != "gone" {
		t.Errorf("after 10 of 10 seconds: %q", got)
	}
}

func TestMetricsAreKept(t *testing.T) {
	t.Parallel()
	r := open(t, files{"main.lua": `
		local nk = require("nakama")
		nk.register_rpc(function()
			nk.metrics_counter_add("count", {b = "2", a = "1"}, 2)
			nk.metrics_counter_add("count", {a = "1", b = "2"}, 3)
			nk.metrics_gauge_set("gauge", {}, 1.5)
			nk.metrics_timer_record("timer", nil, 20)
			nk.metrics_timer_record("timer", nil, 30)
		end, "report")`})
	if _, err := r.RPC(t.Context(), "report", nil, ""); err != nil {
		t.Fatal(err)
	}
	got := r.Metrics().Snapshot()
	if got["count{a=1,b=2}"].Value != 5 || got["gauge{}"].Value != 1.5 || got["timer{}"] != (Series{Value: 30, Total: 50, Count: 2}) {
		t.Errorf("the series are %+v", got)
	}
}

// A request that waits for its answer leaves the modules to others meanwhile.
func TestHTTPRequestLetsOthersRun(t *testing.T) {
	t.Parallel()
	asked, answer := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		close(asked)
		<-answer
		w.Header().Set("X-Seen", request.Header.Get("X-Sent"))
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte(request.Method))
	}))
	t.Cleanup(server.Close)
	r := open(t, files{"main.lua": `
		local nk = require("nakama")
		local state = "before"
		nk.register_rpc(function(context, url)
			state = "waiting"
			local status, headers, body = nk.http_request(url, "post", {["X-Sent"] = "yes"}, "body")
			return status .. " " .. headers["X-Seen"] .. " " .. body .. " " .. state
		end, "ask")
		nk.register_rpc(function() local was = state; state = "changed"; return was end, "state")`})
	done := make(chan string)
	go func() {
		text, err := r.RPC(context.WithoutCancel(t.Context()), "ask", nil, server.URL)
		if err != nil {
			text = err.Error()
		}
		done <- text
	}()
	<-asked
	if got, err := r.RPC(t.Context(), "state", nil, ""); got != "waiting" || err != nil {
		t.Errorf("while the request waits: %q, %v", got, err)
	}
	close(answer)
	if got := <-done; got != "418 yes POST changed" {
		t.Errorf("the request returned %q", got)
	}
	r.httpClient.CloseIdleConnections()
}

func TestFileReadStaysInTheFolder(t *testing.T) {
	t.Parallel()
	folder, outside := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{filepath.Join(folder, "in.txt"): "inside", filepath.Join(outside, "secret.txt"): "secret"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(outside, "secret.txt"), filepath.Join(folder, "link.txt")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	inFolder := func(d *Deps) { d.Files = root.FS() }
	if got, err := evaluate(t, `return nk.file_read("./x/../in.txt")`, inFolder); got != "inside" || err != nil {
		t.Errorf("a file of the folder: %q, %v", got, err)
	}
	for _, path := range []string{"link.txt", "../" + filepath.Base(outside) + "/secret.txt", filepath.Join(outside, "secret.txt")} {
		got, err := evaluate(t, `return nk.file_read("`+path+`")`, inFolder)
		if err == nil || strings.Contains(got, "secret") {
			t.Errorf("%s was read: %q", path, got)
		}
	}
}
