package nkshim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"nkhost/host/spelling"
	"nkhost/lua"
	"nkhost/lua/glua"
)

// hint says more about an error than its text, which is Nakama's: what the program calls the
// value that is of the wrong type, and which function may be meant. It is "" if it knows
// nothing.
func hint(raised *lua.Error) string {
	misuse := raised.Misuse
	if misuse == nil {
		return ""
	}
	text := misuse.Error()
	if misuse.Type != glua.LTNil || !misuse.Called {
		return text
	}
	name := misuse.Name[strings.LastIndexAny(misuse.Name, ".:")+1:]
	if meant := spelling.Nearest(name, functionNames()); meant != "" {
		text += "; did you mean " + meant + "?"
	}
	return text
}

func functionNames() []string {
	names := DispatcherFunctions()
	for _, family := range families() {
		names = slices.AppendSeq(names, maps.Keys(family))
	}
	return names
}

// WithHint adds to an error what the program calls the value that it is about, if that is of
// the wrong type, and which function may be meant.
func WithHint(err error) error {
	var raised *lua.Error
	if !errors.As(err, &raised) {
		return err
	}
	if text := hint(raised); text != "" {
		return fmt.Errorf("%w (%s)", err, text)
	}
	return err
}
