// Package config reads the host's settings from flags and YAML files under the
// names that Nakama gives them, so that an existing project's command line and
// file work unchanged.
//
// A setting is declared once, as a field of Config: its tags say its name, what
// it is for and which values it takes. Nakama's settings that nothing here reads
// yet stand in unserved.go; they are accepted and named in one warning.
package config

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
)

// Config is every setting that the host reads. The tag yaml names a setting within
// its section; min, max and oneof bound its value; merge makes a list grow over
// files and flags instead of being replaced by the latest. A setting tagged
// modules:"yes" is shown to modules by nk.get_config; with modules:"only" nothing
// else reads it.
type Config struct {
	Name             string `yaml:"name" modules:"yes" usage:"Name of this node; match ids end in it. 1 to 16 characters without a dot."`
	DataDir          string `yaml:"data_dir" usage:"Folder of the database; made if it is not there. ':memory:' keeps nothing."`
	ShutdownGraceSec int    `yaml:"shutdown_grace_sec" modules:"yes" min:"0" usage:"Seconds that matches get to end by themselves when the host is told to stop. 0 ends them at once."`

	Logger     Logger     `yaml:"logger"`
	Session    Session    `yaml:"session"`
	Database   Database   `yaml:"database"`
	Socket     Socket     `yaml:"socket"`
	Runtime    Runtime    `yaml:"runtime"`
	Match      Match      `yaml:"match"`
	Matchmaker Matchmaker `yaml:"matchmaker"`
	Party      Party      `yaml:"party"`

	Leaderboard Leaderboard `yaml:"leaderboard"`

	Social     Social     `yaml:"social"`
	IAP        IAP        `yaml:"iap"`
	GoogleAuth GoogleAuth `yaml:"google_auth"`
	Satori     Satori     `yaml:"satori"`
}

// Logger says what is logged, where to and how.
type Logger struct {
	Level  string `yaml:"level" modules:"yes" oneof:"debug info warn error" usage:"Least level that is logged."`
	Stdout bool   `yaml:"stdout" usage:"Log to the standard output, besides the file if there is one."`
	File   string `yaml:"file" usage:"File to append the log to, as JSON."`
	Format string `yaml:"format" oneof:"auto text json stackdriver" usage:"Form of the log on the standard output. 'auto' is text on a terminal and JSON elsewhere."`
}

// Session is how users prove who they are.
type Session struct {
	EncryptionKey         string `yaml:"encryption_key" modules:"yes" usage:"Key that signs session tokens."`
	TokenExpirySec        int    `yaml:"token_expiry_sec" modules:"yes" min:"1" usage:"Seconds that a session token is good for."`
	RefreshEncryptionKey  string `yaml:"refresh_encryption_key" modules:"yes" usage:"Key that signs refresh tokens."`
	RefreshTokenExpirySec int    `yaml:"refresh_token_expiry_sec" modules:"yes" min:"1" usage:"Seconds that a refresh token is good for."`
	SingleSocket          bool   `yaml:"single_socket" modules:"yes" usage:"A new WebSocket closes the user's other ones."`
	SingleMatch           bool   `yaml:"single_match" modules:"yes" usage:"Joining a match leaves the session's other ones; wants session.single_socket."`
	SingleParty           bool   `yaml:"single_party" modules:"yes" usage:"Joining a party leaves the session's other ones; wants session.single_socket."`
	SingleSession         bool   `yaml:"single_session" modules:"yes" usage:"A login ends the user's earlier tokens."`
}

// Database is where the host keeps what it stores, when not in a file in the data folder.
type Database struct {
	Address           []string `yaml:"address" entry:"USER:PASSWORD@HOST:PORT/NAME" usage:"PostgreSQL database to use; made if it is not there. Without one the database is a SQLite file in data_dir. Of several the first is used."`
	ConnMaxLifetimeMs int      `yaml:"conn_max_lifetime_ms" min:"0" usage:"Milliseconds after which a connection to PostgreSQL is replaced. 0 keeps it."`
	MaxOpenConns      int      `yaml:"max_open_conns" min:"0" usage:"Connections to PostgreSQL. 0 sets no bound."`
	MaxIdleConns      int      `yaml:"max_idle_conns" min:"0" usage:"Connections to PostgreSQL that are kept open unused."`
}

