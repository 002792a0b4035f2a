package config

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// parse reads flags beside files that exist only in memory.
func parse(files map[string]string, args ...string) (Config, []string, error) {
	return Parse(args, func(name string) ([]byte, error) {
		text, ok := files[name]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return []byte(text), nil
	})
}

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		file string // given as a.yml, when not empty
		args []string
		want func(c *Config)
	}{
		{name: "nothing", want: func(*Config) {}},
		{name: "two dashes and a blank", args: []string{"--socket.port", "9000"}, want: func(c *Config) { c.Socket.Port = 9000 }},
		{name: "two dashes and a sign", args: []string{"--socket.port=9000"}, want: func(c *Config) { c.Socket.Port = 9000 }},
		{name: "one dash", args: []string{"-socket.port", "9000"}, want: func(c *Config) { c.Socket.Port = 9000 }},
		{name: "the last flag counts", args: []string{"--name=a", "--name=b"}, want: func(c *Config) { c.Name = "b" }},
		{name: "empty value", args: []string{"--socket.address="}, want: func(c *Config) { c.Socket.Address = "" }},
		{name: "value with dashes", args: []string{"--runtime.http_key", "--x--"}, want: func(c *Config) { c.Runtime.HTTPKey = "--x--" }},
		{name: "switch without a value", args: []string{"--matchmaker.rev_precision", "--name=b"}, want: func(c *Config) {
			c.Matchmaker.RevPrecision, c.Name = true, "b"
		}},
		{name: "switch off", args: []string{"--logger.stdout=false"}, want: func(c *Config) { c.Logger.Stdout = false }},
		{name: "choice in capitals", args: []string{"--logger.level=DEBUG"}, want: func(c *Config) { c.Logger.Level = "debug" }},
		{name: "repeated list", args: []string{"--runtime.env", "a=1", "--runtime.env", "b=x=y"}, want: func(c *Config) {
			c.Runtime.Env = []string{"a=1", "b=x=y"}
		}},
		{name: "file", file: "name: z\nsocket:\n  port: 1\n  address: \"\"\nlogger: {level: warn, stdout: no}\n", want: func(c *Config) {
			c.Name, c.Socket.Port, c.Socket.Address, c.Logger.Level, c.Logger.Stdout = "z", 1, "", "warn", false
		}},
		{name: "file with nothing but a comment", file: "# nothing\n", want: func(*Config) {}},
		{name: "empty section and value", file: "socket:\nname: ~\n", want: func(*Config) {}},
		{name: "number where text is wanted", file: "runtime: {http_key: 0123}", want: func(c *Config) { c.Runtime.HTTPKey = "0123" }},
		{name: "alias", file: "name: &n node\nruntime: {http_key: *n}", want: func(c *Config) { c.Name, c.Runtime.HTTPKey = "node", "node" }},
		{name: "flags beat files", file: "name: z\nsocket: {port: 1}", args: []string{"--socket.port=2"}, want: func(c *Config) {
			c.Name, c.Socket.Port = "z", 2
		}},
		{name: "flags add to runtime.env", file: "runtime:\n  env:\n    - a=1\n    - b=2\n", args: []string{"--runtime.env=a=3"}, want: func(c *Config) {
			c.Runtime.Env = []string{"a=1", "b=2", "a=3"}
		}},
		{name: "flags replace other lists", file: "socket: {response_headers: [a=1]}", args: []string{"--socket.response_headers=b=2"}, want: func(c *Config) {
			c.Socket.ResponseHeaders = []string{"b=2"}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := test.args
			if test.file != "" {
				args = append([]string{"--config", "a.yml"}, args...)
			}
			got, _, err := parse(map[string]string{"a.yml": test.file}, args...)
			if err != nil {
				t.Fatal(err)
			}
			want := Default()
			test.want(&want)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestLaterFilesBeatEarlierOnes(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"a.yml": "name: a\nsocket: {port: 1}\nruntime: {env: [k=a, l=a]}",
		"b.yml": "name: b\nruntime: {env: [k=b]}",
	}
	got, _, err := parse(files, "--config", "a.yml", "--config=b.yml")
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "b" || got.Socket.Port != 1 {
		t.Errorf("name %q, port %d; want b, 1", got.Name, got.Socket.Port)
	}
	if env := got.Runtime.Environment(); !maps.Equal(env, map[string]string{"k": "b", "l": "a"}) {
		t.Errorf("environment %v", env)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		file string
		args []string
		want string
	}{
		{name: "unknown flag", args: []string{"--socket.prot", "7350"}, want: "unknown flag --socket.prot; did you mean --socket.port?"},
		{name: "flag without its section", args: []string{"--port=1"}, want: "unknown flag --port; did you mean --socket.port?"},
		{name: "flag like nothing", args: []string{"--qqqqqqqqqqqq"}, want: "unknown flag --qqqqqqqqqqqq; the nearest is --name, --help lists all settings"},
		{name: "unserved flag misspelt", args: []string{"--console.prt=1"}, want: "unknown flag --console.prt; did you mean --console.port?"},
		{name: "argument", args: []string{"serve"}, want: `unexpected argument "serve": settings are given as --name=value`},
		{name: "value after a switch", args: []string{"--logger.stdout", "false"}, want: `unexpected argument "false": settings are given as --name=value`},
		{name: "only dashes", args: []string{"--"}, want: `unexpected argument "--": settings are given as --name=value`},
		{name: "no value", args: []string{"--socket.port"}, want: "--socket.port needs a value"},
		{name: "no number", args: []string{"--socket.port=web"}, want: `--socket.port is "web": it must be a whole number from 0 to 65535`},
		{name: "fraction", args: []string{"--match.max_empty_sec=1.5"}, want: `--match.max_empty_sec is "1.5": it must be a whole number from 0 to 2147483647`},
		{name: "too large", args: []string{"--socket.port=70000"}, want: `--socket.port is "70000": it must be a whole number from 0 to 65535`},
		{name: "too small", args: []string{"--matchmaker.interval_sec=0"}, want: `--matchmaker.interval_sec is "0": it must be a whole number from 1 to 2147483647`},
		{name: "no choice", args: []string{"--logger.level=loud"}, want: `--logger.level is "loud": it must be one of debug, info, warn, error`},
		{name: "no boolean", args: []string{"--logger.stdout=maybe"}, want: `--logger.stdout is "maybe": it must be true or false`},
		{name: "environment without a sign", args: []string{"--runtime.env=a"}, want: `runtime.env has the entry "a": it must be KEY=VALUE`},
		{name: "header without a name", args: []string{"--socket.response_headers==x"}, want: `socket.response_headers has the entry "=x": it must be KEY=VALUE`},
		{name: "long name", args: []string{"--name=abcdefghijklmnopq"}, want: `name is "abcdefghijklmnopq": it must have 1 to 16 characters and no dot`},
		{name: "name with a dot", args: []string{"--name=a.b"}, want: `name is "a.b": it must have 1 to 16 characters and no dot`},
		{name: "empty key", args: []string{"--socket.server_key="}, want: "socket.server_key must not be empty"},
		{name: "empty folder", args: []string{"--data_dir="}, want: "data_dir must not be empty"},
		{name: "one key for both", args: []string{"--session.encryption_key=k", "--session.refresh_encryption_key=k"},
			want: "session.encryption_key and session.refresh_encryption_key must differ, or a refresh token would pass as a session token"},
		{name: "one party on many sockets", args: []string{"--session.single_party"}, want: "session.single_party works only with session.single_socket"},
		{name: "one match on many sockets", args: []string{"--session.single_match"}, want: "session.single_match works only with session.single_socket"},
		{name: "pings too rare", args: []string{"--socket.ping_period_ms=25000"},
			want: "socket.ping_period_ms is 25000: it must be less than socket.pong_wait_ms, which is 25000"},

		{name: "unknown setting", file: "socket:\n  port: 1\n  prot: 2\n", want: "a.yml:3: unknown setting socket.prot; did you mean socket.port?"},
		{name: "unknown section", file: "sockets:\n  port: 1\n", want: "a.yml:1: unknown setting sockets; did you mean socket?"},
		{name: "config in a file", file: "config: b.yml", want: "a.yml:1: unknown setting config; the nearest is name, --help lists all settings"},
		{name: "wrong value", file: "socket:\n  port: web\n", want: `a.yml:2: socket.port is "web": it must be a whole number from 0 to 65535`},
		{name: "set twice", file: "name: a\nname: b\n", want: "a.yml:2: name is set twice: it stands in line 1 already"},
		{name: "value for a section", file: "socket: 7350", want: "a.yml:1: socket must be a section with settings of its own"},
		{name: "section for a value", file: "name:\n  first: a\n", want: "a.yml:2: name must be a single value"},
		{name: "list for the file", file: "- name\n", want: "a.yml:1: the file must be a section with settings of its own"},
		{name: "no address", args: []string{"--database.address="}, want: "database.address has an empty entry: it must be USER:PASSWORD@HOST:PORT/NAME"},
		{name: "value for a list of addresses", file: "database: {address: a@b}", want: "a.yml:1: database.address must be a list of USER:PASSWORD@HOST:PORT/NAME, each on a line of its own after a dash"},
		{name: "value for a list", file: "runtime: {env: a=1}", want: "a.yml:1: runtime.env must be a list of KEY=VALUE, each on a line of its own after a dash"},
		{name: "list in a list", file: "runtime: {env: [[a=1]]}", want: "a.yml:1: an entry of runtime.env must be a single KEY=VALUE"},
		{name: "broken file", file: "socket:\n\tport: 1\n", want: "a.yml is not valid YAML: line 2: found character that cannot start any token"},
		{name: "two documents", file: "name: a\n---\nname: b\n", want: "a.yml holds more than one YAML document: put them into files of their own"},
		{name: "missing file", args: []string{"--config=none.yml"}, want: "read the configuration: open none.yml: file does not exist"},
		{name: "all at once", args: []string{"--socket.port=x", "--nmae=y"}, want: "unknown flag --nmae; did you mean --name?\n" +
			`--socket.port is "x": it must be a whole number from 0 to 65535`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := test.args
			if test.file != "" {
				args = append(args, "--config=a.yml")
			}
			_, _, err := parse(map[string]string{"a.yml": test.file}, args...)
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestUnservedSettingsAreNamedInOneWarning(t *testing.T) {
	t.Parallel()
	files := map[string]string{"a.yml": "console: {port: 7351, mfa: {storage_encryption_key: x}}\ndatabase:\n  dns_scan_interval_sec: 5\n"}
	_, warnings, err := parse(files, "--config=a.yml", "--logger.rotation", "--metrics.prometheus_port", "9100", "--iap.apple.notifications_endpoint_id=x")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"settings of Nakama's that have no meaning here yet: " +
		"console.mfa.storage_encryption_key, console.port, database.dns_scan_interval_sec, iap.apple.notifications_endpoint_id, logger.rotation, metrics.prometheus_port"}
	if !slices.Equal(warnings, want) {
		t.Errorf("got %q, want %q", warnings, want)
	}
}

func TestDatabaseAddress(t *testing.T) {
	t.Parallel()
	const file = "database:\n  address: [\"a:b@c:1/d\", e]\n"
	for _, test := range []struct {
		args     []string
		address  string
		inMemory bool
		warnings int
	}{
		{nil, "", false, 0},
		{[]string{"--data_dir=:memory:"}, "", true, 0},
		{[]string{"--data_dir=:memory:", "--database.address", "postgres://a@b/c?x=y"}, "postgres://a@b/c?x=y", false, 0},
		{[]string{"--config=a.yml"}, "a:b@c:1/d", false, 1},
		{[]string{"--config=a.yml", "--database.address=f"}, "f", false, 0},
	} {
		config, warnings, err := parse(map[string]string{"a.yml": file}, test.args...)
		if err != nil || config.PostgresAddress() != test.address || config.InMemory() != test.inMemory || len(warnings) != test.warnings {
			t.Errorf("%q: address %q, in memory %t, warnings %q, %v", test.args, config.PostgresAddress(), config.InMemory(), warnings, err)
		}
	}
}

func TestKnownKeysOnAnOpenAddressAreWarnedOf(t *testing.T) {
	t.Parallel()
	for address, warned := range map[string]bool{"127.0.0.1": false, "::1": false, "localhost": false, "": true, "0.0.0.0": true, "example.com": true} {
		_, warnings, err := parse(nil, "--socket.address="+address, "--runtime.http_key=mine")
		if err != nil {
			t.Fatal(err)
		}
		if got := len(warnings) == 1; got != warned {
			t.Errorf("address %q: warnings %q", address, warnings)
		}
		if warned && (!strings.Contains(warnings[0], "socket.server_key") || strings.Contains(warnings[0], "runtime.http_key")) {
			t.Errorf("address %q: warning %q", address, warnings[0])
		}
	}
}

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]error{"--help": ErrHelp, "-h": ErrHelp, "--version": ErrVersion} {
		if _, _, err := parse(nil, "--socket.port=1", arg); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", arg, err, want)
		}
	}
}

func TestUsageDescribesEverySetting(t *testing.T) {
	t.Parallel()
	usage := Usage()
	config := Default()
	for _, k := range keysOf(&config) {
		if k.isUnread() {
			continue
		}
		if k.usage == "" || !strings.Contains(usage, "--"+k.name) {
			t.Errorf("%s has no usage text", k.name)
		}
	}
	for line := range strings.Lines(usage) {
		if len(line) > 100 {
			t.Errorf("line of %d bytes: %s", len(line), line)
		}
	}
}

func TestNoSettingIsDeclaredTwice(t *testing.T) {
	t.Parallel()
	config := Default()
	unserved := unservedKeys()
	seen := map[string]bool{}
	for _, k := range keysOf(&config) {
		if _, both := unserved[k.name]; both || seen[k.name] {
			t.Errorf("%s is declared twice", k.name)
		}
		seen[k.name] = true
	}
	if problems := config.check(); len(problems) > 0 {
		t.Errorf("the defaults are refused: %v", problems)
	}
}

func TestForModules(t *testing.T) {
	t.Parallel()
	config, _, err := parse(nil, "--runtime.env=a=1", "--social.steam.app_id=5", "--session.single_socket", "--iap.apple.shared_password=p")
	if err != nil {
		t.Fatal(err)
	}
	root := config.ForModules()
	for path, want := range map[string]any{
		"name": "nakama", "socket.port": int64(7350), "session.single_socket": true, "session.single_party": false,
		"social.steam.app_id": int64(5), "iap.apple.shared_password": "p", "runtime.env": []any{"a=1"},
		"data_dir": nil, "match": nil, "runtime.path": nil,
	} {
		var got any = root
		for _, name := range strings.Split(path, ".") {
			section, _ := got.(map[string]any)
			got = section[name]
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %#v, want %#v", path, got, want)
		}
	}
}

// FuzzYAML wants that no file makes the parser panic, and that whatever it accepts
// is a configuration that holds the rules.
func FuzzYAML(f *testing.F) {
	for _, seed := range []string{
		"", "name: a", "socket:\n  port: 1\n", "runtime: {env: [a=1, b]}", "- x", "a: &a [*a]", "socket: &s {port: 1}\nmatch: *s",
		"? [a]\n: b", "<<: {name: x}", "name: !!binary eA==", "a: b: c", "---\n---", "name: |\n  text\n", "\xff\xfe",
		"session: {token_expiry_sec: 0x10}", "{name: ~}", "socket:\n  ? port\n  : 2",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		config, _, err := Parse([]string{"--config=a"}, func(string) ([]byte, error) { return data, nil })
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without a text")
			}
			return
		}
		if problems := config.check(); len(problems) > 0 {
			t.Errorf("accepted, but: %v", problems)
		}
	})
}

// FuzzFlags wants the same of command lines.
func FuzzFlags(f *testing.F) {
	for _, seed := range []string{"", "--name\x00b", "-socket.port=1", "--", "-", "--=", "--help", "--runtime.env\x00a=1\x00--runtime.env\x00b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		config, _, err := Parse(strings.Split(line, "\x00"), func(string) ([]byte, error) { return nil, os.ErrNotExist })
		if err == nil && len(config.check()) > 0 {
			t.Errorf("accepted, but: %v", config.check())
		}
	})
}
