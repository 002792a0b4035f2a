package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseMatchData(t *testing.T) {
	for _, c := range []struct {
		msg  string
		op   int64
		data string
		ok   bool
	}{
		{`{"match_data":{"match_id":"a.b","op_code":"3","data":"QUJD","reliable":true}}`, 3, "QUJD", true},
		{`{"match_data":{"match_id":"a.b", "op_code": 3, "data": "QUJD"}}`, 3, "QUJD", true},
		{` { "match_data" : {"presence":{"username":"data"},"op_code":"12","data":"QQ=="}}`, 12, "QQ==", true},
		{`{"match_data":{"presence":{"username":"op_code"},"data":"QQ=="}}`, 0, "QQ==", true},
		{`{"match_data":{"op_code":"1"}}`, 0, "", false},
		{`{"cid":"4","match":{"match_id":"a.b"}}`, 0, "", false},
		{`{"match_data":{"op_code":"1","data":"Q\/8="}}`, 0, "", false},
		{``, 0, "", false},
	} {
		op, data, ok := parseMatchData([]byte(c.msg))
		if ok != c.ok || (ok && (op != c.op || string(data) != c.data)) {
			t.Errorf("%s: got %d %q %v", c.msg, op, data, ok)
		}
	}
}

func TestParseStat(t *testing.T) {
	line := "42 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0"
	if got := parseStat(line); got != 3 {
		t.Errorf("got %v, want 3", got)
	}
}

func TestPercentile(t *testing.T) {
	v := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for p, want := range map[float64]float64{0: 1, 50: 5, 90: 9, 99: 10, 100: 10} {
		if got := percentile(v, p); got != want {
			t.Errorf("p%v: got %v, want %v", p, got, want)
		}
	}
	if !math.IsNaN(percentile(nil, 50)) || !math.IsNaN(median(nil)) {
		t.Error("no samples should have no percentile")
	}
	if median([]float64{1, 2}) != 1.5 {
		t.Error("median of two")
	}
}

func TestPunctuality(t *testing.T) {
	start := time.Now()
	var beats []beat
	for i := range 100 {
		at := start.Add(time.Duration(i) * 100 * time.Millisecond)
		if i%10 == 5 {
			at = at.Add(7 * time.Millisecond)
		}
		beats = append(beats, beat{tick: int64(i), at: at, host: at.UnixMilli()})
	}
	got := punctuality(beats, 100*time.Millisecond)
	if got.missed != 0 || math.Abs(got.rateError) > 1e-6 {
		t.Errorf("missed %v, rate error %v", got.missed, got.rateError)
	}
	late := merge([][]float64{got.late})
	if p := percentile(late, 50); math.Abs(p) > 1e-6 {
		t.Errorf("median lateness %v", p)
	}
	if p := late[len(late)-1]; math.Abs(p-7) > 1e-6 {
		t.Errorf("greatest lateness %v", p)
	}

	skipped := append(append([]beat(nil), beats[:50]...), beats[50:]...)
	for i := 50; i < len(skipped); i++ {
		skipped[i].tick -= 2
	}
	if got := punctuality(skipped, 100*time.Millisecond); got.missed != 2 {
		t.Errorf("missed %v, want 2", got.missed)
	}
}

func TestTickFraction(t *testing.T) {
	start := time.Now()
	first := []tickSample{{start, 10}, {start, 20}, {start, 30}}
	last := []tickSample{{start.Add(10 * time.Second), 110}, {start.Add(10 * time.Second), 70}, {start.Add(11 * time.Second), -1}}
	if f, gone := tickFraction(first, last, 10); f != 0.75 || gone != 1 {
		t.Errorf("fraction %v, gone %d", f, gone)
	}
}

func TestParseBeat(t *testing.T) {
	text := "123456:1784300000123:" + strings.Repeat(".", 200)
	b, ok := parseBeat([]byte(base64.StdEncoding.EncodeToString([]byte(text))), time.Now())
	if !ok || b.tick != 123456 || b.host != 1784300000123 {
		t.Errorf("got %+v %v", b, ok)
	}
	if _, ok := parseBeat([]byte("####"), time.Now()); ok {
		t.Error("accepted nonsense")
	}
}

