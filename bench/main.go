// Command bench loads a host that speaks the Nakama client protocol and
// reports what the load cost it.
//
//	bench [flags]           run scenarios against one host
//	bench compare [flags]   run them against two hosts, interleaved
//	bench table FILE [FILE] print a summary, or two side by side
//	bench summary FILE...   make a summary of JSON lines printed earlier
//	bench plot FILE...      draw how a figure grows with its scenario's size
//
// It only ever talks to loopback addresses.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Options are the sizes and bounds of the scenarios.
type Options struct {
	Duration time.Duration
	Settle   time.Duration

	Quiet     float64
	QuietWait time.Duration

	RPCClients int
	RPCRate    int
	CPUSize    int

	IdleN    []int
	IdleRate int

	LatenessN []int
	Probes    int

	EchoM    []int
	EchoK    int
	EchoRate int

	FanoutP    []int
	FanoutRate int
	FanoutSize int

	GameClients int
	GameMax     int

	PoolN        []int
	PoolTickets  int
	PoolPairs    int
	PoolInterval time.Duration
	PoolWait     time.Duration
	PoolFill     time.Duration

	ConnectN []int
	CreateN  int
	Starts   int
}

type intList []int

func (l *intList) String() string {
	parts := make([]string, len(*l))
	for i, n := range *l {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, ",")
}

func (l *intList) Set(s string) error {
	var out []int
	for _, part := range strings.Split(s, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 0 {
			return fmt.Errorf("not a list of counts: %q", s)
		}
		out = append(out, n)
	}
	*l = out
	return nil
}

func optionFlags(fs *flag.FlagSet) *Options {
	o := &Options{
		IdleN:     []int{1000, 5000, 10000},
		LatenessN: []int{1000, 5000},
		EchoM:     []int{50, 100},
		FanoutP:   []int{200},
		ConnectN:  []int{1000},
		PoolN:     []int{300, 1000, 3000, 10000},
	}
	fs.DurationVar(&o.Duration, "duration", 10*time.Second, "length of each measured window")
	fs.DurationVar(&o.Settle, "settle", 2*time.Second, "rest before a window opens and before memory is read")
	fs.Float64Var(&o.Quiet, "quiet", 0, "wait before each window until everything else on the machine uses fewer than this many cores (0: don't wait)")
	fs.DurationVar(&o.QuietWait, "quiet-wait", time.Minute, "longest such wait")
	fs.IntVar(&o.RPCClients, "rpc-c", 16, "rpc: concurrent HTTP clients in the saturated windows")
	fs.IntVar(&o.RPCRate, "rpc-rate", 500, "rpc: requests/s in the paced window")
	fs.IntVar(&o.CPUSize, "cpu-n", 5000, "rpc: size of the bench_cpu workload")
	fs.Var((*intList)(&o.IdleN), "idle-n", "idle: match counts, ascending")
	fs.IntVar(&o.IdleRate, "idle-rate", 10, "idle, lateness: ticks/s of each match")
	fs.Var((*intList)(&o.LatenessN), "lateness-n", "lateness: counts of idle matches running beside the probes")
	fs.IntVar(&o.Probes, "probes", 8, "lateness: probe matches, one client each")
	fs.Var((*intList)(&o.EchoM), "echo-m", "echo: match counts (two players each)")
	fs.IntVar(&o.EchoK, "echo-k", 20, "echo: messages/s sent by each player")
	fs.IntVar(&o.EchoRate, "echo-rate", 20, "echo: ticks/s of each match")
	fs.Var((*intList)(&o.FanoutP), "fanout-p", "fanout: players in the one match")
	fs.IntVar(&o.FanoutRate, "fanout-rate", 20, "fanout: ticks/s, one broadcast each")
	fs.IntVar(&o.FanoutSize, "fanout-size", 256, "fanout: bytes broadcast")
	fs.IntVar(&o.GameClients, "game-clients", 80, "matchmake: concurrent players")
	fs.IntVar(&o.GameMax, "game-max", 2000, "matchmake: most games begun in a window")
	fs.Var((*intList)(&o.PoolN), "pool-n", "pool: standing tickets, ascending")
	fs.IntVar(&o.PoolTickets, "pool-tickets", 3, "pool: tickets of each session")
	fs.IntVar(&o.PoolPairs, "pool-pairs", 40, "pool: pairs matched beside the pool, over two windows")
	fs.DurationVar(&o.PoolInterval, "pool-interval", time.Second, "pool: the matchmaker's interval, as the host has been told it")
	fs.DurationVar(&o.PoolWait, "pool-wait", time.Minute, "pool: longest wait for a pair to be matched")
	fs.DurationVar(&o.PoolFill, "pool-fill", 3*time.Minute, "pool: longest time for the pool to grow by one size")
	fs.Var((*intList)(&o.ConnectN), "connect-n", "connect: counts of open sockets, ascending")
	fs.IntVar(&o.CreateN, "create-n", 4000, "match_create: matches created")
	fs.IntVar(&o.Starts, "starts", 3, "startup: times the host is started in a run")
	return o
}

