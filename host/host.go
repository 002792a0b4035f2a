// Package host puts a server together: it makes the rooms below it, connects them,
// and serves REST, sockets and the bundled game's page on one address.
package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/google/uuid"

	"nkhost/host/account"
	"nkhost/host/chat"
	"nkhost/host/config"
	"nkhost/host/db"
	"nkhost/host/group"
	"nkhost/host/leaderboard"
	"nkhost/host/match"
	"nkhost/host/matchmaker"
	"nkhost/host/netio"
	"nkhost/host/notification"
	"nkhost/host/party"
	"nkhost/host/providers"
	"nkhost/host/purchase"
	"nkhost/host/realtime"
	"nkhost/host/record"
	"nkhost/host/session"
	"nkhost/host/social"
	"nkhost/host/storage"
	"nkhost/host/wallet"
	"nkhost/lua"
	"nkhost/modules"
	"nkhost/nkshim"
)

// closeTimeout is how long Close waits for each thing that still runs.
const closeTimeout = 5 * time.Second

// Options are what a Host is opened with.
type Options struct {
	Config  config.Config
	Log     *slog.Logger
	Version string           // the program's, which modules see
	Now     func() time.Time // nil is time.Now

	// Modules is the modules' folder; nil is runtime.path, or the bundled game.
	Modules fs.FS
	// NewID makes the ids of users, sessions, matches and whatever else has a UUID, and
	// Seed the seeds of each VM's math.random. nil is random.
	NewID func() string
	Seed  func() uint64
	// HTTP answers nk.http_request; nil is the network.
	HTTP http.RoundTripper
	// Locals has the log tell the local variables where Lua raised an error.
	Locals bool
	// Coverage counts the lines of the modules that run; nil counts none.
	Coverage *lua.Coverage
}

// Host is a server. Open makes one that listens, Run serves.
type Host struct {
	config  config.Config
	log     *slog.Logger
	version string
	now     func() time.Time
	options Options
	started time.Time
	player  *record.Player                                   // of the match that is replayed, or nil
	records *record.Folder                                   // nil if no match is recorded
	ordered atomic.Uint64                                    // the ids of a manual host that sort
	manual  bool                                             // see OpenManual
	kicked  func(matchID string, presences []match.Presence) // by a match; may be nil

	modules   *lua.Modules
	files     fs.FS // the modules' folder
	listener  net.Listener
	database  *db.DB
	accounts  *allAccounts
	tokens    *session.Tokens
	providers *providers.Client
	shim      *nkshim.Runtime
	matches   *allMatches
	maker     *matchmaker.Matchmaker
	parties   *party.Registry
	sockets   *realtime.Server
	server    *http.Server

	storage       *storage.Service
	wallets       *wallet.Service
	purchases     *purchase.Service
	notifications *notification.Service
	channels      *chat.Service
	friends       *social.Service
	groups        *group.Service
	leaderboards  *leaderboard.Service

	// running ends when Close begins; background holds what is done meanwhile.
	running    context.Context
	stop       context.CancelFunc
	background sync.WaitGroup

	loaded  bool // whether all modules were evaluated
	closing sync.Once
	closers []func(context.Context) error // the last is called first
}

// Open reads the modules, opens the database, loads the modules and listens. Its
// error says in one line what is wrong with which setting or at which line of Lua.
func Open(ctx context.Context, options Options) (*Host, error) {
	h := newHost(options)
	if err := h.open(ctx); err != nil {
		return nil, err
	}
	return h, nil
}

func newHost(options Options) *Host {
	h := &Host{config: options.Config, log: options.Log, version: options.Version, now: options.Now, options: options}
	if h.now == nil {
		h.now = time.Now
	}
	h.started = h.now().Round(0)
	if h.options.NewID == nil {
		h.options.NewID = uuid.NewString
	}
	return h
}

func (h *Host) open(ctx context.Context) error {
	h.running, h.stop = context.WithCancel(context.WithoutCancel(ctx))
	for _, step := range []func(context.Context) error{h.readModules, h.listen, h.openDatabase, h.openServices, h.wire, h.loadModules} {
		if err := step(ctx); err != nil {
			return errors.Join(err, h.Close(ctx))
		}
	}
	return nil
}

// Addr is the address that the host listens on, as host:port.
func (h *Host) Addr() string { return h.listener.Addr().String() }

// Modules names the Lua modules.
func (h *Host) Modules() []string { return h.modules.Names() }

// Database is how the database is called: the path of its file, ":memory:", or
// user@host:port/name.
func (h *Host) Database() string { return h.database.Name() }

// Run serves until ctx ends or serving fails, and then closes the host.
func (h *Host) Run(ctx context.Context) error {
	serving := make(chan error, 1)
	h.background.Go(func() { h.maker.Run(h.running) })
	h.background.Go(func() { h.leaderboards.Run(h.running) })
	go func() { serving <- h.serve() }()
	var failure error
	select {
	case <-ctx.Done():
		h.log.Info("nkhost is stopping; a second signal stops it at once")
	case err := <-serving:
		failure = fmt.Errorf("serve %s: %w", h.Addr(), err)
	}
	return errors.Join(failure, h.Close(context.WithoutCancel(ctx)))
}

