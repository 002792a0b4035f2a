package realtime

import (
	"bytes"
	"strings"
	"testing"

	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/protobuf/proto"
)

const sampleMatchDataSend = `{"match_data_send":{"match_id":"4ec4f126-3f9d-11e7-84ef-b7c182b36521.nakama1","op_code":"1","data":"eyJyb3ciOjEsImNvbCI6MX0=","presences":[],"reliable":true}}`

// plainMatchDataSends are messages that are read without the general decoder.
var plainMatchDataSends = map[string]string{
	"of nakama-js":        sampleMatchDataSend,
	"of the bundled page": `{"match_data_send":{"match_id":"x.nakama1","op_code":"2","data":"eyJyb3ciOjF9"},"cid":"7"}`,
	"with numbers":        matchDataWith(`"op_code":7,"data":"eA==","match_id":"x."`),
	"to some": matchDataWith(`"match_id":"x.","op_code":1,"presences":[{"user_id":"a","session_id":"b","username":"c"},` +
		`{},{"userId":"a","sessionId":"b"}]`),
	"empty":                matchDataWith(``),
	"of defaults":          matchDataWith(`"match_id":"","op_code":"0","data":"","presences":[],"reliable":false`),
	"in lowerCamelCase":    `{"cid":"","matchDataSend":{"matchId":"x.","opCode":1,"data":"AAD/+w=="}}`,
	"with white space":     " {\t\"match_data_send\" :\r\n{ \"op_code\" : 1 , \"reliable\" : true , \"presences\" : [ { } ] } } \n",
	"negative":             matchDataWith(`"op_code":-12`),
	"negative, as text":    matchDataWith(`"op_code":"-12"`),
	"of 18 digits":         matchDataWith(`"op_code":"-999999999999999999"`),
	"with DEL in a text":   matchDataWith("\"match_id\":\"\x7f\""),
	"with stray last bits": matchDataWith(`"data":"eB=="`),
}

// unusualMatchDataSends are messages, right and wrong ones, that are left to the general
// decoder.
var unusualMatchDataSends = map[string]string{
	"another message":                `{"ping":{}}`,
	"another beside it":              `{"match_data_send":{},"ping":{}}`,
	"no message":                     `{"cid":"1"}`,
	"an empty object":                `{}`,
	"nothing":                        ``,
	"null":                           `null`,
	"no object":                      `{"match_data_send":[]}`,
	"a null message":                 `{"match_data_send":null}`,
	"null fields":                    matchDataWith(`"match_id":null`),
	"null op code":                   matchDataWith(`"op_code":null`),
	"null data":                      matchDataWith(`"data":null`),
	"null presences":                 matchDataWith(`"presences":null`),
	"a null presence":                matchDataWith(`"presences":[null]`),
	"null reliable":                  matchDataWith(`"reliable":null`),
	"an unknown field":               matchDataWith(`"x":1`),
	"an unknown field outside":       `{"match_data_send":{},"x":1}`,
	"an unknown field of a presence": matchDataWith(`"presences":[{"x":1}]`),
	"a status":                       matchDataWith(`"presences":[{"status":"x"}]`),
	"persistence":                    matchDataWith(`"presences":[{"persistence":true}]`),
	"a field twice":                  matchDataWith(`"op_code":1,"op_code":1`),
	"a field twice, by both names":   matchDataWith(`"op_code":1,"opCode":1`),
	"the message twice":              `{"match_data_send":{},"matchDataSend":{}}`,
	"the cid twice":                  `{"match_data_send":{},"cid":"","cid":""}`,
	"a presence's field twice":       matchDataWith(`"presences":[{"user_id":"a","userId":"a"}]`),
	"an escape":                      matchDataWith(`"match_id":"\u0041"`),
	"an escaped quotation mark":      matchDataWith(`"match_id":"a\"b"`),
	"an escape in a name":            matchDataWith(`"d\u0061ta":"eA=="`),
	"an escaped slash in data":       matchDataWith(`"data":"AAD\/+w=="`),
	"an escaped op code":             matchDataWith(`"op_code":"\u0031"`),
	"text that is not ASCII":         matchDataWith(`"match_id":"é"`),
	"text that is not UTF-8":         matchDataWith("\"match_id\":\"\xff\""),
	"data that is not UTF-8":         matchDataWith("\"data\":\"\xff\xff\xff\xff\""),
	"a control character":            matchDataWith("\"match_id\":\"\x1f\""),
	"a line break in data":           matchDataWith("\"data\":\"eHh4\neHh4\""),
	"four line breaks in data":       matchDataWith("\"data\":\"eHh4\n\r\n\r\""),
	"url-safe data":                  matchDataWith(`"data":"AAD_-w=="`),
	"data without padding":           matchDataWith(`"data":"eA"`),
	"padding in the middle":          matchDataWith(`"data":"eA==eA=="`),
	"data of other characters":       matchDataWith(`"data":"####"`),
	"data that is no text":           matchDataWith(`"data":5`),
	"a fraction":                     matchDataWith(`"op_code":1.0`),
	"an exponent":                    matchDataWith(`"op_code":1e1`),
	"an exponent in a text":          matchDataWith(`"op_code":"1e1"`),
	"a leading zero":                 matchDataWith(`"op_code":01`),
	"a leading zero in a text":       matchDataWith(`"op_code":"01"`),
	"minus zero":                     matchDataWith(`"op_code":-0`),
	"plus":                           matchDataWith(`"op_code":"+1"`),
	"a minus alone":                  matchDataWith(`"op_code":-`),
	"two minus":                      matchDataWith(`"op_code":"--1"`),
	"spaces around a number":         matchDataWith(`"op_code":" 1 "`),
	"an empty op code":               matchDataWith(`"op_code":""`),
	"the greatest number":            matchDataWith(`"op_code":"9223372036854775807"`),
	"the least number":               matchDataWith(`"op_code":-9223372036854775808`),
	"too great a number":             matchDataWith(`"op_code":9223372036854775808`),
	"letters behind a number":        matchDataWith(`"op_code":1a`),
	"an op code that is no number":   matchDataWith(`"op_code":true`),
	"a boolean as text":              matchDataWith(`"reliable":"true"`),
	"a boolean as a number":          matchDataWith(`"reliable":1`),
	"letters behind a boolean":       matchDataWith(`"reliable":truely`),
	"a part of a boolean":            matchDataWith(`"reliable":tru`),
	"presences that are no list":     matchDataWith(`"presences":{}`),
	"a presence that is no object":   matchDataWith(`"presences":["a"]`),
	"a comma behind a presence":      matchDataWith(`"presences":[{},]`),
	"a comma behind a field":         matchDataWith(`"op_code":1,`),
	"a comma before a field":         matchDataWith(`,"op_code":1`),
	"no comma":                       matchDataWith(`"op_code":1"reliable":true`),
	"no colon":                       matchDataWith(`"op_code" 1`),
	"no quotation marks":             matchDataWith(`op_code:1`),
	"an unfinished text":             `{"match_data_send":{"match_id":"x`,
	"no end":                         `{"match_data_send":{}`,
	"something behind":               `{"match_data_send":{}}x`,
	"another message behind":         `{"match_data_send":{}}{}`,
	"a byte order mark":              "\ufeff" + matchDataWith(``),
	"other white space":              "\v" + matchDataWith(``),
}