// hostFlags registers the flags that describe one host; prefix tells the two
// hosts of a comparison apart.
func hostFlags(fs *flag.FlagSet, prefix, name, addr string) *Host {
	h := &Host{Name: name}
	fs.StringVar(&h.Addr, prefix+"addr", addr, "API address of the host (loopback only)")
	fs.IntVar(&h.Pid, prefix+"pid", 0, "process id of the running host, for CPU and memory")
	fs.StringVar(&h.Cmd, prefix+"cmd", "", "command that starts the host; it is then started afresh for every scenario")
	fs.StringVar(&h.Log, prefix+"cmd-log", os.DevNull, "file for the output of -cmd")
	fs.StringVar(&h.Aux, prefix+"aux", "", "other processes the host leans on, as COMM:SUBSTRING of their command line; their CPU is reported beside the host's")
	fs.StringVar(&h.ServerKey, prefix+"server-key", "defaultkey", "server key")
	return h
}

// checkHost refuses anything but a loopback address.
func checkHost(h *Host) error {
	name, _, err := net.SplitHostPort(h.Addr)
	if err != nil {
		return fmt.Errorf("-addr %q: %w", h.Addr, err)
	}
	ip := net.ParseIP(name)
	if name == "localhost" {
		ip = net.IPv4(127, 0, 0, 1)
	}
	if ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("-addr %q is not a loopback address", h.Addr)
	}
	if h.Cmd != "" && h.Pid != 0 {
		return errors.New("give -pid or -cmd, not both")
	}
	return nil
}