// Close ends the matchmaker, the matches, the sockets and the requests, in this order,
// and lets go of everything. Each has closeTimeout to end, so that one that hangs does
// not take the time of the others; matches have the grace period besides. A second call
// does nothing.
func (h *Host) Close(ctx context.Context) error {
	var failures []error
	h.closing.Do(func() {
		h.stop()
		for _, closer := range slices.Backward(h.closers) {
			failures = append(failures, within(ctx, closeTimeout, closer))
		}
	})
	return errors.Join(failures...)
}

func within(ctx context.Context, timeout time.Duration, closer func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return closer(ctx)
}

// endMatches gives the modules' shutdown hook and every match the grace period.
func (h *Host) endMatches(ctx context.Context) error {
	grace := h.config.ShutdownGraceSec
	if !h.loaded {
		grace = 0
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), seconds(grace)+closeTimeout)
	defer cancel()
	var hook sync.WaitGroup
	if grace > 0 {
		hook.Go(func() { h.shim.Shutdown(ctx) })
	}
	failure := h.matches.Close(ctx, grace)
	return errors.Join(failure, await(ctx, &hook, "the shutdown hook"))
}

// await waits for what runs until ctx ends.
func await(ctx context.Context, running *sync.WaitGroup, what string) error {
	done := make(chan struct{})
	go func() {
		running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s still runs: %w", what, ctx.Err())
	}
}

func (h *Host) onClose(closer func(context.Context) error) { h.closers = append(h.closers, closer) }

func (h *Host) isBundledGame() bool { return h.config.Runtime.Path == "" && h.options.Modules == nil }

func (h *Host) readModules(context.Context) error {
	folder := h.config.Runtime.Path
	switch {
	case h.options.Modules != nil:
		h.files = h.options.Modules
	case h.isBundledGame():
		h.files = modules.Game()
	default:
		info, err := os.Stat(folder)
		if err != nil {
			return fmt.Errorf("the modules folder (runtime.path) cannot be read: %w", err)
		}
		if !info.IsDir() {
			return fmt.Errorf("the modules folder (runtime.path) %s is not a folder", folder)
		}
		root, err := os.OpenRoot(folder) // no link leads out of it
		if err != nil {
			return fmt.Errorf("the modules folder (runtime.path) cannot be read: %w", err)
		}
		h.files = root.FS()
		h.onClose(func(context.Context) error { return root.Close() })
	}
	read := lua.ReadModules
	if h.options.Coverage != nil {
		read = h.options.Coverage.ReadModules
	}
	var err error
	if h.modules, err = read(h.files); err != nil {
		return fmt.Errorf("the modules folder (runtime.path) %s has a fault: %w", folder, err)
	}
	h.hintAtOwnModules()
	if len(h.modules.Names()) == 0 {
		h.log.Warn("there is no Lua module in the modules folder (runtime.path)", slog.String("folder", folder))
	}
	return nil
}

// hintAtOwnModules speaks up where a Nakama project's modules lie unused, since Nakama
// itself would run them.
func (h *Host) hintAtOwnModules() {
	folder := filepath.Join(h.config.DataDir, "modules")
	if info, err := os.Stat(folder); h.isBundledGame() && err == nil && info.IsDir() {
		h.log.Warn("the bundled game runs; to run your own modules start with --runtime.path " + folder)
	}
}

func (h *Host) listen(ctx context.Context) error {
	if h.manual {
		return nil
	}
	socket := h.config.Socket
	address := net.JoinHostPort(socket.Address, strconv.Itoa(socket.Port))
	var listening net.ListenConfig
	listener, err := listening.Listen(ctx, socket.Protocol, address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is in use: stop the program that listens there, or choose another port with --socket.port", address)
	}
	if err != nil {
		return fmt.Errorf("cannot listen on %s (socket.address, socket.port): %w", address, err)
	}
	h.listener = netio.Listener(listener)
	h.onClose(func(context.Context) error {
		_ = listener.Close() // the HTTP server has closed it if it ever served
		return nil
	})
	return nil
}

func (h *Host) openDatabase(ctx context.Context) error {
	database, err := openDatabase(ctx, h.config)
	if err != nil {
		return err
	}
	h.database = database
	h.onClose(func(context.Context) error { return database.Close() })
	accounts, err := account.NewService(ctx, database, account.Options{Now: h.now, NewID: h.options.NewID, Forget: h.forgetUser})
	h.accounts = &allAccounts{Service: accounts}
	return err
}

// openDatabase opens the database that database.address names, or else the file in
// data_dir.
func openDatabase(ctx context.Context, cfg config.Config) (*db.DB, error) {
	address := cfg.PostgresAddress()
	if address == "" {
		return db.Open(ctx, cfg.DataDir)
	}
	return db.OpenPostgres(ctx, db.Postgres{
		Address:         address,
		MaxOpenConns:    cfg.Database.MaxOpenConns,
		MaxIdleConns:    cfg.Database.MaxIdleConns,
		ConnMaxLifetime: milliseconds(cfg.Database.ConnMaxLifetimeMs),
	})
}

func (h *Host) loadModules(ctx context.Context) error {
	if h.player != nil {
		return nil // a match has a VM of its own
	}
	if err := h.shim.Load(ctx); err != nil {
		return err
	}
	h.loaded = true
	return h.storage.OpenIndexes(ctx, h.shim.StorageIndexes())
}
