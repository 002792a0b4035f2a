package api_test

import (
	"bufio"
	"net/http"
	"os"
	"strings"
	"testing"
)

func TestRouting(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice := h.login(t, "alice").auth()
	const device = "/v2/account/authenticate/device"
	for name, test := range map[string]struct {
		call         call
		status, code int
	}{
		"healthcheck":                {call{method: "GET", path: "/healthcheck"}, 200, -1},
		"healthcheck by POST":        {call{method: "POST", path: "/healthcheck"}, 501, 12},
		"unknown path":               {call{method: "GET", path: "/v2/nothing/here", auth: alice}, 404, 5},
		"unknown path, nobody":       {call{method: "GET", path: "/v2/nothing/here"}, 404, 5},
		"wrong method":               {call{method: "POST", path: "/v2/account", auth: alice, body: "{}"}, 501, 12},
		"wrong method of a field":    {call{method: "PUT", path: "/v2/leaderboard/l", auth: alice}, 501, 12},
		"trailing slash":             {call{method: "GET", path: "/v2/account/", auth: alice}, 404, 5},
		"upper case":                 {call{method: "GET", path: "/V2/account", auth: alice}, 404, 5},
		"doubled slash":              {call{method: "GET", path: "/v2//account", auth: alice}, 404, 5},
		"empty field":                {call{method: "GET", path: "/v2/leaderboard/", auth: alice}, 404, 5},
		"too long":                   {call{method: "GET", path: "/v2/leaderboard/l/owner/o/x", auth: alice}, 404, 5},
		"too short":                  {call{method: "GET", path: "/v2/leaderboard/l/owner", auth: alice}, 404, 5},
		"unknown parameter":          {call{method: "GET", path: "/v2/account?unknown=1", auth: alice}, 200, -1},
		"GET with a body":            {call{method: "GET", path: "/v2/account", auth: alice, body: "nonsense"}, 200, -1},
		"half a body":                {call{method: "POST", path: device, auth: withServerKey, body: `{"id":`}, 400, 3},
		"no JSON":                    {call{method: "POST", path: device, auth: withServerKey, body: "not json"}, 400, 3},
		"a list":                     {call{method: "POST", path: device, auth: withServerKey, body: "[]"}, 400, 3},
		"a text":                     {call{method: "POST", path: device, auth: withServerKey, body: `"text"`}, 400, 3},
		"null":                       {call{method: "POST", path: device, auth: withServerKey, body: "null"}, 400, 3},
		"no body":                    {call{method: "POST", path: device, auth: withServerKey}, 400, 3},
		"no body of an update":       {call{method: "PUT", path: "/v2/account", auth: alice}, 400, 3},
		"unknown field":              {call{method: "POST", path: device + "?create=false", auth: withServerKey, body: `{"id":"absent-device","more":{"a":[1]}}`}, 404, 5},
		"content type":               {call{method: "POST", path: device + "?create=false", auth: withServerKey, body: `{"id":"absent-device"}`, header: map[string]string{"Content-Type": "text/plain"}}, 404, 5},
		"doubled key":                {call{method: "POST", path: device + "?create=false", auth: withServerKey, body: `{"id":"absent-1234","id":"absent-5678"}`}, 400, 3},
		"doubled key, other name":    {call{method: "PUT", path: "/v2/account", auth: alice, body: `{"langTag":"de","lang_tag":"fr"}`}, 400, 3},
		"number for text":            {call{method: "POST", path: device, auth: withServerKey, body: `{"id":12345678901}`}, 400, 3},
		"trailing garbage":           {call{method: "PUT", path: "/v2/account", auth: alice, body: `{"location":"x"} trailing`}, 200, -1},
		"bad parameter":              {call{method: "POST", path: device + "?create=maybe", auth: withServerKey, body: `{"id":"absent-device"}`}, 400, 3},
		"doubled parameter":          {call{method: "POST", path: device + "?create=true&create=false", auth: withServerKey, body: `{"id":"absent-device"}`}, 400, 3},
		"parameter for the body":     {call{method: "POST", path: device + "?account.id=absent-device", auth: withServerKey}, 400, 3},
		"semicolon":                  {call{method: "POST", path: device + "?create=false;x=1", auth: withServerKey, body: `{"id":"absent-device"}`}, 400, 3},
		"broken escape":              {call{method: "POST", path: device + "?username=%zz", auth: withServerKey, body: `{"id":"absent-device"}`}, 400, 3},
		"parameters beside a body":   {call{method: "PUT", path: "/v2/account?location=y", auth: alice, body: `{}`}, 400, 3},
		"body of just the limit":     {call{method: "PUT", path: "/v2/account", auth: alice, body: padded(maxBody)}, 200, -1},
		"body over the limit":        {call{method: "PUT", path: "/v2/account", auth: alice, body: padded(maxBody + 1)}, 400, 3},
		"gzip":                       {call{method: "PUT", path: "/v2/account", auth: alice, body: zipped(t, `{"location":"z"}`), header: gzipped}, 200, -1},
		"gzip of just the limit":     {call{method: "PUT", path: "/v2/account", auth: alice, body: zipped(t, padded(maxBody)), header: gzipped}, 200, -1},
		"gzip that is too much":      {call{method: "PUT", path: "/v2/account", auth: alice, body: zipped(t, padded(1<<20)), header: gzipped}, 400, 3},
		"plain that says it is gzip": {call{method: "PUT", path: "/v2/account", auth: alice, body: `{"location":"z"}`, header: gzipped}, 400, 3},
	} {
		t.Run(name, func(t *testing.T) {
			answer := h.do(test.call)
			if test.code >= 0 {
				wantFailure(t, answer, test.status, test.code)
			} else if answer.Code != test.status {
				t.Errorf("status %d, body %s", answer.Code, answer.Body)
			}
		})
	}
}

var gzipped = map[string]string{"Content-Encoding": "gzip"}

// padded is an update of an account with spaces up to n bytes.
func padded(n int) string {
	return strings.Repeat(" ", n-len(`{"location":"p"}`)) + `{"location":"p"}`
}

func TestRoot(t *testing.T) {
	t.Parallel()
	h := start(t)
	if answer := h.do(call{method: "GET", path: "/"}); answer.Code != http.StatusOK || answer.Body.Len() != 0 {
		t.Errorf("status %d, body %q", answer.Code, answer.Body)
	}
	wantFailure(t, h.do(call{method: "POST", path: "/"}), 404, 5)
	wantJSON(t, h.do(call{method: "GET", path: "/healthcheck"}), `{}`)
}

// Each operation of the contract has its route: a path with its fields filled in and
// the right method asks for a credential.
func TestEveryOperationOfTheContract(t *testing.T) {
	t.Parallel()
	file, err := os.Open("testdata/rest_operations.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	h := start(t)
	rows := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		columns := strings.Split(lines.Text(), "\t")
		name, method, path := columns[0], columns[1], columns[2]
		if name == "operation" {
			continue
		}
		rows++
		answer := h.do(call{method: method, path: strings.NewReplacer("{", "", "}", "").Replace(path)})
		if name == "Healthcheck" {
			wantJSON(t, answer, `{}`)
		} else {
			wantFailure(t, answer, 401, 16)
		}
	}
	if rows != 88 {
		t.Errorf("the contract has %d rows", rows)
	}
}