// matchDataWith is a message whose match_data_send has the given members.
func matchDataWith(fields string) string { return `{"match_data_send":{` + fields + `}}` }

func TestDecodeMatchDataSend(t *testing.T) {
	t.Parallel()
	for name, text := range plainMatchDataSends {
		if !decodesAsGeneral(t, []byte(text)) {
			t.Errorf("%s: left to the general decoder: %s", name, text)
		}
	}
	for name, text := range unusualMatchDataSends {
		if decodesAsGeneral(t, []byte(text)) {
			t.Errorf("%s: not left to the general decoder: %s", name, text)
		}
	}
}

// TestDecodeMatchDataSendAltered reads all that comes of a message by altering, adding or
// leaving out one byte.
func TestDecodeMatchDataSendAltered(t *testing.T) {
	t.Parallel()
	text := `{"match_data_send":{"match_id":"x.y","op_code":"-10","data":"eA==","presences":[{"user_id":"a"}],"reliable":true},"cid":"1"}`
	for i := range text {
		for c := range 256 {
			decodesAsGeneral(t, []byte(text[:i]+string([]byte{byte(c)})+text[i:]))
			decodesAsGeneral(t, []byte(text[:i]+string([]byte{byte(c)})+text[i+1:]))
		}
		decodesAsGeneral(t, []byte(text[:i]))
		decodesAsGeneral(t, []byte(text[:i]+text[i+1:]))
	}
}

func FuzzMatchDataSend(f *testing.F) {
	for _, seeds := range []map[string]string{plainMatchDataSends, unusualMatchDataSends} {
		for _, text := range seeds {
			f.Add([]byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) { decodesAsGeneral(t, text) })
}

// decodesAsGeneral reports whether a message is read without the general decoder. It fails
// the test if that would have come to anything else, or if the envelope keeps a part of
// the text.
func decodesAsGeneral(t *testing.T, text []byte) bool {
	t.Helper()
	buffer := bytes.Clone(text)
	in, ok := decodeMatchDataSend(buffer)
	if !ok {
		return false
	}
	clear(buffer)
	want, err := decodeGeneral(text)
	if err != nil {
		t.Fatalf("%q was decoded, want %v", text, err)
	}
	if !proto.Equal(in, want) {
		t.Fatalf("%q means %v, want %v", text, in, want)
	}
	data, wantData := in.GetMatchDataSend().Data, want.GetMatchDataSend().Data
	if (data == nil) != (wantData == nil) {
		t.Fatalf("%q has data %v, want %v", text, data, wantData)
	}
	return true
}

// TestDecodeMatchDataSendAllocations: one for the envelope with all its messages, one for
// the match's id, one for the data.
func TestDecodeMatchDataSendAllocations(t *testing.T) {
	text := []byte(sampleMatchDataSend)
	if n := testing.AllocsPerRun(100, func() { _, _ = formatJSON.decode(text) }); n != 3 {
		t.Errorf("%v allocations, want 3", n)
	}
	other := []byte(`{"cid":"1","rpc":{"id":"` + strings.Repeat("x", 100) + `"}}`)
	if n := testing.AllocsPerRun(100, func() { _, _ = decodeMatchDataSend(other) }); n != 0 {
		t.Errorf("%v allocations for another message, want none", n)
	}
}

func BenchmarkMatchDataSend(b *testing.B) {
	text := []byte(sampleMatchDataSend)
	for name, decode := range map[string]func([]byte) (*rtapi.Envelope, error){"own": formatJSON.decode, "general": decodeGeneral} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decode(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("another", func(b *testing.B) {
		other := []byte(`{"cid":"1","rpc":{"id":"x"}}`)
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := decodeMatchDataSend(other); ok {
				b.Fatal("decoded")
			}
		}
	})
}
