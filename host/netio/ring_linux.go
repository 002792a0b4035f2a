package netio

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Ring is a pair of queues that are shared with the kernel: one of requests and one of
// their results. It is used by one goroutine at a time.
type Ring struct {
	fd     int
	memory [][]byte // mapped

	requests []request
	order    []uint32 // of the requests, by their places
	head     *uint32  // of the requests; the kernel's
	tail     *uint32  // of the requests; ours

	results     []result
	resultsHead *uint32 // ours
	resultsTail *uint32 // the kernel's

	sends []Send // during Send; also keeps their data where it is
}

// The kernel's structures and numbers, as linux/io_uring.h has them.
type (
	request struct {
		op, flags uint8
		priority  uint16
		fd        int32
		offset    uint64
		address   uint64
		length    uint32
		sendFlags uint32
		user      uint64
		_         [24]byte
	}
	result struct {
		user  uint64
		value int32 // bytes, or an error's number below 0
		flags uint32
	}
	params struct {
		requests, results, flags, cpu, idle, features, workers uint32
		_                                                      [3]uint32
		request                                                struct {
			head, tail, mask, size, flags, dropped, order, _ uint32
			_                                                uint64
		}
		result struct {
			head, tail, mask, size, overflow, entries, flags, _ uint32
			_                                                   uint64
		}
	}
)

const (
	opSend      = 26
	getEvents   = 1
	oneMapping  = 1 << 0 // both queues' pointers lie in one mapping
	hasOpSend   = 1 << 3 // a feature that came with opSend
	requestsAt  = 0x10000000
	sharedProt  = unix.PROT_READ | unix.PROT_WRITE
	sharedFlags = unix.MAP_SHARED | unix.MAP_POPULATE
)

// New makes a ring for up to size sends at a time, a power of two.
func New(size int) (*Ring, error) {
	var p params
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(size), uintptr(unsafe.Pointer(&p)), 0)
	if errno != 0 {
		return nil, fmt.Errorf("set up io_uring: %w", errno)
	}
	r := &Ring{fd: int(fd)}
	if p.features&(oneMapping|hasOpSend) != oneMapping|hasOpSend {
		r.Close()
		return nil, fmt.Errorf("set up io_uring: the kernel is too old: %w", unix.ENOSYS)
	}
	if err := r.share(&p); err != nil {
		r.Close()
		return nil, fmt.Errorf("share io_uring's queues: %w", err)
	}
	return r, nil
}

func (r *Ring) share(p *params) error {
	queues, err := r.mapping(0, max(p.request.order+p.requests*4, p.result.entries+p.results*uint32(unsafe.Sizeof(result{}))))
	if err != nil {
		return err
	}
	requests, err := r.mapping(requestsAt, p.requests*uint32(unsafe.Sizeof(request{})))
	if err != nil {
		return err
	}
	number := func(at uint32) *uint32 { return (*uint32)(unsafe.Pointer(&queues[at])) }
	r.requests = unsafe.Slice((*request)(unsafe.Pointer(&requests[0])), p.requests)
	r.order = unsafe.Slice(number(p.request.order), p.requests)
	r.head, r.tail = number(p.request.head), number(p.request.tail)
	r.results = unsafe.Slice((*result)(unsafe.Pointer(&queues[p.result.entries])), p.results)
	r.resultsHead, r.resultsTail = number(p.result.head), number(p.result.tail)
	return nil
}

func (r *Ring) mapping(at int64, size uint32) ([]byte, error) {
	memory, err := unix.Mmap(r.fd, at, int(size), sharedProt, sharedFlags)
	if err == nil {
		r.memory = append(r.memory, memory)
	}
	return memory, err
}

// Send gives each connection as much as it takes without waiting, in order, and notes in
// sends what that was: Err is unix.EAGAIN where a connection takes nothing now. There must
// be no more sends than the ring has places. The error is why the kernel has not begun some
// of them; the ring is of no use any more.
func (r *Ring) Send(sends []Send) error {
	r.sends = sends
	defer func() { r.sends = nil }()
	for i := range sends {
		s := &sends[i]
		s.Sent, s.Err = 0, unix.ECANCELED
		r.put(i, request{
			op: opSend, fd: int32(s.FD), address: uint64(uintptr(unsafe.Pointer(unsafe.SliceData(s.Data)))), length: uint32(len(s.Data)),
			sendFlags: unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL, user: uint64(i),
		})
	}
	release()
	atomic.StoreUint32(r.tail, *r.tail+uint32(len(sends)))
	return r.finish()
}

// put writes the request that comes so many places after the queue's tail.
func (r *Ring) put(after int, q request) {
	place := (*r.tail + uint32(after)) & uint32(len(r.requests)-1)
	r.requests[place], r.order[place] = q, place
}

// finish submits what is in the queue and takes the results. A request that never
// waits has its result when the kernel returns; only a signal can come between.
func (r *Ring) finish() error {
	for open := len(r.sends); open > 0; open -= r.take() {
		waiting := *r.tail - atomic.LoadUint32(r.head)
		_, _, errno := unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(waiting), uintptr(open), getEvents, 0, 0)
		if errno != 0 && errno != unix.EINTR {
			r.withdraw(errno)
			r.take()
			return fmt.Errorf("submit to io_uring: %w", errno)
		}
	}
	return nil
}

// withdraw takes back what the kernel has not begun.
func (r *Ring) withdraw(why error) {
	head := atomic.LoadUint32(r.head)
	waiting := int(*r.tail - head)
	atomic.StoreUint32(r.tail, head)
	for i := len(r.sends) - waiting; i < len(r.sends); i++ {
		r.sends[i].Err = why
	}
}

// take takes the results that are there, and says how many they were.
func (r *Ring) take() int {
	head, tail := *r.resultsHead, atomic.LoadUint32(r.resultsTail)
	for at := head; at != tail; at++ {
		got := &r.results[at&uint32(len(r.results)-1)]
		s := &r.sends[got.user]
		if got.value < 0 {
			s.Err = unix.Errno(-got.value)
		} else {
			s.Sent, s.Err = int(got.value), nil
		}
	}
	atomic.StoreUint32(r.resultsHead, tail)
	return int(tail - head)
}

// Close gives the ring back to the kernel.
func (r *Ring) Close() {
	for _, memory := range r.memory {
		_ = unix.Munmap(memory)
	}
	_ = unix.Close(r.fd)
}
