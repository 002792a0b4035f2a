package conformance

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// variables hold what a scene has learned: user ids, match ids and the like.
type variables map[string]string

// expand replaces each ${name} in text by its value.
func (v variables) expand(text string) (string, error) {
	var missing string
	out := variablePattern.ReplaceAllStringFunc(text, func(ref string) string {
		name := ref[2 : len(ref)-1]
		value, ok := v[name]
		if !ok {
			missing = name
		}
		return value
	})
	if missing != "" {
		return "", fmt.Errorf("no variable %q yet", missing)
	}
	return out, nil
}

var (
	variablePattern = regexp.MustCompile(`\$\{[A-Za-z0-9_.]+\}`)
	uuidPattern     = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	timePattern     = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`)
	jwtPattern      = regexp.MustCompile(`eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+`)
)

// normalise rewrites an answer so that two runs compare equal: known values
// become their variables, other ids, times and tokens become placeholders.
func (v variables) normalise(value any, step *Step) any {
	value = v.rewrite(value)
	for _, path := range step.Ignore {
		value = atPath(value, strings.Split(path, "."), func(any) any { return "<any>" })
	}
	for _, path := range step.Unordered {
		value = atPath(value, strings.Split(path, "."), sorted)
	}
	return value
}

func (v variables) rewrite(value any) any {
	switch value := value.(type) {
	case string:
		if embedded, ok := parseEmbedded(value); ok {
			return map[string]any{"json": v.rewrite(embedded)}
		}
		return v.rewriteText(value)
	case []any:
		out := make([]any, len(value))
		for i, item := range value {
			out[i] = v.rewrite(item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(value))
		for key, item := range value {
			if data, ok := item.(string); ok && (key == "match_data" || key == "party_data" || key == "data") {
				item = decodeData(data)
			}
			out[v.rewriteText(key)] = v.rewrite(item)
		}
		return out
	}
	return value
}

// parseEmbedded reads a string that holds a JSON object or array, such as an
// account's metadata, so that key order and white space do not count.
func parseEmbedded(text string) (any, bool) {
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
		return nil, false
	}
	switch value := parse([]byte(text)).(type) {
	case map[string]any, []any:
		return value, true
	}
	return nil, false
}

// decodeData reads the base64 payload of a match or party data message; one
// that is not text stays as it is, so that no byte of it is lost.
func decodeData(data string) string {
	decoded, err := base64.StdEncoding.DecodeString(data)
	if err != nil || !utf8.Valid(decoded) {
		return data
	}
	return string(decoded)
}

func (v variables) rewriteText(text string) string {
	names := make([]string, 0, len(v))
	for name, value := range v {
		if name != "node" && len(value) >= 6 {
			names = append(names, name)
		}
	}
	// Longest value first, so that a match id wins over the id inside it.
	slices.SortFunc(names, func(a, b string) int {
		if d := len(v[b]) - len(v[a]); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		text = strings.ReplaceAll(text, v[name], "${"+name+"}")
	}
	if node := v["node"]; node != "" {
		if text == node {
			return "${node}"
		}
		if rest, ok := strings.CutSuffix(text, "."+node); ok {
			text = rest + ".${node}"
		}
	}
	text = jwtPattern.ReplaceAllString(text, "<token>")
	text = uuidPattern.ReplaceAllString(text, "<uuid>")
	return timePattern.ReplaceAllString(text, "<time>")
}

// opened is an answer in which a string that holds JSON is {"json": …} and
// other base64 data {"text": …}, so that a path can lead into it.
func opened(value any) any {
	switch value := value.(type) {
	case string:
		if embedded, ok := parseEmbedded(value); ok {
			return map[string]any{"json": opened(embedded)}
		}
	case []any:
		out := make([]any, len(value))
		for i, item := range value {
			out[i] = opened(item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(value))
		for key, item := range value {
			out[key] = opened(item)
			if data, ok := item.(string); ok && key == "data" {
				out[key] = opened(decodeData(data))
				if text, ok := out[key].(string); ok {
					out[key] = map[string]any{"text": text}
				}
			}
		}
		return out
	}
	return value
}

// atPath applies f to the values at a dotted path; "*" stands for every
// element of an array or every value of an object. A missing path is left out.
func atPath(value any, path []string, f func(any) any) any {
	if len(path) == 0 {
		return f(value)
	}
	switch value := value.(type) {
	case map[string]any:
		for key, item := range value {
			if path[0] == key || path[0] == "*" {
				value[key] = atPath(item, path[1:], f)
			}
		}
	case []any:
		for i, item := range value {
			if path[0] == strconv.Itoa(i) || path[0] == "*" {
				value[i] = atPath(item, path[1:], f)
			}
		}
	}
	return value
}

func sorted(value any) any {
	list, ok := value.([]any)
	if !ok {
		return value
	}
	list = slices.Clone(list)
	sort.SliceStable(list, func(i, j int) bool { return compact(list[i]) < compact(list[j]) })
	return list
}

func lookup(value any, path string) (string, bool) {
	found, ok := "", false
	atPath(value, strings.Split(path, "."), func(item any) any {
		switch item := item.(type) {
		case string:
			found, ok = item, true
		case nil:
		default:
			found, ok = compact(item), true
		}
		return item
	})
	return found, ok
}

// compact encodes a value with its keys in order.
func compact(value any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprintf("%#v", value)
	}
	return strings.TrimSpace(out.String())
}

func parse(data []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil || decoder.More() {
		return string(data)
	}
	return value
}

// textOf is the text that a JSON string holds, or other JSON as it stands: a
// malformed frame or payload is written as a string.
func textOf(source string) string {
	var text string
	if json.Unmarshal([]byte(source), &text) == nil {
		return text
	}
	return source
}
