// Package spec runs tests that are written in Lua: files whose names end in _test.lua or
// .test.lua. Each test has a world of its own, an nktest.Host with the modules, in which
// its file is evaluated anew. prelude.lua is what the files find there.
package spec

import (
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"

	"nkhost/lua"
)

// Options say which tests run.
type Options struct {
	Modules fs.FS          // the modules' folder; spec files in it are no modules
	Specs   fs.FS          // where to look for spec files
	Run     *regexp.Regexp // nil, or what the names of tests must match
	// Coverage counts the lines of the modules that run; nil counts none.
	Coverage *lua.Coverage
}

// Result is what came of a test.
type Result struct {
	File    string
	Name    string // "" if the file itself failed
	Pending bool   // it is yet to be written
	Failure string // "" if it passed
	Took    time.Duration
}

// IsSpec says whether a file is a spec file.
func IsSpec(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, "_test.lua") || strings.HasSuffix(name, ".test.lua")
}

// Run runs the tests one after another and tells each what came of it. The error is
// about the folders, or that ctx ended; there is none because tests fail.
func Run(ctx context.Context, options Options, tell func(Result)) error {
	files, err := specFiles(options.Specs)
	if err != nil {
		return fmt.Errorf("look for spec files: %w", err)
	}
	prelude, err := lua.ReadModule(prelude, "prelude.lua")
	if err != nil {
		return fmt.Errorf("read the prelude: %w", err)
	}
	r := &run{options: options, modules: withoutSpecs{options.Modules}, prelude: prelude, tell: tell}
	for _, file := range files {
		if err := r.file(ctx, file); err != nil {
			return err
		}
	}
	return nil
}

// specFiles finds the spec files, but for those in folders that no person looks into.
func specFiles(fsys fs.FS) (files []string, err error) {
	err = fs.WalkDir(fsys, ".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return fs.SkipDir
		case !entry.IsDir() && IsSpec(entry.Name()):
			files = append(files, file)
		}
		return nil
	})
	return files, err
}

type run struct {
	options Options
	modules fs.FS
	prelude *lua.Modules
	tell    func(Result)
}

// file runs the tests of a file.
func (r *run) file(ctx context.Context, file string) error {
	began := time.Now()
	broken := func(err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.tell(Result{File: file, Failure: describe(err, file), Took: time.Since(began)})
		return nil
	}
	spec, err := lua.ReadModule(r.options.Specs, file)
	if err != nil {
		return broken(err)
	}
	w, tests, err := r.openWorld(ctx, spec)
	if err != nil {
		return broken(err)
	}
	if err := w.close(); err != nil {
		return broken(err)
	}
	for i, test := range tests {
		if r.options.Run != nil && !r.options.Run.MatchString(test.Name) {
			continue
		}
		result := Result{File: file, Name: test.Name, Pending: test.Pending}
		if !test.Pending {
			result = r.test(ctx, spec, i, result)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.tell(result)
	}
	return nil
}

// test runs one test in a world of its own.
func (r *run) test(ctx context.Context, spec *lua.Modules, index int, result Result) Result {
	began := time.Now()
	w, _, err := r.openWorld(ctx, spec)
	if err == nil {
		err = w.run(ctx, index)
		if closing := w.close(); err == nil {
			err = closing
		}
	}
	if err != nil {
		result.Failure = describe(err, result.File)
	}
	result.Took = time.Since(began)
	return result
}

// withoutSpecs is a modules' folder in which one does not see the spec files.
type withoutSpecs struct{ fs.FS }

// ReadDir lists a folder.
func (f withoutSpecs) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(f.FS, name)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !e.IsDir() && IsSpec(e.Name()) }), err
}
