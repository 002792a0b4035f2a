package nkshim

import (
	glua "github.com/yuin/gopher-lua"

	"nkhost/lua"
)

var storageFunctions = map[string]function{
	"register_storage_index":        registerStorageIndex,
	"register_storage_index_filter": registerStorageIndexFilter,
}

// storageIndex is an index over the storage objects of one collection.
type storageIndex struct {
	name, collection, key string
	fields, sortable      []string
	maxEntries            int
	indexOnly             bool
}

func registerStorageIndex(r *Runtime, c call) int {
	index := storageIndex{
		name: c.text(1, "index name"), collection: c.text(2, "collection"), key: c.text(3, "key"),
		fields: c.texts(4, "fields"), sortable: c.texts(5, "sortable fields"),
		maxEntries: int(c.number(6, "maximum of entries")), indexOnly: c.optBool(7, "index only", false),
	}
	switch {
	case index.name == "":
		c.refuse(1, "index name", "a string that is not empty")
	case index.collection == "":
		c.refuse(2, "collection", "a string that is not empty")
	case len(index.fields) == 0:
		c.refuse(4, "fields", "a list of at least one field")
	case index.maxEntries < 1:
		c.fail("argument 6 (maximum of entries) must be at least 1, got %d", index.maxEntries)
	}
	if lua.Running(c.L) == r.states[0].vm && !r.hooks.addStorageIndex(index) {
		c.fail("there is a storage index %q already", index.name)
	}
	return 0
}

func registerStorageIndexFilter(r *Runtime, c call) int {
	name := c.filledText(1, "index name")
	r.register(c, kindStorageIndexFilter, name, c.function(2, "function"))
	return 0
}

// texts reads a list of strings.
func (c call) texts(n int, what string) []string {
	list := c.table(n, what)
	read := make([]string, 0, list.Len())
	list.ForEach(func(_, item glua.LValue) {
		text, ok := item.(glua.LString)
		if !ok {
			c.fail("argument %d (%s) must hold strings only, but holds %s", n, what, describe(item))
		}
		read = append(read, string(text))
	})
	return read
}
