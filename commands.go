package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"nkhost/host/config"
	"nkhost/modules"
	"nkhost/nkshim/check"
	"nkhost/nkshim/types"
)

// commands are what nkhost does besides serving.
var commands = map[string]func(args []string, out io.Writer) error{
	"check":  runCheck,
	"record": runRecord,
	"replay": runReplay,
	"test":   runTest,
	"types":  runTypes,
}

const commandsHelp = `
Besides serving:
  nkhost check [DIR]
      Finds mistakes in modules without running them; see nkhost check --help.
  nkhost record [MODULE]
      Has a running host record the next match; see nkhost record --help.
  nkhost replay FILE
      Runs a recorded match again; see nkhost replay --help.
  nkhost test [DIR]
      Runs tests that are written in Lua; see nkhost test --help.
  nkhost types [DIR]
      Writes the functions of the nakama module for Lua editors; see nkhost types --help.
`

// errFindings ends the program with status 1 when a check has said all there is to say.
var errFindings = errors.New("the modules have errors")

const checkUsage = `nkhost check [--all] [--format text|json|github] [DIR]

Finds mistakes in the Lua modules of a folder without running them. The folder is DIR,
else --runtime.path or what --config FILE says, else the bundled game. The exit status
is 1 when there is an error.

`

func runCheck(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	all := flags.Bool("all", false, "report hints too")
	format := flags.String("format", "text", "`FORM` of the findings: "+strings.Join(check.Formats(), ", "))
	path := flags.String("runtime.path", "", "`DIR` of the modules, as for serving")
	file := flags.String("config", "", "`FILE` that says runtime.path")
	dirs, err := parseMixed(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return printUsage(out, checkUsage, flags)
	case err != nil:
		return fmt.Errorf("check: %w", err)
	case len(dirs) > 1:
		return fmt.Errorf("check: give one folder, not %d", len(dirs))
	}
	folder := *path
	if len(dirs) == 1 {
		folder = dirs[0]
	}
	if folder == "" && *file != "" {
		cfg, _, err := config.Parse([]string{"--config=" + *file}, os.ReadFile)
		if err != nil {
			return err
		}
		folder = cfg.Runtime.Path
	}
	return checkFolder(folder, *format, *all, out)
}

func checkFolder(folder, format string, all bool, out io.Writer) error {
	fsys := modules.Game()
	if folder != "" {
		root, err := os.OpenRoot(folder) // no link leads out of it, as when serving
		if err != nil {
			return fmt.Errorf("check: the modules folder cannot be read: %w", err)
		}
		defer root.Close()
		fsys = root.FS()
	}
	report, err := check.Run(fsys)
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	if !all {
		report = report.WithoutHints()
	}
	if err := report.Write(out, format, filepath.ToSlash(folder)); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	if report.Count(check.Error) > 0 {
		return errFindings
	}
	return nil
}

const typesUsage = `nkhost types [DIR]

Writes the functions of the nakama module as annotations for Lua language servers to
DIR/nakama.lua (.nkhost/types when DIR is not given), or to the output when DIR is -.

`

func runTypes(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("types", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	dirs, err := parseMixed(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return printUsage(out, typesUsage, flags)
	case err != nil:
		return fmt.Errorf("types: %w", err)
	case len(dirs) > 1:
		return fmt.Errorf("types: give one folder, not %d", len(dirs))
	}
	dir := filepath.Join(".nkhost", "types")
	if len(dirs) == 1 {
		dir = dirs[0]
	}
	if dir == "-" {
		_, err := io.WriteString(out, types.Annotations())
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("types: %w", err)
	}
	file := filepath.Join(dir, "nakama.lua")
	if err := os.WriteFile(file, []byte(types.Annotations()), fs.FileMode(0o644)); err != nil {
		return fmt.Errorf("types: %w", err)
	}
	_, err = fmt.Fprintf(out, "wrote %s; add its folder to workspace.library in .luarc.json\n", file)
	return err
}

// parseMixed parses flags that may stand before and after other arguments.
func parseMixed(flags *flag.FlagSet, args []string) (others []string, err error) {
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		if flags.NArg() == 0 {
			return others, nil
		}
		others = append(others, flags.Arg(0))
		args = flags.Args()[1:]
	}
}

func printUsage(out io.Writer, text string, flags *flag.FlagSet) error {
	if _, err := io.WriteString(out, text); err != nil {
		return err
	}
	flags.SetOutput(out)
	flags.PrintDefaults()
	return nil
}
