package check

import (
	"cmp"
	"fmt"
	"slices"
)

// didYouMean suggests the name that is spelt most like one, or says nothing.
func didYouMean(name string, known []string) string {
	best := nearest(name, known)
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %s?", best)
}

// nearest is the known name that is spelt most like name, if one is close.
func nearest(name string, known []string) string {
	type candidate struct {
		name     string
		distance int
	}
	var near []candidate
	limit := min(3, len(name)/4)
	for _, other := range known {
		if other == name || len(other) > len(name)+limit || len(name) > len(other)+limit {
			continue
		}
		if d := distance(name, other); d <= limit {
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

// distance is how many letters have to be added, removed, replaced or swapped with
// their neighbour to make b of a.
func distance(a, b string) int {
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
