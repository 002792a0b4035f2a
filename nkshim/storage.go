package nkshim

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/heroiclabs/nakama-common/api"

	"nkhost/host/storage"
	"nkhost/lua/glua"
)

// Storage keeps storage objects. See storage.Service.
type Storage interface {
	Read(ctx context.Context, caller string, ids []storage.ID) ([]*api.StorageObject, error)
	List(ctx context.Context, caller string, request storage.ListRequest) (objects []*api.StorageObject, cursor string, err error)
	Write(ctx context.Context, caller string, writes []storage.Write) ([]*api.StorageObjectAck, error)
	Delete(ctx context.Context, caller string, deletes []storage.Delete) error
	ListIndex(ctx context.Context, caller string, request storage.IndexRequest) (objects []*api.StorageObject, cursor string, err error)
}

var storageFunctions = map[string]function{
	"register_storage_index":        registerStorageIndex,
	"register_storage_index_filter": registerStorageIndexFilter,
	"storage_delete":                storageDelete,
	"storage_index_list":            storageIndexList,
	"storage_list":                  storageList,
	"storage_read":                  storageRead,
	"storage_write":                 storageWrite,
	"storage_write_retry":           storageWriteRetry,
}

func storageRead(r *Runtime, c call) int {
	ids := c.storageIDs(1)
	if len(ids) == 0 {
		return c.push(newTable(0))
	}
	return c.push(c.objectList(r.readObjects(c, ids)))
}

func (r *Runtime) readObjects(c call, ids []storage.ID) (objects []*api.StorageObject) {
	r.await(c, func() (err error) {
		objects, err = r.deps.Storage.Read(c.context(), storage.Server, ids)
		return err
	})
	return objects
}

func storageList(r *Runtime, c call) int {
	request := storage.ListRequest{
		UserID: c.optID(1, "user id"), Collection: c.optText(2, "collection", ""), Cursor: c.optText(4, "cursor", ""),
	}
	limit := c.number(3, "limit")
	if limit < 0 {
		c.refuse(3, "limit", "a number that is not negative")
	}
	request.Limit = int(min(limit, math.MaxInt32))
	caller := c.optID(5, "caller id")
	var objects []*api.StorageObject
	var cursor string
	r.await(c, func() (err error) {
		objects, cursor, err = r.deps.Storage.List(c.context(), caller, request)
		return err
	})
	c.push(c.objectList(objects))
	c.push(textOrNil(cursor))
	return 2
}

func storageWrite(r *Runtime, c call) int {
	writes := storageWrites(c, c.table(1, "objects"), list{1, "objects"})
	if len(writes) == 0 {
		return c.push(newTable(0))
	}
	var acks []*api.StorageObjectAck
	r.await(c, func() (err error) {
		acks, err = r.deps.Storage.Write(c.context(), storage.Server, writes)
		return err
	})
	return c.push(ackList(acks))
}

func storageDelete(r *Runtime, c call) int {
	deletes := storageDeletes(c, c.table(1, "object ids"), list{1, "object ids"})
	if len(deletes) > 0 {
		r.await(c, func() error { return r.deps.Storage.Delete(c.context(), storage.Server, deletes) })
	}
	return 0
}

// storageWriteRetry reads objects and writes what a function makes of them, again and
// again while a version has changed in between.
func storageWriteRetry(r *Runtime, c call) int {
	ids, update := c.storageIDs(1), c.function(2, "update function")
	retries := int(c.number(3, "maximum of retries"))
	if retries < 0 || retries > 10 {
		c.refuse(3, "maximum of retries", "a number from 0 to 10")
	}
	if len(ids) == 0 {
		return c.push(newTable(0))
	}
	for retry := 0; ; retry++ {
		if acks, written := r.readAndWrite(c, ids, update); written {
			return c.push(ackList(acks))
		}
		if retry == retries {
			c.fail("the versions have changed on every one of %d tries", retries+1)
		}
		c.wait(func() { pause(c.context(), time.Duration(min(2<<retry, 20))*time.Millisecond) })
	}
}

// readAndWrite says whether the versions were still those that were read.
func (r *Runtime) readAndWrite(c call, ids []storage.ID, update *glua.LFunction) (acks []*api.StorageObjectAck, written bool) {
	c.L.Push(update)
	c.L.Push(c.objectList(r.readObjects(c, ids)))
	c.L.Call(1, 1)
	returned := c.L.Get(-1)
	c.L.Pop(1)
	table, ok := returned.(*glua.LTable)
	if !ok {
		c.fail("the update function must return a table, got %s", describe(returned))
	}
	writes := storageWrites(c, table, list{what: "what the update function returned"})
	if len(writes) == 0 {
		return nil, true
	}
	r.await(c, func() (err error) {
		acks, err = r.deps.Storage.Write(c.context(), storage.Server, writes)
		if written = !errors.Is(err, storage.ErrVersion); !written {
			return nil
		}
		return err
	})
	return acks, written
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, duration time.Duration) {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// storageID reads who an object is; the system owns it unless user_id is there.
func (r record) storageID() storage.ID {
	return storage.ID{Collection: r.text("collection"), Key: r.text("key"), UserID: r.optID("user_id", storage.System)}
}

func (c call) storageIDs(n int) []storage.ID {
	var ids []storage.ID
	c.records(n, "object ids", func(r record) { ids = append(ids, r.storageID()) })
	return ids
}

func storageWrites(c call, table *glua.LTable, from list) []storage.Write {
	var writes []storage.Write
	c.recordsOf(table, from, func(r record) {
		writes = append(writes, storage.Write{
			ID: r.storageID(), Value: r.object("value"), Version: r.optText("version"),
			PermissionRead:  r.optInt32("permission_read", storage.ReadOwner),
			PermissionWrite: r.optInt32("permission_write", storage.WriteOwner),
		})
	})
	return writes
}

func storageDeletes(c call, table *glua.LTable, from list) []storage.Delete {
	var deletes []storage.Delete
	c.recordsOf(table, from, func(r record) {
		deletes = append(deletes, storage.Delete{ID: r.storageID(), Version: r.optText("version")})
	})
	return deletes
}

func (c call) objectList(objects []*api.StorageObject) *glua.LTable {
	list := newList(len(objects))
	for _, o := range objects {
		t := objectTable(o, c.decodedTable(o.Value))
		t.SetField("create_time", glua.LNumber(o.CreateTime.GetSeconds()))
		t.SetField("update_time", glua.LNumber(o.UpdateTime.GetSeconds()))
		list.Append(t)
	}
	return list
}

// objectTable is an object without its times.
func objectTable(o *api.StorageObject, value glua.LValue) *glua.LTable {
	t := newTable(9)
	t.SetField("key", glua.LString(o.Key))
	t.SetField("collection", glua.LString(o.Collection))
	t.SetField("user_id", glua.LString(o.UserId))
	t.SetField("version", glua.LString(o.Version))
	t.SetField("permission_read", glua.LNumber(o.PermissionRead))
	t.SetField("permission_write", glua.LNumber(o.PermissionWrite))
	t.SetField("value", value)
	return t
}

func ackList(acks []*api.StorageObjectAck) *glua.LTable {
	list := newList(len(acks))
	for _, ack := range acks {
		t := newTable(4)
		t.SetField("key", glua.LString(ack.Key))
		t.SetField("collection", glua.LString(ack.Collection))
		t.SetField("user_id", glua.LString(ack.UserId))
		t.SetField("version", glua.LString(ack.Version))
		list.Append(t)
	}
	return list
}