// Socket is how clients reach the host, over REST and WebSocket.
type Socket struct {
	ServerKey            string   `yaml:"server_key" modules:"yes" usage:"Key with which clients may authenticate users."`
	Port                 int      `yaml:"port" modules:"yes" min:"0" max:"65535" usage:"Port for clients. 0 takes a free one."`
	Address              string   `yaml:"address" modules:"yes" usage:"Address of the interface for clients. Empty listens on all."`
	Protocol             string   `yaml:"protocol" modules:"yes" oneof:"tcp tcp4 tcp6" usage:"'tcp' for IPv4 and IPv6, or one of them."`
	MaxMessageSizeBytes  int      `yaml:"max_message_size_bytes" min:"1" usage:"Largest message that is read from a WebSocket."`
	MaxRequestSizeBytes  int      `yaml:"max_request_size_bytes" min:"1" usage:"Largest body of a REST request."`
	ReadBufferSizeBytes  int      `yaml:"read_buffer_size_bytes" min:"1" usage:"Size of a WebSocket's read buffer; longer messages pass through it."`
	ReadTimeoutMs        int      `yaml:"read_timeout_ms" min:"1" usage:"Milliseconds in which a REST request must have arrived."`
	WriteTimeoutMs       int      `yaml:"write_timeout_ms" min:"1" usage:"Milliseconds in which a REST answer must have gone out."`
	IdleTimeoutMs        int      `yaml:"idle_timeout_ms" min:"1" usage:"Milliseconds that a REST connection may stay open unused."`
	WriteWaitMs          int      `yaml:"write_wait_ms" min:"1" usage:"Milliseconds in which a WebSocket must take a message."`
	PongWaitMs           int      `yaml:"pong_wait_ms" min:"1" usage:"Milliseconds without a sign of life after which a WebSocket is closed."`
	PingPeriodMs         int      `yaml:"ping_period_ms" min:"1" usage:"Milliseconds between pings; less than socket.pong_wait_ms."`
	PingBackoffThreshold int      `yaml:"ping_backoff_threshold" min:"0" usage:"A ping is left out when this many messages came since the one before."`
	CloseAckWaitMs       int      `yaml:"close_ack_wait_ms" min:"1" usage:"Milliseconds that a client gets to confirm that its WebSocket closes."`
	OutgoingQueueSize    int      `yaml:"outgoing_queue_size" min:"1" usage:"Messages that may wait for a client; one too many closes its WebSocket."`
	ProxyCount           int      `yaml:"proxy_count" min:"0" usage:"Proxies before the host that add the client's address to X-Forwarded-For."`
	SSLCertificate       string   `yaml:"ssl_certificate" usage:"PEM file of the certificate with which clients are served over TLS."`
	SSLPrivateKey        string   `yaml:"ssl_private_key" usage:"PEM file of the certificate's private key."`
	ResponseHeaders      []string `yaml:"response_headers" usage:"Headers to add to each HTTP answer, as NAME=VALUE."`
}

// Runtime is the Lua side.
type Runtime struct {
	Env              []string `yaml:"env" modules:"yes" merge:"true" usage:"KEY=VALUE that modules find in context.env."`
	Path             string   `yaml:"path" usage:"Folder of the Lua modules. Empty plays the bundled game."`
	HTTPKey          string   `yaml:"http_key" modules:"yes" usage:"Key with which servers may call RPCs."`
	LuaCallStackSize int      `yaml:"lua_call_stack_size" min:"1" usage:"Depth of Lua calls."`
	LuaRegistrySize  int      `yaml:"lua_registry_size" min:"128" usage:"Size of a Lua stack's registry."`
	LuaMaxCount      int      `yaml:"lua_max_count" min:"1" max:"1024" usage:"States of the modules that RPCs and hooks run in, and how many run at a time. Each has module variables of its own."`
	LuaCallTimeoutMs int      `yaml:"lua_call_timeout_ms" min:"0" usage:"Milliseconds that one call of a module may run, without what it waits for; then it is stopped. 0 lets it run. (Not on Nakama.)"`
	LuaCallMemoryMB  int      `yaml:"lua_call_memory_mb" min:"0" usage:"Megabytes that one call of a module may add to the memory in use; then it is stopped. 0 lets it. (Not on Nakama.)"`
}

