package nkshim

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"nkhost/host/storage"
	"nkhost/lua/glua"
)

// hookKind says what a registered function is called for.
type hookKind int

const (
	kindRPC hookKind = iota
	kindBeforeRequest
	kindAfterRequest
	kindBeforeMessage
	kindAfterMessage
	kindMatchmakerMatched
	kindShutdown
	kindStorageIndexFilter
	kindLeaderboardReset
	kindTournamentEnd
	kindTournamentReset
)

// isUncalled says whether a function is there, but without effect.
func isUncalled(function string) bool { return satoriFunctions[function] != nil }

type hookKey struct {
	kind hookKind
	name string // lower case; "" where a kind has one function only
}

// hook is a function that modules registered. Each state of the modules has registered its
// own closure; nil where one has not.
type hook struct{ closures []*glua.LFunction }

// registry holds the functions that modules register. Once frozen, a registration
// only replaces what is there, as on Nakama: which RPCs and hooks exist is settled
// at start.
type registry struct {
	mu      sync.RWMutex
	hooks   map[hookKey]*hook
	indexes []storage.Index
	frozen  bool
}

// addStorageIndex fails when the name is taken, and once the registry is frozen.
func (g *registry) addStorageIndex(index storage.Index) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if slices.ContainsFunc(g.indexes, func(other storage.Index) bool { return other.Name == index.Name }) {
		return fmt.Errorf("there is a storage index %q already", index.Name)
	}
	if g.frozen {
		return errors.New("storage indexes are registered while the modules load")
	}
	g.indexes = append(g.indexes, index)
	return nil
}

func (g *registry) storageIndexes() []storage.Index {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return slices.Clone(g.indexes)
}

// register keeps what a state of the modules registers.
func (g *registry) register(kind hookKind, name string, state int, fn *glua.LFunction) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := hookKey{kind, name}
	old, exists := g.hooks[key]
	if g.frozen && !exists {
		return
	}
	if g.hooks == nil {
		g.hooks = map[hookKey]*hook{}
	}
	changed := &hook{} // who has looked the old one up goes on with it
	if exists {
		changed.closures = slices.Clone(old.closures)
	}
	for len(changed.closures) <= state {
		changed.closures = append(changed.closures, nil)
	}
	changed.closures[state] = fn
	g.hooks[key] = changed
}

func (g *registry) lookup(kind hookKind, name string) (*hook, bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	found, ok := g.hooks[hookKey{kind, name}]
	return found, ok
}

func (g *registry) freeze() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.frozen = true
}

func (g *registry) names(kind hookKind) []string {
	g.mu.RLock()
	defer g.mu.RUnlock()
	var names []string
	for key := range g.hooks {
		if key.kind == kind {
			names = append(names, key.name)
		}
	}
	slices.Sort(names)
	return names
}
