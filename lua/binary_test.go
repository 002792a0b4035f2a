package lua_test

import (
	"bytes"
	"testing"

	"nkhost/lua"
	"nkhost/lua/glua"
)

func TestBinary(t *testing.T) {
	t.Parallel()
	values := lua.FromGo([]any{true, false, 1, -5, 0.5, 1e300, "text \xff\x00", map[string]any{"z": 1, "a": []any{"x", map[string]any{}}}, int64(1) << 52}).(*glua.LTable)
	encoded := lua.AppendBinary(nil, values)
	read, rest, err := lua.ReadBinary(append(encoded, 9))
	if err != nil || len(rest) != 1 {
		t.Fatalf("read: %v, %d bytes are left", err, len(rest))
	}
	if again := lua.AppendBinary(nil, read); !bytes.Equal(again, encoded) {
		t.Errorf("another value was read:\n%x\n%x", encoded, again)
	}
	values.RawSetString("itself", values)
	looped := lua.AppendBinary(nil, values)
	if _, _, err := lua.ReadBinary(looped); err == nil {
		t.Error("a table that contains itself was read")
	}
}

func FuzzReadBinary(f *testing.F) {
	f.Add(lua.AppendBinary(nil, lua.FromGo(map[string]any{"a": []any{1, 2.5, "x", true, nil}})))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, _, err := lua.ReadBinary(data)
		if err != nil {
			return
		}
		encoded := lua.AppendBinary(nil, v)
		again, rest, err := lua.ReadBinary(encoded)
		if err != nil || len(rest) > 0 || !bytes.Equal(lua.AppendBinary(nil, again), encoded) {
			t.Errorf("%x is read back as another value: %v", encoded, err)
		}
	})
}