func main() {
	args := os.Args[1:]
	var err error
	switch {
	case len(args) > 0 && args[0] == "compare":
		err = runCompare(args[1:])
	case len(args) > 0 && args[0] == "table":
		err = runTable(args[1:])
	case len(args) > 0 && args[0] == "summary":
		err = runSummary(args[1:])
	case len(args) > 0 && args[0] == "plot":
		err = runPlot(args[1:])
	default:
		err = runSingle(args)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func runSingle(args []string) error {
	fs := flag.NewFlagSet("bench", flag.ExitOnError)
	h := hostFlags(fs, "", "", "127.0.0.1:7350")
	o := optionFlags(fs)
	names := fs.String("scenario", "all", "scenario, comma-separated list of them, or all: "+strings.Join(scenarioNames(), " "))
	runs := fs.Int("runs", 1, "rounds through the list of scenarios")
	jsonOnly := fs.Bool("json", false, "print the JSON objects only")
	out := fs.String("out", "", "write a summary (median, min, max of the runs) to this file")
	note := fs.String("note", "", "free text kept in the summary: version, flags of the host")
	_ = fs.Parse(args)
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if err := checkHost(h); err != nil {
		return err
	}
	list, err := pickScenarios(*names, h.Cmd != "")
	if err != nil {
		return err
	}
	stopOnSignal(h)
	defer h.Stop()

	sum := newSummary(*note)
	failed := 0
	for round := 1; round <= *runs; round++ {
		for _, sc := range list {
			res := runScenario(sc, h, o, round)
			failed += len(res.Errors)
			res.print(*jsonOnly)
			sum.add(res)
			if *out != "" {
				if err := sum.write(*out); err != nil {
					return err
				}
			}
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d errors; see the results", failed)
	}
	return nil
}

func runCompare(args []string) error {
	fs := flag.NewFlagSet("bench compare", flag.ExitOnError)
	a := hostFlags(fs, "a-", "A", "127.0.0.1:7350")
	b := hostFlags(fs, "b-", "B", "127.0.0.1:7450")
	o := optionFlags(fs)
	names := fs.String("scenario", "all", "scenario, comma-separated list of them, or all: "+strings.Join(scenarioNames(), " "))
	rounds := fs.Int("rounds", 5, "rounds; each runs every scenario on A and on B")
	jsonOnly := fs.Bool("json", false, "print the JSON objects only")
	out := fs.String("out", "", "write both summaries to FILE with .a.json and .b.json appended")
	note := fs.String("note", "", "free text kept in the summaries")
	all := fs.Bool("all-metrics", false, "show every metric in the table")
	_ = fs.Parse(args)
	for _, h := range []*Host{a, b} {
		if err := checkHost(h); err != nil {
			return err
		}
	}
	if a.Cmd == "" && b.Cmd == "" && a.Addr == b.Addr {
		return errors.New("the hosts A and B are the same")
	}
	list, err := pickScenarios(*names, a.Cmd != "" && b.Cmd != "")
	if err != nil {
		return err
	}
	stopOnSignal(a, b)
	defer a.Stop()
	defer b.Stop()

	sums := map[*Host]*Summary{a: newSummary(*note), b: newSummary(*note)}
	failed := 0
	for round := 1; round <= *rounds; round++ {
		order := []*Host{a, b}
		if round%2 == 0 {
			order = []*Host{b, a}
		}
		for _, sc := range list {
			for _, h := range order {
				res := runScenario(sc, h, o, round)
				failed += len(res.Errors)
				res.print(*jsonOnly)
				sums[h].add(res)
			}
		}
		if *out != "" {
			if err := sums[a].write(*out + ".a.json"); err != nil {
				return err
			}
			if err := sums[b].write(*out + ".b.json"); err != nil {
				return err
			}
		}
	}
	if !*jsonOnly {
		fmt.Println()
		printTable(os.Stdout, sums[a], sums[b], *all)
	}
	if failed > 0 {
		return fmt.Errorf("%d errors; see the results", failed)
	}
	return nil
}

func runTable(args []string) error {
	fs := flag.NewFlagSet("bench table", flag.ExitOnError)
	all := fs.Bool("all-metrics", false, "show every metric")
	_ = fs.Parse(args)
	if fs.NArg() < 1 || fs.NArg() > 2 {
		return errors.New("usage: bench table [-all-metrics] FILE [FILE]")
	}
	var sums [2]*Summary
	for i, path := range fs.Args() {
		var err error
		if sums[i], err = readSummary(path); err != nil {
			return err
		}
	}
	printTable(os.Stdout, sums[0], sums[1], *all)
	return nil
}

// runSummary joins the results of several runs, read from what they printed.
func runSummary(args []string) error {
	fs := flag.NewFlagSet("bench summary", flag.ExitOnError)
	out := fs.String("out", "", "file to write")
	note := fs.String("note", "", "free text kept in the summary")
	clean := fs.Bool("clean", false, "leave out results with errors")
	maxOther := fs.Float64("max-other", 0, "leave out windows in which the rest of the machine used more than this many cores (0: keep all)")
	_ = fs.Parse(args)
	if fs.NArg() == 0 || *out == "" {
		return errors.New("usage: bench summary -out FILE [-note TEXT] [-clean] [-max-other CORES] FILE [FILE ...]")
	}
	sum := newSummary(*note)
	for _, path := range fs.Args() {
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, line := range strings.Split(string(raw), "\n") {
			if !strings.HasPrefix(line, "{") {
				continue
			}
			r := &Result{}
			if err := json.Unmarshal([]byte(line), r); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if *clean && len(r.Errors) > 0 {
				continue
			}
			if *maxOther > 0 {
				r.dropDisturbed(*maxOther)
			}
			sum.add(r)
		}
	}
	return sum.write(*out)
}

// runScenario runs one scenario, on a fresh process where the host has a
// command, and turns a failure into an error on the result.
func runScenario(sc Scenario, h *Host, o *Options, round int) *Result {
	res := newResult(sc.Name, h.Name, round)
	start := time.Now()
	defer func() { res.WallS = round3(time.Since(start).Seconds()) }()

	if h.Cmd != "" && !sc.StartsHost {
		if _, err := h.Start(30 * time.Second); err != nil {
			res.fail("start: %v", err)
			return res
		}
		defer h.Stop()
	}
	if !sc.StartsHost {
		if err := preflight(h); err != nil {
			res.fail("preflight: %v", err)
			return res
		}
	}
	before := h.Sample()
	if err := sc.Run(h, o, res); err != nil {
		res.fail("%v", err)
	}
	if w := before.Until(h.Sample()); w.Wall > 0 && !sc.StartsHost {
		res.set("env/other_cores", (w.Other+w.Steal)/w.Wall)
	}
	return res
}

// stopOnSignal stops hosts this process started when it is interrupted.
func stopOnSignal(hosts ...*Host) {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ch
		for _, h := range hosts {
			h.Stop()
		}
		os.Exit(130)
	}()
}

func newSummary(note string) *Summary {
	return &Summary{
		Hardware: fmt.Sprintf("%d cores", runtime.NumCPU()),
		Note:     note,
		Date:     time.Now().UTC().Format("2006-01-02"),
	}
}
