// Package check finds what is wrong with Lua modules without running them: what does
// not compile, what the nakama module does not have or take, and the traps of Nakama's
// Lua that a reader overlooks.
//
// Modules are read into a program: their syntax, which variable each name means, and
// which values can be told from the text alone. A rule looks at the program and reports.
// A value that is not plain is unknown, and rules say nothing about it: a finding that is
// false costs more than one that is missed.
package check

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/yuin/gopher-lua/ast"

	"nkhost/lua"
	"nkhost/nkshim"
)

// Severity says how sure it is that a module does not do what it is meant to.
type Severity string

// The severities. An Error fails when it is reached, or loses data; a Warning is a
// mistake in all likelihood; Info is worth a look.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// Finding is one thing that is wrong.
type Finding struct {
	File       string   `json:"file"`
	Line       int      `json:"line"`
	Severity   Severity `json:"severity"`
	Rule       string   `json:"rule"`
	Message    string   `json:"message"`
	Suggestion string   `json:"suggestion,omitempty"`
}

// Report is what a check of a modules folder found.
type Report struct {
	Modules  int // how many were read
	Findings []Finding
}

// Count returns how many findings are of a severity.
func (r Report) Count(severity Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == severity {
			n++
		}
	}
	return n
}

// rule is a function that looks for one kind of mistake.
type rule struct {
	name string
	find func(p *program, report reporter)
	hint string // what is suggested where find has no better idea
}

// reporter takes a finding of the rule that runs.
type reporter func(m *module, line int, severity Severity, message, suggestion string)

// rules are all rules but the ones about files, which reading reports.
func rules() []rule {
	return []rule{
		{"nakama-function", unknownFunctions, "nkhost types writes down all functions that there are"},
		{"nakama-missing", missingFunctions, ""},
		{"nakama-method", methodCalls, ""},
		{"arguments", argumentCounts, ""},
		{"argument-type", argumentTypes, ""},
		{"match-module", matchModules, "a module is named by its path below the modules folder, with dots and without .lua"},
		{"match-callback", missingCallbacks, ""},
		{"callback-params", callbackParams, ""},
		{"callback-result", callbackResults, ""},
		{"rpc-result", rpcResults, ""},
		{"dispatcher", dispatcherCalls, "it has broadcast_message, broadcast_message_deferred, match_kick and match_label_update"},
		{"context-field", contextFields, "nkhost types writes down all fields that there are"},
		{"late-registration", lateRegistrations, ""},
		{"hook-name", hookNames, "docs/status.md has all names"},
		{"unknown-module", unknownModules, "a module is named by its path below the modules folder, with dots and without .lua"},
		{"evaluated-twice", evaluatedTwice, ""},
		{"global-assignment", globalAssignments, ""},
		{"standard-global", replacedStandards, ""},
		{"undefined-global", undefinedGlobals, ""},
		{"missing-library", missingLibraries, "there are string, table, math, bit32, and of os clock, date, difftime and time"},
		{"parallel-assignment", parallelAssignments, ""},
		{"frozen-table", frozenTables, ""},
		{"for-iterator", tableIterators, ""},
		{"empty-payload", emptyPayloads, ""},
		{"error-code", errorCodes, ""},
		{"tonumber-exponent", exponents, ""},
		{"unused-global", unusedGlobals, ""},
		{"unused-local", unusedLocals, ""},
	}
}

// Run checks every module below a modules folder. The error is about reading it.
func Run(fsys fs.FS) (Report, error) { return run(fsys, nkshim.Contract()) }

func run(fsys fs.FS, contract []nkshim.Function) (Report, error) {
	p := &program{
		contract: map[string]nkshim.Function{},
		standard: lua.StandardNames(),
		byName:   map[string]*module{},
		globals:  map[string][]globalWrite{},
		tables:   map[*ast.TableExpr]*table{},
		created:  map[string]bool{},
	}
	for _, f := range contract {
		p.contract[f.Name] = f
	}
	if err := p.read(fsys); err != nil {
		return Report{}, err
	}
	p.analyse()
	for _, r := range rules() {
		r.find(p, func(m *module, line int, severity Severity, message, suggestion string) {
			p.report(m, Finding{File: m.file, Line: line, Severity: severity, Rule: r.name, Message: message, Suggestion: cmp.Or(suggestion, r.hint)})
		})
	}
	slices.SortStableFunc(p.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	return Report{Modules: p.files, Findings: slices.Compact(p.findings)}, nil
}

// read reads every file of fsys whose name ends in .lua, as lua.ReadModules does, but
// goes on after a fault.
func (p *program) read(fsys fs.FS) error {
	err := fs.WalkDir(fsys, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() || lua.ModuleName(file) == "" {
			return nil
		}
		source, err := fs.ReadFile(fsys, file)
		if err != nil {
			return err
		}
		p.add(file, string(source))
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the Lua modules: %w", err)
	}
	slices.SortFunc(p.modules, func(a, b *module) int { return cmp.Compare(a.name, b.name) })
	return nil
}

func (p *program) add(file, source string) {
	p.files++
	m := newModule(file, source)
	if other := p.byName[m.name]; other != nil {
		p.report(m, Finding{
			File: file, Line: 1, Severity: Error, Rule: "module-name",
			Message:    fmt.Sprintf("%s and %s would both be the module %q", other.file, file, m.name),
			Suggestion: "rename one of them",
		})
		return
	}
	if m.name == "nakama" {
		p.report(m, Finding{
			File: file, Line: 1, Severity: Error, Rule: "module-name",
			Message:    "this file has the name of the nakama module",
			Suggestion: "rename it; annotations for editors belong outside of the modules folder",
		})
		return
	}
	p.byName[m.name] = m
	err := lua.CheckSyntax(file, source)
	if err == nil {
		err = m.parse(source)
	}
	if err == nil {
		p.modules = append(p.modules, m)
		return
	}
	p.dynamicGlobals = true // those that this module sets are not known
	var fault *lua.SyntaxError
	if !errors.As(err, &fault) {
		fault = &lua.SyntaxError{Line: 1, Message: err.Error()}
	}
	p.report(m, Finding{
		File: file, Line: fault.Line, Severity: Error, Rule: "syntax", Message: fault.Message, Suggestion: suggestSyntax(source, fault),
	})
}

// report keeps a finding, unless a comment on its line silences it.
func (p *program) report(m *module, f Finding) {
	if !m.ignores(f.Line, f.Rule) {
		p.findings = append(p.findings, f)
	}
}
