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

	"nkhost/nktest/spec"
)

// errFailures ends the program with status 1 when the tests have said all there is to
// say.
var errFailures = fmt.Errorf("tests fail: %w", errFindings)

const testUsage = `nkhost test [--run PATTERN] [--junit FILE] [--watch] [--runtime.path DIR] [DIR]

Runs the Lua tests below DIR (the current folder when it is not given): files whose names
end in _test.lua or .test.lua. The modules that they test are those in --runtime.path, or
else in DIR. The exit status is 1 when a test fails. docs/testing.md says what tests look
like.

`

// watchPeriod is how often --watch looks for changes.
const watchPeriod = 300 * time.Millisecond

func runTest(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	pattern := flags.String("run", "", "run only tests whose names match the regular expression `PATTERN`")
	junit := flags.String("junit", "", "write the results to `FILE` as JUnit XML, too")
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
	if *watch {
		return watchTests(ctx, options, *junit, out)
	}
	return testOnce(ctx, options, *junit, out)
}

// watchTests runs the tests now and after each change, until ctx ends.
func watchTests(ctx context.Context, options spec.Options, junit string, out io.Writer) error {
	ticker := time.NewTicker(watchPeriod)
	defer ticker.Stop()
	for {
		before := spec.Fingerprint(options.Modules, options.Specs)
		if err := testOnce(ctx, options, junit, out); err != nil && !errors.Is(err, errFindings) && ctx.Err() == nil {
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

func testOnce(ctx context.Context, options spec.Options, junit string, out io.Writer) error {
	report := spec.NewReport(out)
	if err := spec.Run(ctx, options, report.Add); err != nil {
		return fmt.Errorf("test: %w", err)
	}
	report.End()
	if junit != "" {
		if err := writeJUnit(report, junit); err != nil {
			return fmt.Errorf("test: --junit: %w", err)
		}
	}
	if report.Failed() > 0 {
		return errFailures
	}
	return nil
}

func writeJUnit(report *spec.Report, name string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(report.WriteJUnit(file), file.Close())
}
