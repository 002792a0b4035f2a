//go:build unix && (!linux || race)

package netio

import "syscall"

// The race detector learns from syscall's calls that what was read comes after what was
// written.

func sysRead(fd int, p []byte) (int, error) { return syscall.Read(fd, p) }

func sysWrite(fd int, p []byte) (int, error) { return syscall.Write(fd, p) }

// release tells it of what a call that it does not see is about to write.
func release() { _, _ = syscall.Write(NoFD, nil) }
