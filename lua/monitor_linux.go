package lua

import "syscall"

// wakeMonitor wakes the monitor of the Go runtime, which lets others have the processor
// when a call runs for long: on one processor the watchdog, too. It sleeps while all is
// idle until a system call is made that may block. Calls that come over the network bring
// none, see host/netio.
func wakeMonitor() { _, _ = syscall.Write(-1, nil) }