func TestEchoPlayerSeesLossAndOrder(t *testing.T) {
	p := &echoPlayer{zero: time.Now()}
	for _, seq := range []int{0, 1, 3} {
		msg := fmt.Sprintf("%08d%016d", seq, 0) + strings.Repeat(".", echoBytes-echoHead)
		p.receive(2, []byte(base64.StdEncoding.EncodeToString([]byte(msg))), time.Now())
	}
	if p.got != 3 || p.bad != 1 {
		t.Errorf("got %d, bad %d", p.got, p.bad)
	}
}

func TestHTTPConn(t *testing.T) {
	big := strings.Repeat("x", 100_000)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/plain":
			fmt.Fprint(w, r.Header.Get("Authorization"))
		case "/chunked":
			fmt.Fprint(w, big[:50_000])
			w.(http.Flusher).Flush()
			fmt.Fprint(w, big[50_000:])
		case "/close":
			w.Header().Set("Connection", "close")
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer srv.Close()
	c := &httpConn{addr: strings.TrimPrefix(srv.URL, "http://")}
	defer c.close()
	for range 2 {
		for _, want := range []struct {
			path   string
			status int
			body   string
		}{{"/plain", 200, "me"}, {"/chunked", 200, big}, {"/close", 418, ""}} {
			status, body, err := c.do("POST", want.path, "me", []byte("{}"))
			if err != nil || status != want.status || string(body) != want.body {
				t.Errorf("%s: %d %d bytes %v", want.path, status, len(body), err)
			}
		}
	}
}

