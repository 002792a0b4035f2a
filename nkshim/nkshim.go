// Package nkshim is the `nakama` Lua module: it offers Nakama's functions to the
// modules, keeps the RPCs and hooks they register, calls those, and runs a match's
// seven callbacks as a match.Handler.
//
// A family of functions is a file with one table; see functions.go. What the
// functions need of the host comes in as Deps, through interfaces declared here.
package nkshim

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"nkhost/host/match"
	"nkhost/host/providers"
	"nkhost/lua"
	"nkhost/lua/glua"
)

// Deps is what the nakama module needs of the host.
type Deps struct {
	Log     *slog.Logger
	Node    string            // ctx.node, and the last part of match ids
	Version string            // ctx.version
	Env     map[string]string // ctx.env: runtime.env of the configuration
	Now     func() time.Time
	NewID   func() string // a fresh UUID: nk.uuid_v4 and trace ids

	// HTTP answers nk.http_request; nil asks the network.
	HTTP http.RoundTripper
	// Seed seeds math.random of each VM; nil leaves them unseeded.
	Seed func() uint64
	// Locals has logged errors tell the local variables where they were raised.
	Locals bool

	// Started is the time from which os.clock counts; when it is zero, now.
	Started time.Time
	// Journal is the journal of a match that is recorded or replayed, or nil; it may be
	// nil itself.
	Journal func(matchID string) Journal

	Files  fs.FS          // the modules folder, for nk.file_read
	Config map[string]any // what nk.get_config returns

	Matches    Matches
	Parties    Parties
	Accounts   Accounts
	Identities Identities
	Providers  *providers.Client
	Sessions   Sessions
	Database   Database

	Storage       Storage
	Wallets       Wallets
	Purchases     Purchases
	Notifications Notifications
	Channels      Channels
	MultiUpdater  MultiUpdater
	Friends       Friends
	Groups        Groups
	Leaderboards  Leaderboards
	Tournaments   Tournaments
	Streams       Streams

	// States is in how many VMs the modules are loaded for RPCs and hooks, and how many of
	// these may run at a time (runtime.lua_max_count); 0 stands for one.
	States int
	// CallTimeout and CallMemory are what one call of a module may take: see lua.Options.
	CallTimeout time.Duration
	CallMemory  int64
	// CallStackSize and RegistrySize are runtime.lua_call_stack_size and
	// runtime.lua_registry_size; 0 stands for Nakama's defaults.
	CallStackSize, RegistrySize int
}

// Matches is the registry of authoritative matches.
type Matches interface {
	Create(ctx context.Context, module string, params map[string]any) (matchID string, err error)
	// Get fails with code NotFound when there is no such match.
	Get(matchID string) (match.Listing, error)
	List(query match.ListQuery) ([]match.Listing, error)
	Signal(ctx context.Context, matchID, data string) (answer string, err error)
}

// Runtime runs the modules: one VM that RPCs and hooks share, or several, and one a match.
type Runtime struct {
	deps    Deps
	modules *lua.Modules
	lua     *lua.Runtime
	states  []*state
	hooks   registry
	once    atomic.Bool // nk.run_once: whether a module has called it

	cache   localcache
	metrics Metrics

	httpClient, httpClientInsecure *http.Client

	doubles doubles
}

// New prepares to run the modules; Load evaluates them.
func New(modules *lua.Modules, deps Deps) *Runtime {
	r := &Runtime{
		deps: deps, modules: modules, cache: localcache{now: deps.Now},
		httpClient: newHTTPClient(deps.HTTP, false), httpClientInsecure: newHTTPClient(deps.HTTP, true),
	}
	r.lua = lua.NewRuntime(modules, lua.Options{
		Libraries:     map[string]map[string]glua.LGFunction{"nakama": r.library()},
		Tables:        map[string]map[string]glua.LGFunction{dispatcherName: newDispatcher()},
		Print:         r.print,
		Now:           r.now,
		Started:       deps.Started,
		Seed:          deps.Seed,
		Locals:        deps.Locals,
		CallTimeout:   deps.CallTimeout,
		CallMemory:    deps.CallMemory,
		CallStackSize: deps.CallStackSize,
		RegistrySize:  deps.RegistrySize,
	})
	for range max(1, deps.States) {
		r.states = append(r.states, &state{vm: r.lua.NewVM()})
	}
	return r
}

// Load evaluates every module in the order of their dotted names, as Nakama does at
// start, and then closes the registry: a later registration only replaces.
func (r *Runtime) Load(ctx context.Context) error {
	for _, s := range r.states {
		if err := s.load(ctx); err != nil {
			return fmt.Errorf("load modules: %w", WithHint(err))
		}
	}
	r.hooks.freeze()
	return nil
}

// NewVM makes a VM in which no module is loaded, beside those of the modules.
func (r *Runtime) NewVM() *lua.VM { return r.lua.NewVM() }

// RPCs names the registered RPCs, sorted.
func (r *Runtime) RPCs() []string { return r.hooks.names(kindRPC) }

// Metrics is what modules reported with nk.metrics_*.
func (r *Runtime) Metrics() *Metrics { return &r.metrics }

func (r *Runtime) print(ctx context.Context, text string) {
	r.deps.Log.LogAttrs(ctx, slog.LevelInfo, text, logAttrs(ctx)...)
}
