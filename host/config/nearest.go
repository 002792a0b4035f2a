package config

import (
	"math"
	"strings"

	"nkhost/host/spelling"
)

// suggestion ends a message about an unknown name with the known name most like it. Of
// two that are alike the earlier wins.
func suggestion(name, prefix string, known []string) string {
	best, least := "", math.MaxInt
	for _, candidate := range known {
		distance := spelling.Distance(name, candidate)
		if i := strings.LastIndexByte(candidate, '.'); i >= 0 {
			// "port" means "socket.port".
			distance = min(distance, spelling.Distance(name, candidate[i+1:])+1)
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
