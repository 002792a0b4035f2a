package spelling

import "testing"

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"match", "match", 0},
		{"abc", "abc", 0},
		{"a", "b", 1},
		{"prot", "port", 1},
		{"jsn_encode", "json_encode", 1},
		{"mtach", "match", 1},
		{"a", "", 1},
		{"abc", "xyz", 3},
		{"port", "sport", 1},
		{"kitten", "sitting", 3},
		{"ü", "u", 2},
	} {
		for _, pair := range [][2]string{{test.a, test.b}, {test.b, test.a}} {
			if got := Distance(pair[0], pair[1]); got != test.want {
				t.Errorf("%q and %q: %d, want %d", pair[0], pair[1], got, test.want)
			}
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"json_encode", "json_decode", "match_get", "match_list", "uuid_v4"}
	for name, want := range map[string]string{
		"jsn_encode": "json_encode", "json_encoed": "json_encode", "match_gets": "match_get", "matchget": "match_get",
		"json_encode": "", "uuid": "", "x": "", "": "", "storage_read": "",
	} {
		if got := Nearest(name, known); got != want {
			t.Errorf("the nearest to %q is %q, want %q", name, got, want)
		}
	}
}
