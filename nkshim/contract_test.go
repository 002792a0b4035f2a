package nkshim

import (
	"regexp"
	"slices"
	"testing"
)

func TestContract(t *testing.T) {
	t.Parallel()
	identifier := regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
	types := []string{"string", "number", "int", "int64", "bool", "table", "function", "any"}
	byName := map[string]Function{}
	for _, f := range Contract() {
		byName[f.Name] = f
		for _, p := range slices.Concat(f.Params, f.Returns) {
			if !identifier.MatchString(p.Name) || !slices.Contains(types, p.Type) || p.Optional && p.Nil || p.Default != "" && !p.Optional {
				t.Errorf("%s has %+v", f.Name, p)
			}
		}
	}
	for name, want := range map[string]int{
		"uuid_v4": 0, "time": 0, "json_encode": 1, "match_create": 2, "match_list": 6, "storage_list": 3,
		"metrics_counter_add": 3, "register_rpc": 2, "logger_info": 1, "tournament_create": 1,
	} {
		if got := byName[name].MinArgs(); got != want {
			t.Errorf("%s needs %d arguments, want %d", name, got, want)
		}
	}
	want := []Param{{Name: "limit", Type: "number", Optional: true, Default: "1"}, {Name: "authoritative", Type: "bool", Nil: true}}
	if got := byName["match_list"].Params[:2]; !slices.Equal(got, want) {
		t.Errorf("match_list begins with %+v, want %+v", got, want)
	}
}
