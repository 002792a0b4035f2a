package lua

import (
	"encoding/binary"
	"errors"
	"math"

	"nkhost/lua/glua"
)

// The tags of values in AppendBinary's encoding.
const (
	tagNil byte = iota
	tagFalse
	tagTrue
	tagWhole  // a varint
	tagNumber // eight bytes
	tagString // length, bytes
	tagTable  // count, then keys and values in the table's order
	tagOther  // a function and the like: its type
	tagSeen   // a table that contains itself, or that is too much
)

// maxBinary is about how many bytes a value's encoding may have.
const maxBinary = 16 << 20

// AppendBinary appends a value's encoding, which tells apart all that Lua code could,
// the order of a table's fields included, but for which tables and functions are the
// same one. Metatables are left out.
func AppendBinary(out []byte, v glua.LValue) []byte {
	return appendBinary(out, v, nil)
}

// within are the tables that v is in.
type within struct {
	table *glua.LTable
	outer *within
	depth int
}

func appendBinary(out []byte, v glua.LValue, in *within) []byte {
	switch v := v.(type) {
	case *glua.LNilType:
		return append(out, tagNil)
	case glua.LBool:
		if v {
			return append(out, tagTrue)
		}
		return append(out, tagFalse)
	case glua.LNumber:
		if whole := int64(v); glua.LNumber(whole) == v && whole != math.MinInt64 && (whole != 0 || !math.Signbit(float64(v))) {
			return binary.AppendVarint(append(out, tagWhole), whole)
		}
		return binary.BigEndian.AppendUint64(append(out, tagNumber), math.Float64bits(float64(v)))
	case glua.LString:
		out = binary.AppendUvarint(append(out, tagString), uint64(len(v)))
		return append(out, v...)
	case *glua.LTable:
		return appendTable(out, v, in)
	}
	return append(out, tagOther, byte(v.Type()))
}

func appendTable(out []byte, t *glua.LTable, in *within) []byte {
	inner := &within{table: t, outer: in, depth: 1}
	if in != nil {
		inner.depth = in.depth + 1
	}
	if inner.depth > maxDepth || len(out) > maxBinary {
		return append(out, tagSeen)
	}
	for w := in; w != nil; w = w.outer {
		if w.table == t {
			return append(out, tagSeen)
		}
	}
	count := uint64(0)
	for key, _ := t.Next(glua.LNil); key != glua.LNil; key, _ = t.Next(key) {
		count++
	}
	out = binary.AppendUvarint(append(out, tagTable), count)
	for key, value := t.Next(glua.LNil); key != glua.LNil; key, value = t.Next(key) {
		out = appendBinary(out, key, inner)
		out = appendBinary(out, value, inner)
	}
	return out
}

// ReadBinary reads one value of AppendBinary and returns what follows it. A value that
// Lua cannot be given again, such as a function, is an error.
func ReadBinary(data []byte) (v glua.LValue, rest []byte, err error) {
	r := binaryReader{data}
	v, err = r.value(0)
	return v, r.data, err
}

var errBinary = errors.New("the encoding of a Lua value is damaged")

type binaryReader struct{ data []byte }

func (r *binaryReader) take(n uint64) ([]byte, error) {
	if n > uint64(len(r.data)) {
		return nil, errBinary
	}
	taken := r.data[:n]
	r.data = r.data[n:]
	return taken, nil
}

func (r *binaryReader) uvarint() (uint64, error) {
	n, size := binary.Uvarint(r.data)
	if size <= 0 {
		return 0, errBinary
	}
	r.data = r.data[size:]
	return n, nil
}

func (r *binaryReader) value(depth int) (glua.LValue, error) {
	tag, err := r.take(1)
	if err != nil {
		return glua.LNil, err
	}
	switch tag[0] {
	case tagNil:
		return glua.LNil, nil
	case tagFalse, tagTrue:
		return glua.LBool(tag[0] == tagTrue), nil
	case tagWhole:
		n, size := binary.Varint(r.data)
		if size <= 0 {
			return glua.LNil, errBinary
		}
		r.data = r.data[size:]
		return glua.LNumber(n), nil
	case tagNumber:
		bits, err := r.take(8)
		if err != nil {
			return glua.LNil, err
		}
		return glua.LNumber(math.Float64frombits(binary.BigEndian.Uint64(bits))), nil
	case tagString:
		size, err := r.uvarint()
		if err != nil {
			return glua.LNil, err
		}
		text, err := r.take(size)
		return glua.LString(text), err
	case tagTable:
		return r.table(depth)
	case tagOther, tagSeen:
		return glua.LNil, errors.New("a Lua value that is no plain data was not kept")
	}
	return glua.LNil, errBinary
}

func (r *binaryReader) table(depth int) (glua.LValue, error) {
	count, err := r.uvarint()
	if err != nil || count > uint64(len(r.data)) || depth > maxDepth {
		return glua.LNil, errBinary
	}
	t := newTable(0, 0)
	for range count {
		key, err := r.value(depth + 1)
		if err != nil {
			return glua.LNil, err
		}
		value, err := r.value(depth + 1)
		if err != nil {
			return glua.LNil, err
		}
		if n, ok := key.(glua.LNumber); key == glua.LNil || ok && math.IsNaN(float64(n)) {
			return glua.LNil, errBinary
		}
		t.RawSet(key, value)
	}
	return t, nil
}
