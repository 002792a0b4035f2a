// Package modules holds the bundled game: tic-tac-toe as Nakama Lua modules, and the
// web page that plays it.
package modules

import (
	"embed"
	"io/fs"
)

//go:embed *.lua
var game embed.FS

//go:embed page
var page embed.FS

// Game returns the game's server modules: a folder of Lua files, as runtime.path is.
func Game() fs.FS { return game }

// Page returns the game's page: index.html and what it loads, by relative paths.
func Page() fs.FS {
	root, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // only an invalid path fails
	}
	return root
}
