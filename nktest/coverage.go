package nktest

import (
	"flag"
	"fmt"
	"strings"

	"nkhost/lua"
	"nkhost/nktest/cover"
)

// coverFlag is the flag of go test that asks for the coverage of Lua modules.
const coverFlag = "nk.cover"

// Cover runs the tests of a package and, if go test has the flag -nk.cover FILE, writes
// which lines of the Lua modules they ran. It is for TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(nktest.Cover(m)) }
//
// The file is a profile for go tool cover if its name ends in .out, else lcov's. Its path
// starts from the package's folder, and several files may be asked for. All hosts and
// replays of the process count together. A table of the modules is printed, which go test
// shows with -v or in the package's folder.
func Cover(m interface{ Run() int }) (status int) {
	wanted := &covered{lines: lua.NewCoverage()}
	flag.Var(wanted, coverFlag, "write which lines of the Lua modules ran to `FILE`: as a Go cover profile if its name ends in .out, else as lcov")
	status = m.Run()
	if len(wanted.names) == 0 {
		return status
	}
	if err := wanted.save(); err != nil {
		fmt.Println(err)
		return max(status, 1)
	}
	return status
}

// CountLines has the host's modules count which of their lines run. With nil they do not.
func CountLines(coverage *lua.Coverage) Option {
	return func(s *settings) { s.coverage = coverage }
}

// covered is the value of the flag. All hosts of a process find it there.
type covered struct {
	names []string
	lines *lua.Coverage
}

// Set takes one more file's name.
func (c *covered) Set(name string) error {
	c.names = append(c.names, name)
	return nil
}

// String is the files' names.
func (c *covered) String() string { return strings.Join(c.names, ",") }

func (c *covered) save() error {
	files := c.lines.Files()
	var table strings.Builder
	if err := cover.WriteTable(&table, files); err != nil {
		return err
	}
	fmt.Printf("lines of the Lua modules that ran:\n%s", table.String())
	for _, name := range c.names {
		if err := cover.Save(name, files); err != nil {
			return err
		}
	}
	return nil
}

// coverage is what hosts count in if the flag asks for it, else nil.
func coverage() *lua.Coverage {
	found := flag.Lookup(coverFlag)
	if found == nil {
		return nil
	}
	wanted, ok := found.Value.(*covered)
	if !ok || len(wanted.names) == 0 {
		return nil
	}
	return wanted.lines
}
