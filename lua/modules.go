package lua

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	gopher "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"nkhost/lua/glua"
)

// Modules is a folder tree of Lua modules, read into memory and compiled. It does not
// change, and any number of runtimes may share it.
type Modules struct {
	names    []string
	byName   map[string]*module
	coverage *Coverage // nil if no lines are counted
}

type module struct {
	name  string
	file  string
	proto *glua.FunctionProto
}

// SyntaxError says where a module is not Lua. File is relative to the modules' folder.
type SyntaxError struct {
	File    string
	Line    int
	Message string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message)
}

// ReadModules reads and compiles every file of fsys whose name ends in .lua. The file
// a/b.lua is the module "a.b". The error joins a *SyntaxError for each file that does
// not compile.
func ReadModules(fsys fs.FS) (*Modules, error) { return readModules(fsys, nil) }

func readModules(fsys fs.FS, coverage *Coverage) (*Modules, error) {
	m := &Modules{byName: map[string]*module{}, coverage: coverage}
	var faults []error
	err := fs.WalkDir(fsys, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() || ModuleName(file) == "" {
			return nil
		}
		if err := m.add(fsys, file); err != nil {
			faults = append(faults, err)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the Lua modules: %w", err)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	slices.Sort(m.names)
	return m, nil
}

// ReadModule reads and compiles one file of fsys, as ReadModules does.
func ReadModule(fsys fs.FS, file string) (*Modules, error) {
	m := &Modules{byName: map[string]*module{}}
	return m, m.add(fsys, file)
}

func (m *Modules) add(fsys fs.FS, file string) error {
	source, err := fs.ReadFile(fsys, file)
	if err != nil {
		return fmt.Errorf("reading the Lua modules: %w", err)
	}
	name := ModuleName(file)
	if other := m.byName[name]; other != nil {
		return fmt.Errorf("%s and %s would both be the Lua module %q; rename one", other.file, file, name)
	}
	proto, err := compile(tree{file: file}, string(source))
	if err != nil {
		return err
	}
	if m.coverage != nil {
		proto = m.coverage.count(fsys, file, string(source), proto)
	}
	m.names = append(m.names, name)
	m.byName[name] = &module{name: name, file: file, proto: proto}
	return nil
}

// Names returns the modules' dotted names in order, which is the order in which
// VM.LoadAll evaluates them.
func (m *Modules) Names() []string { return slices.Clone(m.names) }

// Has says whether there is a module of that dotted name.
func (m *Modules) Has(name string) bool { return m.byName[name] != nil }

// compile turns source text into a prototype; its error is a *SyntaxError.
func compile(syntax tree, source string) (proto *glua.FunctionProto, err error) {
	file := syntax.file
	defer func() {
		// gopher-lua's parser and compiler panic on some texts that they do not
		// expect, and these must not end the process.
		if fault := recover(); fault != nil {
			proto, err = nil, &SyntaxError{File: file, Line: 1, Message: fmt.Sprint(fault)}
		}
	}()
	chunk, err := parse.Parse(strings.NewReader(source), file)
	if err != nil {
		return nil, parseFault(file, source, err)
	}
	if err := syntax.block(&chunk, 1); err != nil {
		return nil, err
	}
	proto, err = glua.Compile(chunk, file, syntax.made)
	if err != nil {
		return nil, compileFault(file, err)
	}
	return proto, nil
}

func parseFault(file, source string, err error) *SyntaxError {
	fault := &SyntaxError{File: file, Line: 1, Message: err.Error()}
	var parsing *parse.Error
	if !errors.As(err, &parsing) {
		return fault
	}
	fault.Line, fault.Message = parsing.Pos.Line, parsing.Message
	if parsing.Pos.Line == parse.EOF {
		fault.Line = 1 + strings.Count(strings.TrimRight(source, "\n"), "\n")
		fault.Message += " at the end of the file"
	} else if parsing.Token != "" {
		fault.Message += fmt.Sprintf(" near %q", parsing.Token)
	}
	return fault
}

func compileFault(file string, err error) *SyntaxError {
	var compiling *gopher.CompileError
	if errors.As(err, &compiling) {
		return &SyntaxError{File: file, Line: compiling.Line, Message: compiling.Message}
	}
	return &SyntaxError{File: file, Line: 1, Message: err.Error()}
}