// Match bounds authoritative matches.
type Match struct {
	InputQueueSize        int    `yaml:"input_queue_size" min:"1" usage:"Messages that wait for a match's next tick; more are dropped."`
	CallQueueSize         int    `yaml:"call_queue_size" min:"1" usage:"Joins and leaves that wait for a match; one too many stops it."`
	SignalQueueSize       int    `yaml:"signal_queue_size" min:"1" usage:"Signals that wait for a match; more are refused."`
	JoinAttemptQueueSize  int    `yaml:"join_attempt_queue_size" min:"1" usage:"Join attempts that wait for a match; more are refused."`
	DeferredQueueSize     int    `yaml:"deferred_queue_size" min:"1" usage:"Broadcasts that a match may defer in one tick; one more raises."`
	JoinMarkerDeadlineMs  int    `yaml:"join_marker_deadline_ms" min:"1" usage:"Milliseconds in which a player whom a match accepted must have joined."`
	MaxEmptySec           int    `yaml:"max_empty_sec" min:"0" usage:"Seconds after which an empty match is stopped. 0 lets it run."`
	RecordMaxMB           int    `yaml:"record_max_mb" min:"1" usage:"Megabytes that the recorded matches may take; the oldest are removed. A match of which a quarter of that has been seen is recorded no further. (Not on Nakama.)"`
	Record                string `yaml:"record" usage:"Folder in which each match's course is recorded, for nkhost replay; made if it is not there. Empty records nothing. (Not on Nakama.)"`
	RecordOnDemand        bool   `yaml:"record_on_demand" usage:"Record in match.record only the matches that nkhost record asks for. (Not on Nakama.)"`
	LabelUpdateIntervalMs int    `yaml:"label_update_interval_ms" min:"1" usage:"Milliseconds after which listings know a new label."`
}

// Matchmaker is how players find each other.
type Matchmaker struct {
	MaxTickets   int  `yaml:"max_tickets" min:"1" usage:"Tickets that a session or party may have."`
	IntervalSec  int  `yaml:"interval_sec" min:"1" usage:"Seconds between two attempts to form matches."`
	MaxIntervals int  `yaml:"max_intervals" min:"1" usage:"Attempts at the maximum count before fewer players will do."`
	RevPrecision bool `yaml:"rev_precision" usage:"Want each player's query to fit the others too."`
	RevThreshold int  `yaml:"rev_threshold" min:"0" usage:"Attempts in which both directions must fit, with matchmaker.rev_precision."`
}

// Party is how parties are listed.
type Party struct {
	LabelUpdateIntervalMs int `yaml:"label_update_interval_ms" min:"1" usage:"Milliseconds after which listings know a new party or label."`
}

// Leaderboard is how leaderboards and tournaments are ranked and reset.
type Leaderboard struct {
	BlacklistRankCache   []string `yaml:"blacklist_rank_cache" entry:"ID" usage:"Leaderboards and tournaments whose records have no ranks, which saves their memory. '*' alone is all of them."`
	CallbackQueueSize    int      `yaml:"callback_queue_size" min:"1" usage:"Resets and ends that wait for the modules' functions; later ones wait for room."`
	CallbackQueueWorkers int      `yaml:"callback_queue_workers" min:"1" usage:"Resets and ends that modules are told of at a time."`
	RankCacheWorkers     int      `yaml:"rank_cache_workers" min:"1" usage:"Leaderboards that are ranked at a time when the host starts."`
}

// Default is the configuration without flags and files. It is Nakama's but for
// what a developer's machine wants: socket.address, socket.read_buffer_size_bytes,
// matchmaker.interval_sec, session.token_expiry_sec, logger.format, and the bundled
// game.
func Default() Config {
	return Config{
		Name:    "nakama",
		DataDir: "data",
		Logger:  Logger{Level: "info", Stdout: true, Format: "auto"},
		Session: Session{
			EncryptionKey:         "defaultencryptionkey",
			TokenExpirySec:        7200,
			RefreshEncryptionKey:  "defaultrefreshencryptionkey",
			RefreshTokenExpirySec: 3600,
		},
		Database: Database{ConnMaxLifetimeMs: 3_600_000, MaxOpenConns: 100, MaxIdleConns: 100},
		Socket: Socket{
			ServerKey:            "defaultkey",
			Port:                 7350,
			Address:              "127.0.0.1",
			Protocol:             "tcp",
			MaxMessageSizeBytes:  4096,
			MaxRequestSizeBytes:  262_144,
			ReadBufferSizeBytes:  1024,
			ReadTimeoutMs:        10_000,
			WriteTimeoutMs:       10_000,
			IdleTimeoutMs:        60_000,
			WriteWaitMs:          5000,
			PongWaitMs:           25_000,
			PingPeriodMs:         15_000,
			PingBackoffThreshold: 20,
			CloseAckWaitMs:       2000,
			OutgoingQueueSize:    64,
			ProxyCount:           1,
		},
		Runtime: Runtime{
			HTTPKey:          "defaulthttpkey",
			LuaCallStackSize: 128,
			LuaRegistrySize:  512,
			LuaMaxCount:      1,
			LuaCallTimeoutMs: 10_000,
			LuaCallMemoryMB:  256,
		},
		Match: Match{
			InputQueueSize:        128,
			CallQueueSize:         128,
			SignalQueueSize:       10,
			JoinAttemptQueueSize:  128,
			DeferredQueueSize:     128,
			JoinMarkerDeadlineMs:  15_000,
			RecordMaxMB:           256,
			LabelUpdateIntervalMs: 1000,
		},
		Matchmaker:  Matchmaker{MaxTickets: 3, IntervalSec: 1, MaxIntervals: 2, RevThreshold: 1},
		Party:       Party{LabelUpdateIntervalMs: 1000},
		Leaderboard: Leaderboard{CallbackQueueSize: 65_536, CallbackQueueWorkers: 8, RankCacheWorkers: 1},
	}
}

