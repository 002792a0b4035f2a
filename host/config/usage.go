package config

import (
	"fmt"
	"reflect"
	"strings"
)

const (
	usageWidth  = 88 // columns of the help text
	usageIndent = 6
)

// Usage is the text of --help: every setting with its default, by section.
func Usage() string {
	var out strings.Builder
	out.WriteString(`nkhost runs Nakama Lua server modules without Nakama.

Usage: nkhost [--name=value …]

  --config FILE
      Read settings from a YAML file; may be repeated. Flags beat files.
  --help, --version
      Print this text, or the version, and end.

Settings (their names in a YAML file are the same, a section a level):
`)
	config := Default()
	section := ""
	for _, k := range keysOf(&config) {
		if k.isUnread() {
			continue
		}
		name, _, nested := strings.Cut(k.name, ".")
		if nested && name != section {
			section = name
			fmt.Fprintf(&out, "\n%s\n", strings.ToUpper(section))
		}
		fmt.Fprintf(&out, "  --%s\n", strings.TrimSpace(k.name+" "+k.kind()))
		writeWrapped(&out, k.usage+k.defaultText())
	}
	return out.String()
}

func (k key) defaultText() string {
	switch {
	case k.value.IsZero() && k.value.Kind() != reflect.Int && k.value.Kind() != reflect.Bool:
		return ""
	case k.isList():
		return ""
	}
	return fmt.Sprintf(" Default %v.", k.value.Interface())
}

func writeWrapped(out *strings.Builder, text string) {
	indent := strings.Repeat(" ", usageIndent)
	line := indent
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > usageWidth {
			out.WriteString(line + "\n")
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	out.WriteString(line + "\n")
}
