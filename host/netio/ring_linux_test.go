package netio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"syscall"
	"testing"
)

func newRing(t testing.TB, size int) *Ring {
	t.Helper()
	ring, err := New(size)
	if err != nil {
		t.Skip("there is no io_uring here:", err)
	}
	t.Cleanup(ring.Close)
	return ring
}

// Round after round each connection gets its own bytes, in order, whatever the others get.
func TestRingSendsToEach(t *testing.T) {
	t.Parallel()
	const conns, rounds = 16, 200
	ring := newRing(t, conns)
	var here, there [conns]net.Conn
	for i := range here {
		here[i], there[i] = connected(t)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for round := range rounds {
		var sends []Send
		for i := range random.IntN(conns + 1) {
			sends = append(sends, Send{FD: FD(here[i]), Data: numbered(round*conns+i, 1+random.IntN(2000)), Err: io.ErrNoProgress})
		}
		if err := ring.Send(sends); err != nil {
			t.Fatal(err)
		}
		for i, s := range sends {
			if s.Err != nil || s.Sent != len(s.Data) {
				t.Fatalf("round %d: connection %d took %d of %d bytes: %v", round, i, s.Sent, len(s.Data), s.Err)
			}
			got := make([]byte, len(s.Data))
			if _, err := io.ReadFull(there[i], got); err != nil || !bytes.Equal(got, s.Data) {
				t.Fatalf("round %d: connection %d got other bytes: %v", round, i, err)
			}
		}
	}
}

// Connections that take only a part, or are gone, do not keep the others from
// getting theirs.
func TestRingTellsWhatWasNotSent(t *testing.T) {
	t.Parallel()
	ring := newRing(t, 8)
	roomy, reader := connected(t)
	cut, _ := connected(t)
	CutOff(cut)
	after, afterReader := connected(t)

	large, small := numbered(1, 64<<20), numbered(2, 100)
	sends := []Send{
		{FD: FD(roomy), Data: large}, {FD: FD(cut), Data: small}, {FD: 1 << 20, Data: small}, {FD: FD(after), Data: small},
	}
	ring.Send(sends)
	for i, want := range []error{nil, syscall.EPIPE, syscall.EBADF, nil} {
		if sends[i].Err != want || sends[i].Sent > 0 == (want != nil) {
			t.Errorf("send %d: %d bytes, %v; want %v", i, sends[i].Sent, sends[i].Err, want)
		}
	}
	part := sends[0].Sent
	if part == len(large) {
		t.Error("the connection took all of it; it was to take a part")
	}
	got := make([]byte, part)
	if _, err := io.ReadFull(reader, got); err != nil || !bytes.Equal(got, large[:part]) {
		t.Errorf("the part that was taken did not arrive: %v", err)
	}
	got = make([]byte, len(small))
	if _, err := io.ReadFull(afterReader, got); err != nil || !bytes.Equal(got, small) {
		t.Errorf("what comes after did not arrive: %v", err)
	}
}

// A connection whose client does not read takes nothing any more at some time.
func TestRingDoesNotWait(t *testing.T) {
	t.Parallel()
	ring := newRing(t, 1)
	full, _ := connected(t)
	sends := []Send{{FD: FD(full), Data: make([]byte, 1<<20)}}
	for sends[0].Err == nil {
		ring.Send(sends)
	}
	if sends[0].Err != syscall.EAGAIN {
		t.Error(sends[0].Err)
	}
}

func TestRingSendsNothingWhenTheKernelRefuses(t *testing.T) {
	t.Parallel()
	ring := newRing(t, 4)
	here, _ := connected(t)
	fd := ring.fd
	ring.fd = FD(here) // which is no ring
	sends := []Send{{FD: FD(here), Data: numbered(1, 10)}, {FD: FD(here), Data: numbered(2, 10)}}
	err := ring.Send(sends)
	ring.fd = fd
	if !errors.Is(err, syscall.EOPNOTSUPP) {
		t.Error(err)
	}
	for i, s := range sends {
		if s.Sent != 0 || s.Err != syscall.EOPNOTSUPP {
			t.Errorf("send %d: %d bytes, %v", i, s.Sent, s.Err)
		}
	}
}

func TestRingAllocatesNothing(t *testing.T) {
	ring := newRing(t, 8)
	here, there := connected(t)
	sends := []Send{{FD: FD(here), Data: make([]byte, 100)}}
	got := make([]byte, 100)
	if allocs := testing.AllocsPerRun(100, func() {
		ring.Send(sends)
		_, _ = io.ReadFull(there, got)
	}); allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// numbered is data unlike the others.
func numbered(number, size int) []byte {
	data := bytes.Repeat(binary.LittleEndian.AppendUint32(nil, uint32(number)), size/4+1)
	return data[:size]
}

// BenchmarkSends is 100 messages to as many connections.
func BenchmarkSends(b *testing.B) {
	const conns = 100
	data := make([]byte, 360)
	sends := make([]Send, conns)
	for i := range sends {
		here, there := connected(b)
		go func() { _, _ = io.Copy(io.Discard, there) }()
		sends[i] = Send{FD: FD(here), Data: data}
	}
	b.Run("one call each", func(b *testing.B) {
		for b.Loop() {
			for i := range sends {
				TryWrite(sends[i].FD, data)
			}
		}
	})
	for _, size := range []int{4, 16, 32, 64, conns} {
		b.Run(fmt.Sprint("ring of ", size), func(b *testing.B) {
			ring := newRing(b, 128)
			for b.Loop() {
				for rest := sends; len(rest) > 0; rest = rest[min(size, len(rest)):] {
					ring.Send(rest[:min(size, len(rest))])
				}
			}
		})
	}
}
