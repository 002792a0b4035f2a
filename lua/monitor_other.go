//go:build !linux

package lua

// wakeMonitor has nothing to do where system calls wake the Go runtime's monitor.
func wakeMonitor() {}
