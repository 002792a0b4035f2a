package spec

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"nkhost/lua"
	"nkhost/lua/glua"
	"nkhost/nktest"
)

//go:embed prelude.lua
var prelude embed.FS

// world is a host with a spec file that is evaluated in it.
type world struct {
	test   recorder
	host   *nktest.Host
	vm     *lua.VM
	runner *glua.LTable // what the prelude returns
}

// recorder is the nktest.T of a test.
type recorder struct {
	failures []string
	cleanups []func()
}

// fatal is what Fatalf panics with.
type fatal string

func (r *recorder) Helper()             {}
func (r *recorder) Failed() bool        { return len(r.failures) > 0 }
func (r *recorder) Cleanup(fn func())   { r.cleanups = append(r.cleanups, fn) }
func (r *recorder) Logf(string, ...any) {}
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) { panic(fatal(fmt.Sprintf(format, args...))) }

// try runs fn and returns what it fails with.
func (r *recorder) try(fn func()) (err error) {
	before := len(r.failures)
	defer func() {
		if fault := recover(); fault != nil {
			text, ok := fault.(fatal)
			if !ok {
				panic(fault)
			}
			r.failures = append(r.failures, string(text))
		}
		if added := r.failures[before:]; len(added) > 0 {
			err = errors.New(strings.Join(added, "\n"))
			r.failures = r.failures[:before]
		}
	}()
	fn()
	return nil
}

// openWorld opens a host with the modules and evaluates a spec file in it.
func (r *run) openWorld(ctx context.Context, spec *lua.Modules) (w *world, tests []listed, err error) {
	w = &world{}
	open := func() { w.host = nktest.Open(&w.test, r.modules, nktest.CountLines(r.options.Coverage)) }
	if err := w.test.try(open); err != nil {
		return nil, nil, errors.Join(err, w.close())
	}
	w.vm = w.host.NewVM()
	tests, err = w.evaluate(ctx, r.prelude, spec)
	if err != nil {
		return nil, nil, errors.Join(err, w.close())
	}
	return w, tests, nil
}

// close ends the host and returns what it ends with.
func (w *world) close() error {
	return w.test.try(func() {
		if w.vm != nil {
			w.vm.Close()
		}
		for i := len(w.test.cleanups) - 1; i >= 0; i-- {
			w.test.cleanups[i]()
		}
	})
}

// listed is a test of a spec file.
type listed struct {
	Name    string
	Pending bool
}

func (w *world) evaluate(ctx context.Context, prelude, spec *lua.Modules) ([]listed, error) {
	results, err := w.vm.Evaluate(ctx, prelude, prelude.Names()[0], w.primitives())
	if err != nil {
		return nil, err
	}
	w.runner = results[0].(*glua.LTable)
	returned, err := w.vm.Evaluate(ctx, spec, spec.Names()[0])
	if err != nil {
		return nil, err
	}
	list, err := w.call(ctx, "collect", returned...)
	if err != nil {
		return nil, err
	}
	encoded, err := lua.EncodeJSON(list)
	if err != nil {
		return nil, err
	}
	var tests []listed
	if encoded == "{}" {
		return nil, nil // a table without items is an object
	}
	return tests, json.Unmarshal([]byte(encoded), &tests)
}

// call calls a function of the runner and returns its first result.
func (w *world) call(ctx context.Context, name string, args ...glua.LValue) (glua.LValue, error) {
	results, err := w.vm.Call(ctx, nil, w.runner.RawGetString(name).(*glua.LFunction), args...)
	if err != nil || len(results) == 0 {
		return glua.LNil, err
	}
	return results[0], nil
}

// run runs a test, counted from 0, and what is to be run around it.
func (w *world) run(ctx context.Context, index int) error {
	number := glua.LNumber(index + 1)
	_, failure := w.call(ctx, "run", number)
	_, afterwards := w.call(ctx, "finish", number)
	if failure != nil {
		return failure
	}
	return afterwards
}

// describe is an error as a person wants to read it: where in the spec file it was
// raised, and for an error elsewhere the traceback.
func describe(err error, file string) string {
	var raised *lua.Error
	if !errors.As(err, &raised) {
		return err.Error()
	}
	text := raised.Error()
	if raised.Misuse != nil {
		text += " (" + raised.Misuse.Error() + ")"
	}
	at := ""
	for frame := range strings.Lines(raised.Stack) {
		position, _, found := strings.Cut(strings.TrimSpace(frame), ": in ")
		if found && strings.HasPrefix(position, file+":") {
			at = position
			break
		}
	}
	if at == "" || strings.HasPrefix(text, at+":") {
		return text
	}
	return at + ": " + text
}
