package match

import (
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/spelling"
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
		distance := spelling.Distance(strings.ToLower(name), strings.ToLower(candidate))
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
