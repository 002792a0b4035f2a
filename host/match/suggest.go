package match

import (
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// explain adds to the error about an unknown module which one may be meant.
func (r *Registry) explain(module string, err error) error {
	if status.Code(err) != codes.NotFound || r.config.Modules == nil {
		return err
	}
	meant, ok := nearest(module, r.config.Modules())
	if !ok {
		return err
	}
	text := strings.TrimRight(status.Convert(err).Message(), ".")
	return status.Errorf(codes.NotFound, "%s. Did you mean %q?", text, meant)
}

// nearest is the name that is most like the given one: the same in other letters or
// in another folder, or a few typing errors away.
func nearest(name string, among []string) (found string, ok bool) {
	least := max(2, len(name)/3) + 1
	for _, candidate := range among {
		distance := editDistance(strings.ToLower(name), strings.ToLower(candidate))
		if name != "" && strings.EqualFold(lastPart(name), lastPart(candidate)) {
			distance = min(distance, 1)
		}
		if distance < least {
			found, least, ok = candidate, distance, true
		}
	}
	return found, ok
}

func lastPart(name string) string {
	return name[strings.LastIndexAny(name, "./")+1:]
}

// editDistance counts the bytes to add, leave out or change (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
