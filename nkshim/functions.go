package nkshim

import (
	"fmt"
	"slices"
	"strings"

	"nkhost/lua/glua"
)

// function is one function of the nakama module. It returns how many results it
// pushed; what is wrong with a call it raises through the call.
type function func(r *Runtime, c call) int

// families are the tables of functions, a family a file.
func families() []map[string]function {
	return []map[string]function{
		accountFunctions,
		channelFunctions,
		cronFunctions,
		cryptoFunctions,
		encodingFunctions,
		fileFunctions,
		friendFunctions,
		groupFunctions,
		hookFunctions,
		leaderboardFunctions,
		tournamentFunctions,
		httpFunctions,
		identityFunctions,
		localcacheFunctions,
		loggerFunctions,
		matchFunctions,
		metricsFunctions,
		satoriFunctions,
		providerFunctions,
		sessionFunctions,
		multiFunctions,
		notificationFunctions,
		partyFunctions,
		purchaseFunctions,
		sqlFunctions,
		storageFunctions,
		streamFunctions,
		userFunctions,
		utilFunctions,
		walletFunctions,
	}
}

// Group is a group of Nakama's functions, as its documentation has them.
type Group struct {
	Name string
	// Works and Missing name the functions that do what they do on Nakama and those
	// that raise instead; Uncalled those that have no effect.
	Works, Missing, Uncalled []string
}

// Coverage says which of Nakama's functions there are, group by group.
func Coverage() []Group {
	byName := map[string]*Group{}
	var groups []*Group
	for _, f := range Contract() {
		group := byName[f.Group]
		if group == nil {
			group = &Group{Name: f.Group}
			byName[f.Group] = group
			groups = append(groups, group)
		}
		switch f.Status {
		case Missing:
			group.Missing = append(group.Missing, f.Name)
		case Uncalled:
			group.Uncalled = append(group.Uncalled, f.Name)
		default:
			group.Works = append(group.Works, f.Name)
		}
	}
	sorted := make([]Group, len(groups))
	for i, group := range groups {
		sorted[i] = *group
	}
	slices.SortFunc(sorted, func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
	return sorted
}

// library merges the families into the module that require("nakama") returns. A
// function of Nakama's that no family has is there too, and raises when it is called.
func (r *Runtime) library() map[string]glua.LGFunction {
	library := map[string]glua.LGFunction{}
	for _, f := range Contract() {
		library[f.Name] = r.layers(f.Name, missing(f.Name))
	}
	for name, fn := range mergeFamilies(families()) {
		library[name] = r.layers(name, func(L *glua.LState) int { return fn(r, call{L: L, name: "nakama." + name}) })
	}
	return library
}

// mergeFamilies panics when two families claim a name: that is a mistake in this
// package, which its tests meet first.
func mergeFamilies(families []map[string]function) map[string]function {
	merged := map[string]function{}
	for _, family := range families {
		for name, fn := range family {
			if _, taken := merged[name]; taken {
				panic(fmt.Sprintf("nkshim: two families define %s", name))
			}
			merged[name] = fn
		}
	}
	return merged
}

func missing(name string) glua.LGFunction {
	return func(L *glua.LState) int {
		L.RaiseError("nakama.%s is not available in nkhost yet", name)
		return 0
	}
}
