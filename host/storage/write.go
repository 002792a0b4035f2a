package storage

import (
	"cmp"
	"context"
	"crypto/md5"
	"encoding/hex"
	"slices"
	"time"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/protobuf/types/known/timestamppb"

	"nkhost/host/db"
)

// Write writes all of the objects or none, and acknowledges them in their order. Of
// two writes to one object the later one counts.
//
// The error is ErrVersion, ErrPermission, another with code InvalidArgument, or one
// with code Internal for names that are too long.
func (s *Service) Write(ctx context.Context, caller string, writes []Write) (acks []*api.StorageObjectAck, err error) {
	if len(writes) == 0 {
		return nil, nil
	}
	err = s.Update(ctx, func(_ *db.Tx, batch *Batch) (err error) {
		acks, err = batch.Write(ctx, caller, writes)
		return err
	})
	if err != nil {
		return nil, err
	}
	return acks, nil
}

// Delete deletes all of the objects or none. The error's code is InvalidArgument when
// one has another version, may not be deleted, or is absent; the server may delete
// without a version what is absent.
func (s *Service) Delete(ctx context.Context, caller string, deletes []Delete) error {
	if len(deletes) == 0 {
		return nil
	}
	return s.Update(ctx, func(_ *db.Tx, batch *Batch) error { return batch.Delete(ctx, caller, deletes) })
}

// Update runs fn in a transaction. What fn writes through the batch comes into the
// indexes once it is committed.
func (s *Service) Update(ctx context.Context, fn func(tx *db.Tx, batch *Batch) error) error {
	done := s.indexes.begin()
	defer done()
	var batch *Batch
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		batch = &Batch{service: s, tx: tx}
		return fn(tx, batch)
	})
	if err != nil {
		return err
	}
	s.apply(context.WithoutCancel(ctx), batch.changes)
	return nil
}

// Batch writes and deletes objects in a transaction. It does not outlive it.
type Batch struct {
	service *Service
	tx      *db.Tx
	changes []change
}

// Write is Service.Write in the transaction, which must fail if this does.
func (b *Batch) Write(ctx context.Context, caller string, writes []Write) ([]*api.StorageObjectAck, error) {
	for i := range writes {
		if err := writes[i].check(caller); err != nil {
			return nil, err
		}
	}
	acks := make([]*api.StorageObjectAck, len(writes))
	now := b.service.now().UnixMilli()
	for _, i := range inOrder(len(writes), func(i int) ID { return writes[i].ID }) {
		ack, err := b.writeOne(ctx, caller, &writes[i], now)
		if err != nil {
			return nil, err
		}
		acks[i] = ack
	}
	return acks, nil
}

// inOrder lists the indexes of n objects by their ids. Transactions that touch the
// same objects in the same order cannot wait for each other.
func inOrder(n int, id func(i int) ID) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := id(i), id(j)
		return cmp.Or(cmp.Compare(a.Collection, b.Collection), cmp.Compare(a.Key, b.Key), cmp.Compare(a.UserID, b.UserID))
	})
	return order
}

func (b *Batch) writeOne(ctx context.Context, caller string, w *Write, now int64) (*api.StorageObjectAck, error) {
	sum := md5.Sum([]byte(w.Value))
	version := hex.EncodeToString(sum[:])
	sql := &b.service.sql
	stmt, refusal := sql.put, ErrPermission
	args := []any{w.Collection, w.Key, w.UserID, w.Value, version, w.PermissionRead, w.PermissionWrite, now}
	switch w.Version {
	case "":
		args = append(args, leastWritten(caller))
	case "*":
		stmt, refusal = sql.create, ErrVersion
	default:
		stmt, refusal = sql.replace, ErrVersion
		args = append(args, leastWritten(caller), w.Version)
	}
	var create, update int64
	found, err := b.tx.Row(ctx, stmt, args...).Scan(&create, &update)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, refusal
	}
	ack := &api.StorageObjectAck{
		Collection: w.Collection, Key: w.Key, UserId: w.UserID, Version: version,
		CreateTime: timestamppb.New(time.UnixMilli(create)), UpdateTime: timestamppb.New(time.UnixMilli(update)),
	}
	b.wrote(w, ack)
	return ack, nil
}

// leastWritten is the least write permission of an object that the caller may change.
func leastWritten(caller string) int32 {
	if caller == Server {
		return WriteNobody
	}
	return WriteOwner
}

// Delete is Service.Delete in the transaction, which must fail if this does.
func (b *Batch) Delete(ctx context.Context, caller string, deletes []Delete) error {
	for i := range deletes {
		if err := deletes[i].Check(); err != nil {
			return err
		}
	}
	for _, i := range inOrder(len(deletes), func(i int) ID { return deletes[i].ID }) {
		d := &deletes[i]
		count, err := b.tx.Exec(ctx, b.service.sql.remove, d.Collection, d.Key, d.UserID, leastWritten(caller), d.Version)
		if err != nil {
			return err
		}
		if count == 0 && (caller != Server || d.Version != "") {
			return errDelete
		}
		b.deleted(d.ID)
	}
	return nil
}
