package api

import (
	"slices"
	"strings"
)

// routes finds operations by method and path. Paths are taken as they are written:
// case counts, and so does a slash at the end.
type routes struct {
	literal  map[string][]*operation // by path, of operations without fields in it
	patterns []pattern
}

// pattern is a path with fields in it.
type pattern struct {
	prefix   string   // before the first field
	segments []string // from there on; "" is a field
	rest     bool     // the last field takes all that is left, also nothing
	op       *operation
}

func newRoutes(table []operation) routes {
	found := routes{literal: map[string][]*operation{}}
	for i := range table {
		op := &table[i]
		if start := strings.IndexByte(op.path, '{'); start >= 0 {
			found.patterns = append(found.patterns, newPattern(op, start))
		} else {
			found.literal[op.path] = append(found.literal[op.path], op)
		}
		op.fixed = fixedFields(op)
	}
	return found
}

// newPattern reads a path whose first field begins at start, and notes in op which
// fields it sets.
func newPattern(op *operation, start int) pattern {
	p := pattern{prefix: op.path[:start], segments: strings.Split(op.path[start:], "/"), op: op}
	for i, segment := range p.segments {
		if field, ok := strings.CutPrefix(segment, "{"); ok {
			field, p.rest = strings.CutSuffix(strings.TrimSuffix(field, "}"), "...")
			op.fields = append(op.fields, field)
			p.segments[i] = ""
		}
	}
	return p
}

// fixedFields are those which the path or the body sets.
func fixedFields(op *operation) []string {
	if op.body == "" || op.body == "*" {
		return op.fields
	}
	return append(slices.Clone(op.fields), op.body)
}

// find returns the operation and what the path says for its fields. Without one,
// known tells whether the path has operations of other methods.
func (rs routes) find(method, path string) (op *operation, params []string, known bool) {
	for _, op := range rs.literal[path] {
		if op.method == method {
			return op, nil, true
		}
		known = true
	}
	for i := range rs.patterns {
		p := &rs.patterns[i]
		params, ok := p.match(path)
		if !ok {
			continue
		}
		if p.op.method == method {
			return p.op, params, true
		}
		known = true
	}
	return nil, nil, known
}

func (p *pattern) match(path string) (params []string, ok bool) {
	path, more := strings.CutPrefix(path, p.prefix)
	for i, want := range p.segments {
		if !more {
			return nil, false
		}
		if p.rest && i == len(p.segments)-1 {
			return append(params, path), true
		}
		var segment string
		segment, path, more = strings.Cut(path, "/")
		switch {
		case want == "" && segment != "":
			params = append(params, segment)
		case want == "" || segment != want:
			return nil, false
		}
	}
	return params, !more
}
