package nkshim

import (
	"errors"
	"io/fs"
	"path"

	"nkhost/lua/glua"
)

var fileFunctions = map[string]function{
	"file_read": fileRead,
}

// fileRead reads a file of the modules folder. Nakama lets a path lead out of the
// folder; here it does not, and neither does a link.
func fileRead(r *Runtime, c call) int {
	name := c.filledText(1, "path")
	clean := path.Clean("/" + name)[1:]
	content, err := fs.ReadFile(r.deps.Files, clean)
	if errors.Is(err, fs.ErrNotExist) {
		c.fail("the modules folder has no file %q", name)
	}
	if err != nil {
		c.fail("read %q: %v", name, err)
	}
	return c.push(glua.LString(content))
}
