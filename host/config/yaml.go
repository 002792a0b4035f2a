package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// file is a YAML file while its settings are taken over.
type file struct {
	*parser
	name string
}

func (p *parser) readYAML(name string, data []byte) {
	f := file{parser: p, name: name}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, another yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF): // nothing but comments
		return
	case err != nil:
		p.problem(fmt.Errorf("%s is not valid YAML: %s", name, strings.TrimPrefix(err.Error(), "yaml: ")))
		return
	}
	if err := decoder.Decode(&another); !errors.Is(err, io.EOF) {
		p.problem(fmt.Errorf("%s holds more than one YAML document: put them into files of their own", name))
		return
	}
	f.section(document.Content[0], "")
}

func (f file) problemAt(node *yaml.Node, format string, args ...any) {
	f.problem(fmt.Errorf("%s:%d: %w", f.name, node.Line, fmt.Errorf(format, args...)))
}

// section takes over a mapping whose settings' names begin with prefix.
func (f file) section(node *yaml.Node, prefix string) {
	node = resolved(node)
	if isNull(node) {
		return
	}
	if node.Kind != yaml.MappingNode {
		f.problemAt(node, "%s must be a section with settings of its own", f.sectionName(prefix))
		return
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		full := prefix + name.Value
		if line, twice := lines[full]; twice {
			f.problemAt(name, "%s is set twice: it stands in line %d already", full, line)
			continue
		}
		lines[full] = name.Line
		f.setting(name, resolved(value), full)
	}
}

func (f file) sectionName(prefix string) string {
	if prefix == "" {
		return "the file"
	}
	return strings.TrimSuffix(prefix, ".")
}

func (f file) setting(name, value *yaml.Node, full string) {
	if k, ok := find(f.keys, full); ok {
		if k.isUnread() {
			f.ignored[full] = true
		}
		f.take(k, value)
		return
	}
	if _, ok := f.unserved[full]; ok {
		f.ignored[full] = true
		return
	}
	for _, known := range f.known {
		if strings.HasPrefix(known, full+".") {
			f.section(value, full+".")
			return
		}
	}
	known := f.known
	if value.Kind == yaml.MappingNode {
		known = sections(known)
	}
	f.problemAt(name, "unknown setting %s%s", full, suggestion(full, "", known))
}

// sections are the names of what settings lie in.
func sections(settings []string) []string {
	var names []string
	for _, name := range settings {
		if dot := strings.LastIndexByte(name, '.'); dot >= 0 && !slices.Contains(names, name[:dot]) {
			names = append(names, name[:dot])
		}
	}
	return names
}

// take gives a setting its value; null leaves it as it was.
func (f file) take(k key, value *yaml.Node) {
	switch {
	case isNull(value):
	case k.isList():
		f.takeList(k, value)
	case value.Kind != yaml.ScalarNode:
		f.problemAt(value, "%s must be a single value", k.name)
	default:
		text := value.Value
		var boolean bool
		if k.isBool() && value.Decode(&boolean) == nil {
			text = strconv.FormatBool(boolean) // YAML also says yes and no
		}
		if err := k.set(text); err != nil {
			f.problemAt(value, "%w", err)
		}
	}
}

func (f file) takeList(k key, value *yaml.Node) {
	if value.Kind != yaml.SequenceNode {
		f.problemAt(value, "%s must be a list of %s, each on a line of its own after a dash", k.name, k.entry())
		return
	}
	entries := make([]string, 0, len(value.Content))
	for _, entry := range value.Content {
		entry = resolved(entry)
		if entry.Kind != yaml.ScalarNode {
			f.problemAt(entry, "an entry of %s must be a single %s", k.name, k.entry())
			return
		}
		entries = append(entries, entry.Value)
	}
	k.setList(entries)
}

// resolved is what an alias stands for.
func resolved(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
}
