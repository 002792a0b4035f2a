package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ErrHelp and ErrVersion are returned by Parse when the flags ask for nothing else.
var (
	ErrHelp    = errors.New("help was asked for")
	ErrVersion = errors.New("the version was asked for")
)

// Parse reads flags (without the program's name) and the YAML files that they name
// with --config. A later file beats an earlier one, and flags beat files.
//
// The warnings are sentences for the log. The error joins every problem that was
// found, each naming the setting, its value, what is wanted, and in a file the
// line; it is ErrHelp or ErrVersion when --help or --version is given.
func Parse(args []string, readFile func(name string) ([]byte, error)) (Config, []string, error) {
	p := newParser()
	flags, err := p.readFlags(args)
	if err != nil {
		return Config{}, nil, err
	}
	for _, name := range flags.files {
		data, err := readFile(name)
		if err != nil {
			return Config{}, nil, fmt.Errorf("read the configuration: %w", err)
		}
		p.readYAML(name, data)
	}
	p.applyFlags(flags)
	if len(p.problems) == 0 {
		p.problems = p.config.check()
	}
	if err := errors.Join(p.problems...); err != nil {
		return Config{}, nil, err
	}
	return *p.config, p.warnings(), nil
}

// parser gathers a Config, and what is wrong with its sources.
type parser struct {
	config   *Config
	keys     []key
	unserved map[string]bool // name → is a switch
	known    []string        // every name, those that are served first
	ignored  map[string]bool // the names that were set without effect
	problems []error
}

func newParser() *parser {
	config := Default()
	p := &parser{config: &config, keys: keysOf(&config), unserved: unservedKeys(), ignored: map[string]bool{}}
	for _, k := range p.keys {
		p.known = append(p.known, k.name)
	}
	p.known = append(p.known, slices.Sorted(maps.Keys(p.unserved))...)
	return p
}

func (p *parser) problem(err error) { p.problems = append(p.problems, err) }

func (p *parser) warnings() []string {
	var warnings []string
	if len(p.ignored) > 0 {
		warnings = append(warnings, "settings of Nakama's that have no meaning here yet: "+
			strings.Join(slices.Sorted(maps.Keys(p.ignored)), ", "))
	}
	if len(p.config.Database.Address) > 1 {
		warnings = append(warnings, "of the addresses in database.address only the first is used")
	}
	if names := p.config.exposed(); len(names) > 0 {
		warnings = append(warnings, "others than this machine can reach the host, and these keys still have the value that everyone knows: "+
			strings.Join(names, ", "))
	}
	return warnings
}

// flagValues is a command line taken apart.
type flagValues struct {
	files  []string
	order  []string            // names, each once
	values map[string][]string // in the order of the command line
}

// readFlags takes the command line apart as Go's flag package does: one dash or
// two, "--name value" or "--name=value", and switches without a value.
func (p *parser) readFlags(args []string) (flagValues, error) {
	flags := flagValues{values: map[string][]string{}}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		name, value, hasValue := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
		if !strings.HasPrefix(arg, "-") || name == "" {
			p.problem(fmt.Errorf("unexpected argument %q: settings are given as --name=value", arg))
			continue
		}
		switch name {
		case "help", "h":
			return flags, ErrHelp
		case "version":
			return flags, ErrVersion
		}
		isSwitch, known := p.isSwitch(name)
		if !known {
			p.problem(fmt.Errorf("unknown flag --%s%s", name, suggestion(name, "--", p.known)))
			if !hasValue && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
				args = args[1:] // most likely its value; one message is enough
			}
			continue
		}
		switch {
		case hasValue:
		case isSwitch:
			value = "true"
		case len(args) == 0:
			p.problem(fmt.Errorf("--%s needs a value", name))
			continue
		default:
			value, args = args[0], args[1:]
		}
		flags.add(name, value)
	}
	return flags, nil
}

func (f *flagValues) add(name, value string) {
	if name == "config" {
		f.files = append(f.files, value)
		return
	}
	if _, seen := f.values[name]; !seen {
		f.order = append(f.order, name)
	}
	f.values[name] = append(f.values[name], value)
}

// isSwitch says whether a flag may stand without a value, and whether there is
// such a flag at all.
func (p *parser) isSwitch(name string) (isSwitch, known bool) {
	if name == "config" {
		return false, true
	}
	if k, ok := find(p.keys, name); ok {
		return k.isBool(), true
	}
	isSwitch, known = p.unserved[name]
	return isSwitch, known
}

func (p *parser) applyFlags(flags flagValues) {
	for _, name := range flags.order {
		values := flags.values[name]
		k, served := find(p.keys, name)
		if !served || k.isUnread() {
			p.ignored[name] = true
		}
		switch {
		case !served:
		case k.isList():
			k.setList(values)
		default:
			if err := k.set(values[len(values)-1]); err != nil {
				p.problem(fmt.Errorf("--%w", err))
			}
		}
	}
}
