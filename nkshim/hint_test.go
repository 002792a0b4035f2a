package nkshim

import (
	"testing"
)

// TestHints wants the log to say more about an error than its text does.
func TestHints(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`return nk.storage_raed({})`:         `hint="nk.storage_raed is nil; did you mean storage_read?"`,
		`return payload.field.other`:         `hint="payload.field is nil"`,
		`local n = 1 return n.field`:         `hint="n is a number"`,
		`local t = {} return #t.match_lists`: `hint="t.match_lists is nil"`,
		`local utils = {} utils.uuid_v4()`:   `hint="utils.uuid_v4 is nil"`,
	} {
		var log lockedBuffer
		if _, err := evaluate(t, body, logTo(&log)); err == nil {
			t.Fatalf("%s: no error", body)
		}
		wantText(t, log.String(), want)
	}
}

func TestLoadErrorsHaveHints(t *testing.T) {
	t.Parallel()
	_, err := tryOpen(t, files{"main.lua": `require("nakama").logger_inf("x")`})
	if err == nil {
		t.Fatal("the module loads")
	}
	wantText(t, err.Error(), "main.lua:1: attempt to call a non-function object", "logger_inf is nil; did you mean logger_info?")
}
