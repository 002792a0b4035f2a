package config

import (
	"math"
	"strings"
)

// suggestion ends a message about an unknown name with the known name most like it. Of
// two that are alike the earlier wins.
func suggestion(name, prefix string, known []string) string {
	best, least := "", math.MaxInt
	for _, candidate := range known {
		distance := editDistance(name, candidate)
		if i := strings.LastIndexByte(candidate, '.'); i >= 0 {
			// "port" means "socket.port".
			distance = min(distance, editDistance(name, candidate[i+1:])+1)
		}
		if distance < least {
			best, least = candidate, distance
		}
	}
	if least > len(name)/2 {
		return "; the nearest is " + prefix + best + ", --help lists all settings"
	}
	return "; did you mean " + prefix + best + "?"
}

// editDistance is the least number of bytes to insert, remove or replace to turn
// a into b (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
