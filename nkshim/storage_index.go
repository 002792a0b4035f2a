package nkshim

import (
	"context"
	"fmt"

	"github.com/heroiclabs/nakama-common/api"

	"nkhost/host/storage"
	"nkhost/lua"
	"nkhost/lua/glua"
)

func registerStorageIndex(r *Runtime, c call) int {
	index := storage.Index{
		Name: c.filledText(1, "index name"), Collection: c.filledText(2, "collection"), Key: c.text(3, "key"),
		Fields: c.texts(4, "fields"), Sortable: c.texts(5, "sortable fields"),
		MaxEntries: int(c.number(6, "maximum of entries")), IndexOnly: c.optBool(7, "index only", false),
	}
	if len(index.Fields) == 0 {
		c.refuse(4, "fields", "a list of at least one field")
	}
	if index.MaxEntries < 1 {
		c.fail("argument 6 (maximum of entries) must be at least 1, got %d", index.MaxEntries)
	}
	if lua.Running(c.L) != r.states[0].vm {
		return 0 // a match evaluates its modules anew, and registers nothing by it
	}
	if err := r.hooks.addStorageIndex(index); err != nil {
		c.fail("%s", message(err))
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

// StorageIndexes are the indexes that the modules have registered, with their filters.
func (r *Runtime) StorageIndexes() []storage.Index {
	indexes := r.hooks.storageIndexes()
	for i := range indexes {
		name := indexes[i].Name
		if _, registered := r.hooks.lookup(kindStorageIndexFilter, name); registered {
			indexes[i].Filter = func(ctx context.Context, object *api.StorageObject) (bool, error) {
				return r.filterStorageIndex(ctx, name, object)
			}
		}
	}
	return indexes
}

// filterStorageIndex asks the modules whether an object belongs into an index.
func (r *Runtime) filterStorageIndex(ctx context.Context, name string, object *api.StorageObject) (bool, error) {
	fn, _ := r.hooks.lookup(kindStorageIndexFilter, name)
	value, err := lua.DecodeJSON(object.Value)
	if err != nil {
		return false, fmt.Errorf("decode the object: %w", err)
	}
	if value == glua.LNil {
		value = newTable(0)
	}
	var keep glua.LBool
	err = r.invoke(ctx, "storage index filter "+name, func(result glua.LValue) error {
		var ok bool
		if keep, ok = result.(glua.LBool); !ok {
			return fmt.Errorf("the filter must return a boolean, got %s", describe(result))
		}
		return nil
	}, fn, r.contextTable(modeStorageIndexFilter, nil), objectTable(object, value))
	return bool(keep), err
}

func storageIndexList(r *Runtime, c call) int {
	request := storage.IndexRequest{
		Index: c.text(1, "index name"), Query: c.text(2, "query"), Limit: c.optInt(3, "limit", 100),
		Order: c.texts(4, "order"), Cursor: c.optText(6, "cursor", ""),
	}
	if request.Limit < 1 || request.Limit > 10_000 {
		c.refuse(3, "limit", "a number from 1 to 10000")
	}
	caller := c.optID(5, "caller id")
	var objects []*api.StorageObject
	var cursor string
	r.await(c, func() (err error) {
		objects, cursor, err = r.deps.Storage.ListIndex(c.context(), caller, request)
		return err
	})
	c.push(c.objectList(objects))
	c.push(textOrNil(cursor))
	return 2
}