func TestOnlyLoopback(t *testing.T) {
	for addr, ok := range map[string]bool{
		"127.0.0.1:7350": true, "localhost:7350": true, "[::1]:7350": true,
		"10.0.0.1:7350": false, "example.com:80": false, "127.0.0.1": false,
	} {
		if err := checkHost(&Host{Addr: addr}); (err == nil) != ok {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

func TestSampleCountsThisProcess(t *testing.T) {
	h := &Host{}
	before := h.Sample()
	for x := 0.0; time.Since(before.at) < 50*time.Millisecond; x++ {
		_ = math.Sqrt(x)
	}
	if w := before.Until(h.Sample()); w.Client <= 0 || w.Client > 10 {
		t.Errorf("client CPU %v s in %v s", w.Client, w.Wall)
	}
}

func TestDocumentSize(t *testing.T) {
	if n := len(jsonDocument()); n < 950 || n > 1100 {
		t.Errorf("document of %d bytes", n)
	}
	if !sameJSON(`{"a":1,"b":[1,2]}`, `{"b":[1,2.0],"a":1}`) || sameJSON(`{"a":1}`, `{"a":2}`) {
		t.Error("sameJSON")
	}
}

func TestTable(t *testing.T) {
	a, b := newSummary(""), newSummary("")
	for i := range 4 {
		ra, rb := newResult("idle", "A", i+1), newResult("idle", "B", i+1)
		for _, n := range []int{10000, 1000} {
			ra.set(fmt.Sprintf("n%d/cpu_us_per_tick", n), 20+float64(i))
			rb.set(fmt.Sprintf("n%d/cpu_us_per_tick", n), 10+float64(i))
		}
		ra.set("n1000/tick_fraction", 1)
		rb.set("n1000/tick_fraction", 1)
		ra.set("n1000/broken", math.NaN())
		a.add(ra)
		b.add(rb)
	}
	raw, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	back := &Summary{}
	if err := json.Unmarshal(raw, back); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	printTable(&out, back, b, false)
	text := out.String()
	if !strings.Contains(text, "| idle | n1000 | cpu_us_per_tick µs | 21.5 | 11.5 | 0.535 | B better |") &&
		!strings.Contains(text, "| idle | n1000 | cpu_us_per_tick | 21.5 | 11.5 | 0.535 | B better |") {
		t.Errorf("table:\n%s", text)
	}
	if strings.Index(text, "n1000 ") > strings.Index(text, "n10000 ") {
		t.Errorf("sizes out of order:\n%s", text)
	}
	if !strings.Contains(text, "tick_fraction | 1 | 1 | 1.000 | ≈ |") {
		t.Errorf("no verdict should be given on equal figures:\n%s", text)
	}
	if back.Runs != 4 {
		t.Errorf("runs %d", back.Runs)
	}
}

func TestDialErrorIsReported(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	if healthy(addr) {
		t.Error("nobody listens, yet healthy")
	}
	if _, err := dialSocket(addr, "t", nil); err == nil {
		t.Error("dialled nobody")
	}
}

func TestDropDisturbed(t *testing.T) {
	r := newResult("rpc", "", 1)
	for name, v := range map[string]float64{
		"echo/other_cores": 0.1, "echo/req_per_s": 1,
		"json/other_cores": 0.9, "json/req_per_s": 2,
		"lua/calls_per_s": 3, "env/other_cores": 0.6,
	} {
		r.set(name, v)
	}
	r.dropDisturbed(0.5)
	if _, ok := r.Metrics["echo/req_per_s"]; !ok || len(r.Metrics) != 2 {
		t.Errorf("kept %v", r.Metrics)
	}
}

func TestStandingTickets(t *testing.T) {
	shapes := map[string]bool{}
	cells := map[string]int{}
	for i := range 10_000 {
		k := standingTicket(i)
		if k.min < 2 || k.min >= k.max || poolCell >= k.min {
			t.Fatalf("%d: %d to %d players", i, k.min, k.max)
		}
		if strings.ContainsAny(k.query, `{}"\`) || strings.Contains(k.query, "-properties.region:"+k.region) {
			t.Fatalf("%d: query %s", i, k.query)
		}
		low := 10 * (k.skill / 10)
		for _, part := range []string{"mode:" + k.mode + " ", fmt.Sprintf("skill:>=%d ", low), fmt.Sprintf("skill:<=%d", low+9)} {
			if !strings.Contains(k.query, part) {
				t.Fatalf("%d: no %q in %s", i, part, k.query)
			}
		}
		cells[fmt.Sprintf("%s %d", k.mode, low)]++
		shapes[k.mode+poolShapes[low/10%len(poolShapes)]] = true
	}
	for cell, n := range cells {
		if n > poolCell {
			t.Errorf("%d tickets find each other in cell %s", n, cell)
		}
	}
	if len(shapes) != poolModes*len(poolShapes) {
		t.Errorf("%d shapes of query", len(shapes))
	}
	if a, b := duoTicket(1, 0), duoTicket(2, 1); a.query == b.query || a.min != 2 || a.max != 2 {
		t.Errorf("pairs: %+v %+v", a, b)
	}
}

func TestPassLength(t *testing.T) {
	if got := passLength([]float64{10, 12, 990, 1010, 1015, 2100}, 250); got != 1045 {
		t.Errorf("got %v, want 1045", got)
	}
	if passLength([]float64{1, 2}, 250) != 0 || passLength(nil, 250) != 0 {
		t.Error("one burst has no length")
	}
}

// TestPlot draws a peer's bare figures beside a summary.
func TestPlot(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"ours.json":        `{"scenarios":{"idle":{"metrics":{"n1000/rss_kb_per_match":{"median":20,"min":19,"max":21},"n5000/rss_kb_per_match":{"median":22,"min":22,"max":22},"env/other_cores":{"median":1}}}}}`,
		"anchor-peer.json": `{"figures":{"idle/n1000/rss_kb_per_match":12.5,"idle/n5000/rss_kb_per_match":11.5}}`,
	}
	var paths []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(files[name]), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	out := filepath.Join(dir, "plot.svg")
	if err := runPlot(append([]string{"-metric", "idle/rss_kb_per_match", "-out", out}, paths...)); err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(svg, new(struct{ XMLName xml.Name })); err != nil {
		t.Errorf("not XML: %v", err)
	}
	for _, want := range []string{">peer<", ">ours<", ">1000<", ">5000<", ">25<"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("the plot has no %s", want)
		}
	}
	if err := runPlot(append([]string{"-metric", "idle/absent", "-out", out}, paths...)); err == nil {
		t.Error("a figure that is absent was drawn")
	}
}
