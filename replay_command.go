package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"

	"nkhost/host"
	"nkhost/modules"
)

const replayUsage = `nkhost replay [--until TICK] [--print state] [--runtime.path DIR] FILE

Runs a match again that nkhost has recorded with --match.record, at full speed, and says
where it first differs from the recording. The modules are those in --runtime.path, else
the bundled game. The exit status is 1 when the match differs or fails.

`

func runReplay(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("replay", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	until := flags.Int64("until", 0, "stop after the tick of that `NUMBER`")
	show := flags.String("print", "", "print `WHAT` the match is in the end: state")
	path := flags.String("runtime.path", "", "`DIR` of the modules, as for serving")
	files, err := parseMixed(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return printUsage(out, replayUsage, flags)
	case err != nil:
		return fmt.Errorf("replay: %w", err)
	case len(files) != 1:
		return errors.New("replay: give one file, as --match.record makes them")
	case *show != "" && *show != "state":
		return fmt.Errorf("replay: --print %q: it can be state", *show)
	}
	file, err := os.Open(files[0])
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	defer file.Close()
	var folder fs.FS = modules.Game()
	if *path != "" {
		root, err := os.OpenRoot(*path)
		if err != nil {
			return fmt.Errorf("replay: the modules folder (runtime.path) cannot be read: %w", err)
		}
		defer root.Close()
		folder = root.FS()
	}
	log := slog.New(slog.DiscardHandler) // the result says what is to be said
	replayed, err := host.Replay(context.Background(), host.ReplayOptions{File: file, Modules: folder, Until: *until, Log: log})
	if err != nil {
		return fmt.Errorf("replay %s: %w", files[0], err)
	}
	return tellReplay(out, replayed, *show == "state")
}

func tellReplay(out io.Writer, r *host.Replayed, state bool) error {
	fmt.Fprintf(out, "match %s of module %s, recorded at %s: %d ticks\n", r.Start.MatchID, r.Start.Module, r.Start.Time.Format("2006-01-02 15:04:05"), r.Tick)
	if !r.SameModules {
		fmt.Fprintln(out, "the modules are other ones than when it was recorded")
	}
	if r.Cut {
		fmt.Fprintln(out, "the recording breaks off before the match's end")
	}
	if state {
		text, err := json.MarshalIndent(r.State, "", "  ")
		if err != nil {
			return fmt.Errorf("replay: the state cannot be shown: %w", err)
		}
		fmt.Fprintf(out, "state:\n%s\n", text)
	}
	if r.Err != nil {
		fmt.Fprintf(out, "the match fails: %v\n%s\n", r.Err, r.Trace)
	}
	if r.Difference != nil {
		fmt.Fprintf(out, "it differs from the recording at %s\n", r.Difference)
	} else {
		fmt.Fprintln(out, "it is as it was recorded")
	}
	if r.Err != nil || r.Difference != nil {
		return errFindings
	}
	return nil
}
