package check

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// FuzzCheck wants that no text makes the check panic, and that what it finds is in the
// text.
func FuzzCheck(f *testing.F) {
	for _, c := range slices.Concat(nakamaCases, matchCases, luaCases) {
		f.Add("local nk = require('nakama')\n"+c.bad, c.good)
	}
	f.Add("local a, b = ..., (f()) a.b.c[d], e = e, a", "")
	f.Add("local M = {} M.M = M M.x = M.y M.y = M.x nk = M.x M.x() return M", "")
	f.Add("x = y y = x x() function x:y(...) self.z = ... end return require(...)", "y = x x = y x()")
	f.Add("return require('lib')", "return require('main')")
	f.Fuzz(func(t *testing.T, main, lib string) {
		report, err := Run(fstest.MapFS{"main.lua": {Data: []byte(main)}, "lib.lua": {Data: []byte(lib)}})
		if err != nil {
			t.Fatal(err)
		}
		for _, finding := range report.Findings {
			text := main
			if finding.File == "lib.lua" {
				text = lib
			}
			if finding.Line < 1 || finding.Line > strings.Count(text, "\n")+1 {
				t.Errorf("a finding in line %d: %v", finding.Line, finding)
			}
		}
	})
}
