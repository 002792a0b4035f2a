//go:build amd64 || arm64

package glua

import "unsafe"

//go:noescape
func touch(p unsafe.Pointer)
