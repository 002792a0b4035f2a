package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

const (
	storageBatch = 50
	storageKeys  = 1000 // that each client writes over and over
)

// runStorage writes and reads storage objects of 256 B over REST, one at a time and in
// batches, as fast as the clients can.
func runStorage(h *Host, o *Options, r *Result) error {
	r.Params["clients"], r.Params["batch"] = o.RPCClients, storageBatch
	workers, closeAll, err := newRPCClients(h, o.RPCClients)
	defer closeAll()
	if err != nil {
		return err
	}
	value, _ := json.Marshal(map[string]string{"bag": strings.Repeat("sword ", 40)})
	for _, c := range []struct {
		name, method, path, list string
		batch                    int
		object                   map[string]any
	}{
		{"write", "PUT", "/v2/storage", "objects", 1, map[string]any{"value": string(value)}},
		{"write_batch", "PUT", "/v2/storage", "objects", storageBatch, map[string]any{"value": string(value)}},
		{"read", "POST", "/v2/storage", "object_ids", 1, nil},
		{"read_batch", "POST", "/v2/storage", "object_ids", storageBatch, nil},
	} {
		rest(h, o)
		w, lat, err := loadBy(h, len(workers), 0, o.Duration, func(worker, n int) error {
			body, err := json.Marshal(map[string]any{c.list: storageObjects(worker, n*c.batch, c.batch, c.object)})
			if err != nil {
				return err
			}
			status, answer, err := workers[worker].conn.do(c.method, c.path, workers[worker].auth, body)
			if err == nil && status != 200 {
				err = fmt.Errorf("%s: HTTP %d: %.160s", c.name, status, answer)
			}
			return err
		})
		if err != nil {
			return err
		}
		objects := float64(len(lat) * c.batch)
		r.perUnit(h, c.name+"/cpu_ms_per_1k_object", w.Server*1e6, objects)
		r.load(h, c.name, w)
		if h.Aux != "" {
			r.set(c.name+"/aux_cpu_ms_per_1k_object", w.Aux*1e6/objects)
		}
		r.set(c.name+"/object_per_s", objects/w.Wall)
		r.latencies(c.name, lat)
	}
	return nil
}

func storageObjects(worker, first, count int, fields map[string]any) []map[string]any {
	list := make([]map[string]any, count)
	for i := range list {
		object := map[string]any{"collection": "bench", "key": fmt.Sprintf("%d-%d", worker, (first+i)%storageKeys)}
		for name, value := range fields {
			object[name] = value
		}
		list[i] = object
	}
	return list
}
