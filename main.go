// Command nkhost runs Nakama Lua server modules without Nakama: it gives them the
// nakama API, drives their matches, and serves Nakama's clients.
//
//	nkhost                     plays the bundled game at http://127.0.0.1:7350/
//	nkhost --runtime.path DIR  runs the modules in DIR
//	nkhost --help              lists every setting
//	nkhost check [DIR]         finds mistakes in modules without running them
//	nkhost record [MODULE]     has a running host record the next match
//	nkhost replay FILE         runs a recorded match again
//	nkhost test [DIR]          runs tests that are written in Lua
//	nkhost types [DIR]         writes the nakama module's functions for Lua editors
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"golang.org/x/term"

	"nkhost/host"
	"nkhost/host/config"
	"nkhost/host/logging"
)

func main() {
	err := run(os.Args[1:])
	if errors.Is(err, errFindings) {
		os.Exit(1)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "nkhost: %v\n", err)
		os.Exit(1)
	}
}

// gcFloor is memory that the garbage collector believes to be in use and that is never
// touched, so that it takes no room: a small host would else collect some ten times a
// second under load. gcPercent, lower than Go's own 100, keeps the memory of thousands of
// matches close to what they need. GOGC has precedence.
const (
	gcFloor   = 24 << 20
	gcPercent = 50
)

func paceGC() (floor []byte) {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	debug.SetGCPercent(gcPercent)
	return make([]byte, gcFloor)
}

func run(args []string) error {
	if len(args) > 0 {
		if command := commands[args[0]]; command != nil {
			return command(args[1:], os.Stdout)
		}
	}
	cfg, warnings, err := config.Parse(args, os.ReadFile)
	switch {
	case errors.Is(err, config.ErrHelp):
		fmt.Print(config.Usage() + commandsHelp)
		return nil
	case errors.Is(err, config.ErrVersion):
		fmt.Println("nkhost", version())
		return nil
	case err != nil:
		return err
	}
	terminal := term.IsTerminal(int(os.Stdout.Fd()))
	log, logFile, err := logging.New(cfg.Logger, os.Stdout, terminal)
	if err != nil {
		return err
	}
	defer logFile.Close()
	for _, warning := range warnings {
		log.Warn(warning)
	}

	// The first signal ends the host cleanly; from then on a second one has its
	// usual effect and ends the process at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	h, err := host.Open(ctx, host.Options{Config: cfg, Log: log, Version: version()})
	if err != nil {
		return err
	}
	if terminal && cfg.Logger.Stdout {
		welcome(os.Stdout, cfg, h)
	} else {
		log.Info("nkhost is ready", slog.String("address", url(cfg, h)), slog.Any("modules", h.Modules()), slog.String("data", data(cfg, h)))
	}
	floor := paceGC()
	defer runtime.KeepAlive(floor)
	return h.Run(ctx)
}

// welcome tells a person at a terminal what runs and what to do next.
func welcome(out io.Writer, cfg config.Config, h *host.Host) {
	next := "connect a Nakama client to this address with server key " + cfg.Socket.ServerKey
	if cfg.Runtime.Path == "" {
		next = "open the address in two browser windows and play"
	}
	fmt.Fprintf(out, "\n  nkhost is ready at %s\n\n", url(cfg, h))
	for _, row := range [][2]string{
		{"next", next},
		{"modules", strings.Join(h.Modules(), ", ")},
		{"data", data(cfg, h)},
		{"stop", "Ctrl-C"},
	} {
		fmt.Fprintf(out, "  %-8s %s\n", row[0], row[1])
	}
	fmt.Fprintln(out)
}

// url is an address that a browser on this machine can open.
func url(cfg config.Config, h *host.Host) string {
	scheme, address := "http", h.Addr()
	if cfg.Socket.SSLCertificate != "" {
		scheme = "https"
	}
	if ip, port, err := net.SplitHostPort(address); err == nil && net.ParseIP(ip).IsUnspecified() {
		address = net.JoinHostPort("127.0.0.1", port)
	}
	return scheme + "://" + address + "/"
}

// data says where what is stored is.
func data(cfg config.Config, h *host.Host) string {
	if cfg.InMemory() {
		return "nothing is kept"
	}
	if cfg.PostgresAddress() != "" {
		return "PostgreSQL " + h.Database()
	}
	if folder, err := filepath.Abs(cfg.DataDir); err == nil {
		return folder
	}
	return cfg.DataDir
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
