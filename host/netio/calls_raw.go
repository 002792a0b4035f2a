//go:build linux && !race

package netio

import (
	"syscall"
	"unsafe"
)

func sysRead(fd int, p []byte) (int, error) { return rawCall(syscall.SYS_READ, fd, p) }

func sysWrite(fd int, p []byte) (int, error) { return rawCall(syscall.SYS_WRITE, fd, p) }

func rawCall(call uintptr, fd int, p []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

func release() {}
