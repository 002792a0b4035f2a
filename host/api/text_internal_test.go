package api

import (
	"encoding/json"
	"strings"
	"testing"
)

var texts = []string{
	``, `plain`, `{"a":[1,2,"three"],"b":{}}`, "line\nand\ttab\r\b\f", `back\slash \"and\" quotes/`, "<b>&amp;",
	"\x00\x1f\x7f", "h\u00e9llo \u4e16\u754c \U0001F600", "\u2028\u2029", "\xff", "half \xe4\xb8", "\ufffd",
	strings.Repeat(`{"key":"value"},`, 100),
}

// bodies are what clients send as JSON strings, also wrongly.
var bodies = []string{
	``, `"`, `""`, ` "spaces" `, `"a" "b"`, `"a"b"`, `null`, `5`, `{}`, `["a"]`, `"open`, `open"`, `"\`, `"\"`, `"\\"`, `"\\\"`,
	`"\" \\ \/ \b \f \n \r \t"`, `"\u0041\u00e9"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\u12"`, `"\x"`, `"\'"`, "\"\n\"", "\"\x7f\"",
	"\"\xff\"", "\"\xe4\xb8\\\"\xad\"", "\"h\u00e9\u4e16\"", "\"\u2028\"", "\"\x00\"",
}

func FuzzReadText(f *testing.F) {
	for _, body := range bodies {
		f.Add([]byte(body))
	}
	for _, text := range texts {
		body, _ := json.Marshal(text)
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var want string
		wantErr := json.Unmarshal(body, &want)
		before := string(body)
		got, err := readText(body)
		if got != want || (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
			t.Errorf("%q: got %q, %v, want %q, %v", body, got, err, want, wantErr)
		}
		if string(body) != before {
			t.Errorf("%q became %q", before, body)
		}
	})
}

func BenchmarkReadText(b *testing.B) {
	text := strings.Repeat(`{"id":"item-0001","tags":["red"]},`, 30)
	body, _ := json.Marshal(text)
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := readText(body); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read by encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var read string
			if err := json.Unmarshal(body, &read); err != nil {
				b.Fatal(err)
			}
		}
	})
}
