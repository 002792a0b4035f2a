package storage

import (
	"strconv"
	"testing"
)

const benchValue = `{"level":12,"name":"a hero","items":["sword","shield","potion"],"position":{"x":1.5,"y":-3},"done":true}`

// batchSizes are how many objects a benchmark's operation has.
var batchSizes = []int{1, 10, 100}

func BenchmarkWrite(b *testing.B) {
	for _, size := range batchSizes {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			f := start(b)
			owner := f.user(b, "alice")
			writes := make([]Write, size)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				for j := range writes {
					// A thousand keys: most writes replace an object.
					key := strconv.Itoa((i*size + j) % 1000)
					value := `{"n":` + strconv.Itoa(i) + "," + benchValue[1:]
					writes[j] = Write{ID: ID{"bench", key, owner}, Value: value, PermissionRead: 1, PermissionWrite: 1}
				}
				if _, err := f.Write(b.Context(), owner, writes); err != nil {
					b.Fatal(err)
				}
			}
			perObject(b, size)
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, size := range batchSizes {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			f := start(b)
			owner := f.user(b, "alice")
			f.fill(b, "bench", owner, 10_000)
			ids := make([]ID, size)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				for j := range ids {
					ids[j] = ID{"bench", strconv.Itoa((i*size + j) * 7 % 10_000), owner}
				}
				if objects, err := f.Read(b.Context(), owner, ids); err != nil || len(objects) != size {
					b.Fatal(len(objects), err)
				}
			}
			perObject(b, size)
		})
	}
}

func BenchmarkList(b *testing.B) {
	f := start(b)
	owner := f.user(b, "alice")
	f.fill(b, "bench", owner, 10_000)
	b.ReportAllocs()
	cursor := ""
	for b.Loop() {
		var err error
		if _, cursor, err = f.List(b.Context(), owner, ListRequest{Collection: "bench", UserID: owner, Limit: 100, Cursor: cursor}); err != nil {
			b.Fatal(err)
		}
	}
	perObject(b, 100)
}

// BenchmarkListIndex finds ten of 10,000 objects, in the order of a field: by a bound,
// which all are asked for, and by a value that only they have.
func BenchmarkListIndex(b *testing.B) {
	f := start(b)
	owner := f.user(b, "alice")
	f.fill(b, "bench", owner, 10_000)
	f.open(b, Index{Name: "levels", Collection: "bench", Fields: []string{"n", "tens"}, Sortable: []string{"n"}, MaxEntries: 100_000})
	for name, query := range map[string]string{"bound": "+value.n:>=9990", "value": "+value.tens:500"} {
		b.Run(name, func(b *testing.B) {
			request := IndexRequest{Index: "levels", Query: query, Limit: 100, Order: []string{"-value.n"}}
			b.ReportAllocs()
			for b.Loop() {
				if objects, _, err := f.ListIndex(b.Context(), Server, request); err != nil || len(objects) != 10 {
					b.Fatal(len(objects), err)
				}
			}
		})
	}
}

// BenchmarkWriteIndexed writes one object into a collection with an index.
func BenchmarkWriteIndexed(b *testing.B) {
	f := start(b)
	owner := f.user(b, "alice")
	f.open(b, Index{Name: "levels", Collection: "bench", Fields: []string{"n", "level"}, Sortable: []string{"n"}, MaxEntries: 1000})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		f.fillFrom(b, "bench", owner, i%5000, 1)
	}
}

func perObject(b *testing.B, size int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/object")
}
