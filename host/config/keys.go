package config

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// key is one setting of a Config, by its full name such as "socket.port".
type key struct {
	name  string
	usage string
	value reflect.Value // the field, settable
	tag   reflect.StructTag
}

// keysOf lists the settings of c in the order of their declaration; setting one
// changes c.
func keysOf(c *Config) []key {
	return appendKeys(nil, "", reflect.ValueOf(c).Elem())
}

func appendKeys(keys []key, prefix string, section reflect.Value) []key {
	for i := range section.NumField() {
		field, tag := section.Field(i), section.Type().Field(i).Tag
		name := prefix + tag.Get("yaml")
		if field.Kind() == reflect.Struct {
			keys = appendKeys(keys, name+".", field)
			continue
		}
		keys = append(keys, key{name: name, usage: tag.Get("usage"), value: field, tag: tag})
	}
	return keys
}

func find(keys []key, name string) (key, bool) {
	i := slices.IndexFunc(keys, func(k key) bool { return k.name == name })
	if i < 0 {
		return key{}, false
	}
	return keys[i], true
}

func (k key) isBool() bool { return k.value.Kind() == reflect.Bool }
func (k key) isList() bool { return k.value.Kind() == reflect.Slice }

// isPairs says that a list's entries are KEY=VALUE; entry is their form.
func (k key) isPairs() bool { return k.tag.Get("entry") == "" }
func (k key) entry() string { return cmp.Or(k.tag.Get("entry"), "KEY=VALUE") }

// set gives a setting that is no list its value. The error names the setting, the
// value and what is wanted.
func (k key) set(text string) error {
	switch k.value.Kind() {
	case reflect.Bool:
		value, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%s is %q: it must be true or false", k.name, text)
		}
		k.value.SetBool(value)
	case reflect.Int:
		return k.setInt(text)
	case reflect.String:
		return k.setString(text)
	}
	return nil
}

func (k key) setInt(text string) error {
	value, err := strconv.ParseInt(text, 0, 0)
	least, most := k.bound("min", math.MinInt32), k.bound("max", math.MaxInt32)
	if err == nil && value >= least && value <= most {
		k.value.SetInt(value)
		return nil
	}
	return fmt.Errorf("%s is %q: it must be a whole number from %d to %d", k.name, text, least, most)
}

func (k key) bound(tag string, otherwise int64) int64 {
	if value, err := strconv.ParseInt(k.tag.Get(tag), 10, 64); err == nil {
		return value
	}
	return otherwise
}

func (k key) setString(text string) error {
	choices := strings.Fields(k.tag.Get("oneof"))
	if len(choices) == 0 {
		k.value.SetString(text)
		return nil
	}
	if lower := strings.ToLower(text); slices.Contains(choices, lower) {
		k.value.SetString(lower)
		return nil
	}
	return fmt.Errorf("%s is %q: it must be one of %s", k.name, text, strings.Join(choices, ", "))
}

// isUnread says that the setting is nothing to the host itself.
func (k key) isUnread() bool { return k.tag.Get("modules") == "only" }

// plain is the value as string, int64, bool or []any.
func (k key) plain() any {
	switch k.value.Kind() {
	case reflect.Int:
		return k.value.Int()
	case reflect.Slice:
		entries := make([]any, k.value.Len())
		for i, entry := range k.list() {
			entries[i] = entry
		}
		return entries
	}
	return k.value.Interface()
}

func (k key) list() []string { return k.value.Interface().([]string) }

// setList gives a list its entries, or adds them to a list that merges.
func (k key) setList(entries []string) {
	if k.tag.Get("merge") == "true" {
		entries = append(slices.Clone(k.list()), entries...)
	}
	k.value.Set(reflect.ValueOf(entries))
}

// kind is how usage texts call the setting's value.
func (k key) kind() string {
	switch k.value.Kind() {
	case reflect.Bool:
		return ""
	case reflect.Int:
		return "NUMBER"
	case reflect.Slice:
		return k.entry()
	}
	if choices := k.tag.Get("oneof"); choices != "" {
		return strings.ReplaceAll(choices, " ", "|")
	}
	return "TEXT"
}
