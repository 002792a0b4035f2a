package nkshim

import (
	"sync"
	"time"

	"nkhost/lua"
	"nkhost/lua/glua"
)

var localcacheFunctions = map[string]function{
	"localcache_clear":  localcacheClear,
	"localcache_delete": localcacheDelete,
	"localcache_get":    localcacheGet,
	"localcache_put":    localcachePut,
}

// localcache holds values that modules keep in memory, for RPCs and all matches.
// A table is handed out as it is in the VM that put it; another VM, which may run at
// the same time, gets a copy of what was put. Functions stay in their own VM.
type localcache struct {
	now func() time.Time

	mu      sync.Mutex
	entries map[string]cacheEntry
	owned   map[*lua.VM]int // how many entries a VM has put
}

type cacheEntry struct {
	owner    *lua.VM // nil when it has ended
	value    glua.LValue
	detached any // the value as plain Go data, for other VMs
	expires  time.Time
	thaw     func() // tables stay frozen while they are in the cache
}

// put keeps a value for ttl, or for good when ttl is 0. detached is the value as Go data.
func (l *localcache) put(vm *lua.VM, key string, value glua.LValue, detached any, ttl time.Duration) {
	entry := cacheEntry{owner: vm, value: value, detached: detached, thaw: vm.FreezeValue(value)}
	if ttl > 0 {
		entry.expires = l.now().Add(ttl)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entries == nil {
		l.entries, l.owned = map[string]cacheEntry{}, map[*lua.VM]int{}
	}
	l.drop(key)
	l.entries[key] = entry
	l.owned[vm]++
	l.sweep()
}

// sweep looks at a few entries and drops those that have expired, so that what nobody
// asks for again does not stay.
func (l *localcache) sweep() {
	const few = 4
	looked := 0
	for key, entry := range l.entries {
		if l.expired(entry) {
			l.drop(key)
		}
		if looked++; looked == few {
			return
		}
	}
}

func (l *localcache) expired(entry cacheEntry) bool {
	return !entry.expires.IsZero() && !l.now().Before(entry.expires)
}

func (l *localcache) drop(key string) {
	if entry, ok := l.entries[key]; ok {
		l.disown(entry)
		delete(l.entries, key)
	}
}

func (l *localcache) disown(entry cacheEntry) {
	if entry.owner == nil {
		return
	}
	entry.thaw()
	if l.owned[entry.owner]--; l.owned[entry.owner] == 0 {
		delete(l.owned, entry.owner)
	}
}

// release lets a VM go that ends; what it put stays for the others.
func (l *localcache) release(vm *lua.VM) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.owned[vm] == 0 {
		return
	}
	for key, entry := range l.entries {
		if entry.owner == vm {
			l.disown(entry)
			l.entries[key] = cacheEntry{detached: entry.detached, expires: entry.expires}
		}
	}
}

func (l *localcache) get(vm *lua.VM, key string) (glua.LValue, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry, ok := l.entries[key]
	if !ok {
		return nil, false
	}
	if l.expired(entry) {
		l.drop(key)
		return nil, false
	}
	if entry.owner == vm {
		return entry.value, true
	}
	return lua.FromGo(entry.detached), true
}

func (l *localcache) delete(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(key)
}

func (l *localcache) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key := range l.entries {
		l.drop(key)
	}
}

func localcacheGet(r *Runtime, c call) int {
	key := c.filledText(1, "key")
	if value, ok := r.cache.get(lua.Running(c.L), key); ok {
		return c.push(value)
	}
	return c.push(c.L.Get(2))
}

// localcachePut freezes a table: items can no longer be removed, sorted or inserted.
func localcachePut(r *Runtime, c call) int {
	key, value := c.filledText(1, "key"), c.L.Get(2)
	ttl := c.optInt(3, "ttl", 0)
	if ttl < 0 {
		c.fail("argument 3 (ttl) must be 0 or more seconds, got %d", ttl)
	}
	var detached any // functions are for their own VM only
	if value.Type() != glua.LTFunction {
		detached = c.toGo(2, "value", value)
	}
	r.cache.put(lua.Running(c.L), key, value, detached, time.Duration(ttl)*time.Second)
	return 0
}

func localcacheDelete(r *Runtime, c call) int {
	r.cache.delete(c.filledText(1, "key"))
	return 0
}

func localcacheClear(r *Runtime, _ call) int {
	r.cache.clear()
	return 0
}
