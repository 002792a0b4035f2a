package spec

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// Report gathers results and tells them.
type Report struct {
	Results []Result
	out     io.Writer
}

// NewReport makes a report that writes to out as results come.
func NewReport(out io.Writer) *Report { return &Report{out: out} }

// Add takes a result.
func (r *Report) Add(result Result) {
	r.Results = append(r.Results, result)
	name := result.File
	if result.Name != "" {
		name += ": " + result.Name
	}
	switch {
	case result.Failure != "":
		fmt.Fprintf(r.out, "FAIL     %s\n         %s\n", name, strings.ReplaceAll(result.Failure, "\n", "\n         "))
	case result.Pending:
		fmt.Fprintf(r.out, "pending  %s\n", name)
	default:
		fmt.Fprintf(r.out, "ok       %s (%s)\n", name, result.Took.Round(time.Millisecond))
	}
}

// Failed is how many tests failed.
func (r *Report) Failed() int {
	return r.count(func(result Result) bool { return result.Failure != "" })
}

func (r *Report) pending() int {
	return r.count(func(result Result) bool { return result.Pending })
}

func (r *Report) count(which func(Result) bool) int {
	n := 0
	for _, result := range r.Results {
		if which(result) {
			n++
		}
	}
	return n
}

// End writes the sum.
func (r *Report) End() {
	var took time.Duration
	for _, result := range r.Results {
		took += result.Took
	}
	fmt.Fprintf(r.out, "\n%d tests, %d failed, %d pending (%s)\n", len(r.Results), r.Failed(), r.pending(), took.Round(time.Millisecond))
}

type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
	took     time.Duration
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitFailure `xml:"failure"`
	Skipped *struct{}     `xml:"skipped"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the results in JUnit's XML, a suite a file.
func (r *Report) WriteJUnit(out io.Writer) error {
	var all junitSuites
	for _, result := range r.Results {
		if n := len(all.Suites); n == 0 || all.Suites[n-1].Name != result.File {
			all.Suites = append(all.Suites, junitSuite{Name: result.File})
		}
		all.Suites[len(all.Suites)-1].add(result)
	}
	if _, err := io.WriteString(out, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(out)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(out, "\n")
	return err
}

func (s *junitSuite) add(result Result) {
	c := junitCase{Name: result.Name, Class: result.File, Time: inSeconds(result.Took)}
	if c.Name == "" {
		c.Name = "(loading)"
	}
	s.Tests++
	switch {
	case result.Failure != "":
		s.Failures++
		first, _, _ := strings.Cut(result.Failure, "\n")
		c.Failure = &junitFailure{Message: first, Text: result.Failure}
	case result.Pending:
		s.Skipped++
		c.Skipped = &struct{}{}
	}
	s.took += result.Took
	s.Time = inSeconds(s.took)
	s.Cases = append(s.Cases, c)
}

func inSeconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
