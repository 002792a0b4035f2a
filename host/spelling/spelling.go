// Package spelling compares names, for messages that suggest which one was meant.
package spelling

import (
	"cmp"
	"slices"
)

// Nearest returns the known name that is spelt most like name, or "" if name is known itself
// or none is close: one mistake in four letters is, and no more than three.
func Nearest(name string, known []string) string {
	if slices.Contains(known, name) {
		return ""
	}
	type candidate struct {
		name     string
		distance int
	}
	var near []candidate
	limit := min(3, len(name)/4)
	for _, other := range known {
		if len(other) > len(name)+limit || len(name) > len(other)+limit {
			continue
		}
		if d := Distance(name, other); d <= limit {
			near = append(near, candidate{other, d})
		}
	}
	if len(near) == 0 {
		return ""
	}
	return slices.MinFunc(near, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	}).name
}

// Distance is how many bytes have to be added, removed, replaced or swapped with their
// neighbour to turn a into b.
func Distance(a, b string) int {
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
