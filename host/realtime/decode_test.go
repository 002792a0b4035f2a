package realtime

import (
	"encoding/binary"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"nkhost/host/match"
	"nkhost/host/session"
)

func discard() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// idleSocket is a socket without a connection; nothing may be written to it.
func idleSocket(s *Server) *socket {
	c := s.newSocket(nil, nil, formatJSON, uuid.New(), &session.Caller{SessionID: uuid.NewString(), UserID: uuid.NewString()})
	c.pings.Stop()
	return c
}

// FuzzMessage feeds what a client may send through decoding and handling: it must
// not panic, and be refused exactly when the general decoder refuses it.
func FuzzMessage(f *testing.F) {
	for _, text := range []string{
		`{"cid":"1","ping":{}}`, `{"match_join":{"match_id":"4ec4f126-3f9d-11e7-84ef-b7c182b36521.","metadata":{"a":"b"}}}`,
		`{"match_join":{"token":"match 4ec4f126-3f9d-11e7-84ef-b7c182b36521."}}`, `{"match_create":{"name":"x"}}`,
		`{"match_data_send":{"match_id":"x.","op_code":"1","data":"eA==","presences":[{"user_id":"x"}]}}`,
		`{"matchmaker_add":{"min_count":2,"count_multiple":1,"numeric_properties":{"a":1e3}}}`, `{"rpc":{"id":"echo"}}`,
		`{"status_update":{"status":"x"}}`, `{"status_follow":{"user_ids":["x"],"usernames":["y"]}}`, `{"ping":{},"ping":{}}`,
		`{"party_create":{}}`, `null`, `{"match":{}}`, `{"match_leave":{"match_id":"."}}`, `{"status_unfollow":{"user_ids":[null]}}`,
	} {
		f.Add([]byte(text), false)
		in := &rtapi.Envelope{}
		if protojson.Unmarshal([]byte(text), in) == nil {
			data, _ := proto.Marshal(in)
			f.Add(data, true)
		}
	}
	maker, matches := &fakeMatchmaker{calls: make(chan call, 100)}, &fakeMatches{answers: map[string]func(match.Joiner) (match.JoinResult, error){}, calls: make(chan call, 100)}
	server := New(Options{
		Tokens: fakeTokens{}, Matches: matches, Matchmaker: maker, Runtime: &fakeRuntime{}, Users: fakeUsers{},
		Node: testNode, Now: time.Now, Log: discard(),
	})
	f.Fuzz(func(t *testing.T, data []byte, binary bool) {
		if len(data) > 4096 {
			return
		}
		format := formatJSON
		want := protojson.Unmarshal(data, &rtapi.Envelope{})
		if binary {
			format, want = formatProtobuf, proto.Unmarshal(data, &rtapi.Envelope{})
		}
		in, err := format.decode(data)
		if (err != nil) != (want != nil) {
			t.Fatalf("decoded with %v, want %v", err, want)
		}
		if err != nil || in.GetRpc().GetId() == "block" {
			return
		}
		c := idleSocket(server)
		c.outbox.state = sealed
		server.handle(c, in)
		server.tracker.untrackSocket(c, match.ReasonDisconnect)
		for len(maker.calls) > 0 {
			<-maker.calls
		}
		if n := server.Presences(); n != 0 {
			t.Fatalf("%d presences are left", n)
		}
	})
}

// FuzzMatchID: an id that is read is written the same, and read again the same.
func FuzzMatchID(f *testing.F) {
	for _, id := range []string{"", ".", "x.y", "4ec4f126-3f9d-11e7-84ef-b7c182b36521", "4ec4f126-3f9d-11e7-84ef-b7c182b36521.", "{4EC4F126-3f9d-11e7-84ef-b7c182b36521}.a.b"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		stream, ok := matchStream(id)
		if !ok {
			return
		}
		again, ok := matchStream(stream.id())
		if !ok || again != stream {
			t.Fatalf("%q is %+v, and its id %q is %+v", id, stream, stream.id(), again)
		}
	})
}

// TestFrames: the library at the other end reads frames of all sizes.
func TestFrames(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 60, 125, 126, 127, 65_535, 65_536, 200_000} {
		frame, err := encodeFrame(raw(size), formatProtobuf)
		if err != nil {
			t.Fatal(err)
		}
		length, header := int(frame[1]), 2
		switch length {
		case 126:
			length, header = int(binary.BigEndian.Uint16(frame[2:])), 4
		case 127:
			length, header = int(binary.BigEndian.Uint64(frame[2:])), 10
		}
		if frame[0] != 0x80|websocket.BinaryMessage || length != size || len(frame) != header+size {
			t.Errorf("%d bytes became a frame of %d: %x", size, len(frame), frame[:header])
		}
	}
}

// raw is a message of so many bytes.
type raw int

func (r raw) appendTo(out []byte, _ format) ([]byte, error) {
	return append(out, make([]byte, r)...), nil
}

func (r raw) sizeHint() int { return int(r) }

func BenchmarkDecode(b *testing.B) {
	text := []byte(`{"match_data_send":{"match_id":"4ec4f126-3f9d-11e7-84ef-b7c182b36521.nakama1","op_code":"1","data":"eyJyb3ciOjEsImNvbCI6MX0=","reliable":true}}`)
	in, err := formatJSON.decode(text)
	if err != nil {
		b.Fatal(err)
	}
	data, err := proto.Marshal(in)
	if err != nil {
		b.Fatal(err)
	}
	for name, f := range map[string]format{"json": formatJSON, "protobuf": formatProtobuf} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			message := text
			if f == formatProtobuf {
				message = data
			}
			for b.Loop() {
				if _, err := f.decode(message); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
