package spec

import (
	"fmt"
	"hash/fnv"
	"io/fs"
	"path"
	"strings"
)

// Fingerprint changes when a Lua file of one of the folders comes, goes or changes.
func Fingerprint(folders ...fs.FS) uint64 {
	sum := fnv.New64a()
	for _, folder := range folders {
		_ = fs.WalkDir(folder, ".", func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.EqualFold(path.Ext(file), ".lua") {
				return nil // what cannot be read now is looked at again soon
			}
			if info, err := entry.Info(); err == nil {
				fmt.Fprintln(sum, file, info.Size(), info.ModTime().UnixNano())
			}
			return nil
		})
	}
	return sum.Sum64()
}
