package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"

	"nkhost/lua"
	"nkhost/nktest/cover"
	"nkhost/nktest/spec"
)

// errFailures ends the program with status 1 when the tests have said all there is to
// say.
var errFailures = fmt.Errorf("tests fail: %w", errFindings)

const testUsage = `nkhost test [--run PATTERN] [--junit FILE] [--cover FILE] [--watch] [--runtime.path DIR] [DIR]

Runs the Lua tests below DIR (the current folder when it is not given): files whose names
end in _test.lua or .test.lua. The modules that they test are those in --runtime.path, or
else in DIR. The exit status is 1 when a test fails or there is none. docs/testing.md says
what tests look like.

`

// watchPeriod is how often --watch looks for changes.
const watchPeriod = 300 * time.Millisecond

func runTest(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	pattern := flags.String("run", "", "run only tests whose names match the regular expression `PATTERN`")
	junit := flags.String("junit", "", "write the results to `FILE` as JUnit XML, too")
	covered := flags.String("cover", "", "write which lines of the modules ran to `FILE`: as a Go cover profile if its name ends in .out, else as lcov")
	watch := flags.Bool("watch", false, "run the tests again whenever a Lua file changes")
	path := flags.String("runtime.path", "", "`DIR` of the modules, as for serving")
	dirs, err := parseMixed(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return printUsage(out, testUsage, flags)
	case err != nil:
		return fmt.Errorf("test: %w", err)
	case len(dirs) > 1:
		return fmt.Errorf("test: give one folder, not %d", len(dirs))
	}
	folder := "."
	if len(dirs) == 1 {
		folder = dirs[0]
	}
	options := spec.Options{}
	if *pattern != "" {
		if options.Run, err = regexp.Compile(*pattern); err != nil {
			return fmt.Errorf("test: --run: %w", err)
		}
	}
	specs, err := os.OpenRoot(folder)
	if err != nil {
		return fmt.Errorf("test: the folder cannot be read: %w", err)
	}
	defer specs.Close()
	modules, err := os.OpenRoot(cmp.Or(*path, folder))
	if err != nil {
		return fmt.Errorf("test: the modules folder cannot be read: %w", err)
	}
	defer modules.Close()
	options.Specs, options.Modules = specs.FS(), modules.FS()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	files := resultFiles{junit: *junit, cover: *covered}
	if *watch {
		return watchTests(ctx, options, files, out)
	}
	return testOnce(ctx, options, files, out)
}

// resultFiles are where results go besides the output; "" is nowhere.
type resultFiles struct{ junit, cover string }

// watchTests runs the tests now and after each change, until ctx ends.
func watchTests(ctx context.Context, options spec.Options, files resultFiles, out io.Writer) error {
	ticker := time.NewTicker(watchPeriod)
	defer ticker.Stop()
	for {
		before := spec.Fingerprint(options.Modules, options.Specs)
		if err := testOnce(ctx, options, files, out); err != nil && !errors.Is(err, errFindings) && ctx.Err() == nil {
			return err
		}
		fmt.Fprintln(out, "waiting for a change; stop with Ctrl-C")
		for spec.Fingerprint(options.Modules, options.Specs) == before {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return nil
			}
		}
		fmt.Fprintln(out)
	}
}

func testOnce(ctx context.Context, options spec.Options, files resultFiles, out io.Writer) error {
	report := spec.NewReport(out)
	if files.cover != "" {
		options.Coverage = lua.NewCoverage()
	}
	if err := spec.Run(ctx, options, report.Add); err != nil {
		return fmt.Errorf("test: %w", err)
	}
	report.End()
	if files.junit != "" {
		if err := writeJUnit(report, files.junit); err != nil {
			return fmt.Errorf("test: --junit: %w", err)
		}
	}
	if files.cover != "" {
		if err := writeCoverage(options.Coverage, files.cover, out); err != nil {
			return fmt.Errorf("test: --cover: %w", err)
		}
	}
	if len(report.Results) == 0 {
		fmt.Fprintln(out, whyNoTests(options))
		return errFailures
	}
	if report.Failed() > 0 {
		return errFailures
	}
	return nil
}

func whyNoTests(options spec.Options) string {
	if options.Run != nil {
		return fmt.Sprintf("no test has a name that matches --run %s", options.Run)
	}
	return "there is no test: those of files whose names end in _test.lua or .test.lua are run"
}

func writeJUnit(report *spec.Report, name string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(report.WriteJUnit(file), file.Close())
}

func writeCoverage(coverage *lua.Coverage, name string, out io.Writer) error {
	files := coverage.Files()
	fmt.Fprintln(out, "\nlines of the modules that ran:")
	return errors.Join(cover.WriteTable(out, files), cover.Save(name, files))
}