// InMemory says that nothing is to outlive the process.
func (c Config) InMemory() bool { return c.DataDir == ":memory:" && c.PostgresAddress() == "" }

// PostgresAddress is the database.address that is used, and "" if there is none.
func (c Config) PostgresAddress() string {
	if len(c.Database.Address) == 0 {
		return ""
	}
	return c.Database.Address[0]
}

// Environment is runtime.env as a map; of two entries with one key the later counts.
func (r Runtime) Environment() map[string]string {
	return pairs(r.Env)
}

// Headers is socket.response_headers as a map.
func (s Socket) Headers() map[string]string {
	return pairs(s.ResponseHeaders)
}

func pairs(entries []string) map[string]string {
	values := make(map[string]string, len(entries))
	for _, entry := range entries {
		name, value, _ := strings.Cut(entry, "=")
		values[name] = value
	}
	return values
}

// check finds what no single value shows: rules that tie settings together, and
// texts that a tag cannot describe.
func (c *Config) check() []error {
	var problems []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	require(len(c.Name) >= 1 && len(c.Name) <= 16 && !strings.Contains(c.Name, "."),
		"name is %q: it must have 1 to 16 characters and no dot", c.Name)
	require(c.DataDir != "", "data_dir must not be empty")
	for _, s := range c.secrets() {
		require(s.value != "", "%s must not be empty", s.name)
	}
	require(c.Session.EncryptionKey != c.Session.RefreshEncryptionKey,
		"session.encryption_key and session.refresh_encryption_key must differ, or a refresh token would pass as a session token")
	require(c.Session.SingleSocket || !c.Session.SingleMatch,
		"session.single_match works only with session.single_socket")
	require(c.Session.SingleSocket || !c.Session.SingleParty,
		"session.single_party works only with session.single_socket")
	require(c.Socket.PingPeriodMs < c.Socket.PongWaitMs,
		"socket.ping_period_ms is %d: it must be less than socket.pong_wait_ms, which is %d", c.Socket.PingPeriodMs, c.Socket.PongWaitMs)
	require((c.Socket.SSLCertificate == "") == (c.Socket.SSLPrivateKey == ""),
		"socket.ssl_certificate and socket.ssl_private_key must be set together")
	if c.Socket.SSLCertificate != "" && c.Socket.SSLPrivateKey != "" {
		_, err := tls.LoadX509KeyPair(c.Socket.SSLCertificate, c.Socket.SSLPrivateKey)
		require(err == nil, "socket.ssl_certificate and socket.ssl_private_key cannot be used: %v", err)
	}
	for _, k := range keysOf(c) {
		if !k.isList() {
			continue
		}
		for _, entry := range k.list() {
			if !k.isPairs() {
				require(entry != "", "%s has an empty entry: it must be %s", k.name, k.entry())
				continue
			}
			key, _, found := strings.Cut(entry, "=")
			require(found && key != "", "%s has the entry %q: it must be %s", k.name, entry, k.entry())
		}
	}
	return problems
}

// exposed names the keys that still have the value everyone knows, when others
// than this machine can reach the host.
func (c *Config) exposed() []string {
	ip := net.ParseIP(c.Socket.Address)
	if c.Socket.Address == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	standard := Default()
	known := standard.secrets()
	var names []string
	for i, s := range c.secrets() {
		if s.value == known[i].value {
			names = append(names, s.name)
		}
	}
	return names
}

type secret struct{ name, value string }

func (c *Config) secrets() []secret {
	return []secret{
		{"socket.server_key", c.Socket.ServerKey},
		{"session.encryption_key", c.Session.EncryptionKey},
		{"session.refresh_encryption_key", c.Session.RefreshEncryptionKey},
		{"runtime.http_key", c.Runtime.HTTPKey},
	}
}
