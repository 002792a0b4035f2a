package lua

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/yuin/gopher-lua/ast"

	"nkhost/lua/glua"
)

// Coverage counts how often the lines of modules run, in all VMs of all runtimes that
// have the modules from its ReadModules. It is safe for concurrent use.
//
// Modules that are counted are compiled with a call of a Go function before each
// statement. The function is a constant of the program, not a variable, so that the
// program cannot tell; modules that are not counted are compiled as ever.
type Coverage struct {
	mu    sync.Mutex
	files map[countedSource]*countedFile
}

// NewCoverage makes one that has counted nothing.
func NewCoverage() *Coverage { return &Coverage{files: map[countedSource]*countedFile{}} }

// ReadModules is the function ReadModules for modules whose lines are counted.
func (c *Coverage) ReadModules(fsys fs.FS) (*Modules, error) { return readModules(fsys, c) }

// FileCoverage is how often the lines of a file have run.
type FileCoverage struct {
	// Name is the path under which the program opened the file, or, where the modules are
	// no files on disk, the path within their folder.
	Name string
	// Lines are those on which a statement begins, and those of until, in order.
	Lines []LineCount
	// Uncounted says that the file has a function with so many local variables that
	// nothing fits in; Lines is empty then.
	Uncounted bool
}

// LineCount is how often a line has run. Of several statements on a line, the one that
// ran most often counts.
type LineCount struct {
	Line  int
	Count uint64
}

// Files lists the files by name.
func (c *Coverage) Files() []FileCoverage {
	c.mu.Lock()
	defer c.mu.Unlock()
	byName := map[string]map[int]uint64{}
	uncounted := map[string]bool{}
	for source, file := range c.files {
		lines := byName[source.name]
		if lines == nil {
			lines = map[int]uint64{}
			byName[source.name] = lines
		}
		for line, count := range file.counts() {
			lines[line] += count
		}
		uncounted[source.name] = uncounted[source.name] || file.uncounted
	}
	var files []FileCoverage
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		file := FileCoverage{Name: name, Uncounted: uncounted[name]}
		for _, line := range slices.Sorted(maps.Keys(byName[name])) {
			file.Lines = append(file.Lines, LineCount{line, byName[name][line]})
		}
		files = append(files, file)
	}
	return files
}

// countedSource tells apart what has one name in several hosts of a process.
type countedSource struct{ name, source string }

type countedFile struct {
	counters  []*counter
	uncounted bool // the counters do not fit in
}

// counter counts a statement. Its function adds to it.
type counter struct {
	line  int
	count atomic.Uint64
	fn    *glua.LFunction
}

func newCounter(line int) *counter {
	c := &counter{line: line}
	c.fn = NewFunction(func(*glua.LState) int {
		c.count.Add(1)
		return 0
	})
	return c
}

func (f *countedFile) counts() map[int]uint64 {
	lines := map[int]uint64{}
	for _, c := range f.counters {
		lines[c.line] = max(lines[c.line], c.count.Load())
	}
	return lines
}

// count compiles a file, which compiles as plain without counters, with them. It returns
// plain if the counters do not fit in.
func (c *Coverage) count(fsys fs.FS, file, source string, plain *glua.FunctionProto) *glua.FunctionProto {
	counters := &counters{}
	proto, err := compile(tree{file: file, counters: counters}, source)
	if err != nil {
		proto = plain
	}
	counted := c.file(countedSource{openedName(fsys, file), source}, counters.lines, err != nil)
	counted.patch(proto)
	return proto
}

// file is the one of that source, whose counters all that is compiled from it share.
func (c *Coverage) file(source countedSource, lines []int, uncounted bool) *countedFile {
	c.mu.Lock()
	defer c.mu.Unlock()
	file := c.files[source]
	if file != nil {
		return file
	}
	file = &countedFile{uncounted: uncounted}
	c.files[source] = file
	if uncounted {
		return file
	}
	for _, line := range lines {
		file.counters = append(file.counters, newCounter(line))
	}
	return file
}

// openedName is the path under which a file was opened if fsys is a folder on disk.
func openedName(fsys fs.FS, file string) string {
	opened, err := fsys.Open(file)
	if err != nil {
		return file
	}
	defer opened.Close()
	if onDisk, ok := opened.(*os.File); ok {
		return filepath.ToSlash(onDisk.Name())
	}
	return file
}

// counters are the calls that are put into a file's syntax: a call of a constant that
// names the counter until patch has put the counter's function in its place.
type counters struct {
	lines []int // by the counter's number
}

const counterPrefix = "\x00nkhost counts statement "

func (c *counters) call(line int) ast.Stmt {
	name := &ast.StringExpr{Value: counterPrefix + strconv.Itoa(len(c.lines))}
	call := &ast.FuncCallExpr{Func: name}
	stmt := &ast.FuncCallStmt{Expr: call}
	for _, node := range []ast.PositionHolder{name, call, stmt} {
		node.SetLine(line)
		node.SetLastLine(line)
	}
	c.lines = append(c.lines, line)
	return stmt
}

// insert puts a call before each statement of a block that does something by itself, and
// one before the condition of until.
func (c *counters) insert(stmts *[]ast.Stmt) {
	counted := make([]ast.Stmt, 0, 2*len(*stmts))
	for _, stmt := range *stmts {
		switch s := stmt.(type) {
		case *ast.LabelStmt, *ast.DoBlockStmt:
		case *ast.RepeatStmt:
			s.Stmts = append(s.Stmts, c.call(s.Condition.Line()))
		default:
			counted = append(counted, c.call(stmt.Line()))
		}
		counted = append(counted, stmt)
	}
	*stmts = counted
}

// patch puts the counters' functions into a prototype.
func (f *countedFile) patch(proto *glua.FunctionProto) {
	proto.ReplaceConstants(func(name string) *glua.LFunction {
		digits, ok := strings.CutPrefix(name, counterPrefix)
		if number, err := strconv.Atoi(digits); ok && err == nil && number < len(f.counters) {
			return f.counters[number].fn
		}
		return nil
	})
}
