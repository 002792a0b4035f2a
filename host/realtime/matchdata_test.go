package realtime

import (
	"bytes"
	"testing"

	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"nkhost/host/match"
)

// FuzzMatchData holds match data's own JSON against the general encoder's: the same
// meaning, and failure for the same input.
func FuzzMatchData(f *testing.F) {
	f.Add("id.node", true, "user", "session", "name", int64(1), []byte("data"), true)
	f.Add("", true, "", "", "", int64(0), []byte{}, false)
	f.Add("a\"\\\n\x00\x7f<>&", false, "\u2028", "\xff", "é😀", int64(-1), []byte{0, 255}, false)
	f.Add("\xff", false, "", "", "", int64(0), []byte(nil), false)
	f.Add("x", true, "\xff", "", "", int64(0), []byte(nil), false)
	f.Fuzz(func(t *testing.T, id string, sent bool, user, session, name string, op int64, data []byte, reliable bool) {
		m := &matchData{matchID: id, opCode: op, data: data, reliable: reliable}
		if sent {
			m.sender = &match.Presence{UserID: user, SessionID: session, Username: name}
		}
		_, want := envelope{m.wire()}.appendTo(nil, formatJSON)
		text, err := m.appendTo(nil, formatJSON)
		if (err != nil) != (want != nil) {
			t.Fatalf("encoded with %v, want %v", err, want)
		}
		if err != nil {
			return
		}
		back := &rtapi.Envelope{}
		if err := protojson.Unmarshal(text, back); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if !proto.Equal(back, m.wire()) {
			t.Fatalf("%s means %v, want %v", text, back, m.wire())
		}
	})
}

func sampleMatchData() *matchData {
	return &matchData{
		matchID: userID("match") + ".nakama1", sender: &match.Presence{UserID: userID("a"), SessionID: userID("b"), Username: "alice"},
		opCode: 2, data: bytes.Repeat([]byte("x"), 200), reliable: true,
	}
}

// TestFrameAllocations: one buffer a frame, and no growing of it.
func TestFrameAllocations(t *testing.T) {
	m := sampleMatchData()
	if n := testing.AllocsPerRun(100, func() { _, _ = encodeFrame(m, formatJSON) }); n != 1 {
		t.Errorf("%v allocations, want 1", n)
	}
}

func BenchmarkMatchData(b *testing.B) {
	m := sampleMatchData()
	for name, message := range map[string]message{"own": m, "general": envelope{m.wire()}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := encodeFrame(message, formatJSON); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
