package nkshim

import (
	"sync"
	"time"

	glua "github.com/yuin/gopher-lua"

	"nkhost/lua"
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
}

type cacheEntry struct {
	owner    *lua.VM
	value    glua.LValue
	detached any // the value as plain Go data, for other VMs
	expires  time.Time
	thaw     func() // tables stay frozen while they are in the cache
}

// put keeps a value for ttl, or for good when ttl is 0.
func (l *localcache) put(vm *lua.VM, key string, value glua.LValue, ttl time.Duration) {
	entry := cacheEntry{owner: vm, value: value, detached: detach(value), thaw: vm.FreezeValue(value)}
	if ttl > 0 {
		entry.expires = l.now().Add(ttl)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entries == nil {
		l.entries = map[string]cacheEntry{}
	}
	l.drop(key)
	l.entries[key] = entry
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
		entry.thaw()
		delete(l.entries, key)
	}
}

func detach(value glua.LValue) any {
	if value.Type() == glua.LTFunction {
		return nil
	}
	return lua.ToGo(value)
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
	r.cache.put(lua.Running(c.L), key, value, time.Duration(ttl)*time.Second)
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
