// Package cover tells the line coverage of Lua modules: as lcov, as a Go cover profile,
// and as a table for people.
package cover

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"nkhost/lua"
)

// Save writes the coverage to a file: as a profile that go tool cover reads if the name
// ends in .out, else as lcov.
func Save(name string, files []lua.FileCoverage) error {
	write := WriteLCOV
	if strings.HasSuffix(name, ".out") {
		write = WriteProfile
	}
	file, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write the coverage: %w", err)
	}
	if err := errors.Join(write(file, files), file.Close()); err != nil {
		return fmt.Errorf("write the coverage: %w", err)
	}
	return nil
}

// WriteLCOV writes the format of lcov's .info files.
func WriteLCOV(out io.Writer, files []lua.FileCoverage) error {
	to := bufio.NewWriter(out)
	for _, file := range files {
		if file.Uncounted {
			continue
		}
		fmt.Fprintf(to, "TN:\nSF:%s\n", file.Name)
		for _, line := range file.Lines {
			fmt.Fprintf(to, "DA:%d,%d\n", line.Line, line.Count)
		}
		fmt.Fprintf(to, "LF:%d\nLH:%d\nend_of_record\n", len(file.Lines), reached(file))
	}
	return to.Flush()
}

// WriteProfile writes what go test -coverprofile writes for Go, each line with something
// to run as a block of one statement.
func WriteProfile(out io.Writer, files []lua.FileCoverage) error {
	to := bufio.NewWriter(out)
	fmt.Fprintln(to, "mode: count")
	for _, file := range files {
		name := file.Name
		if !path.IsAbs(name) && !strings.HasPrefix(name, ".") {
			name = "./" + name // else go tool cover takes it for a package's
		}
		for _, line := range file.Lines {
			column := 1
			if line.Line == 1 {
				column = 2 // go tool cover counts the first line's columns from 2
			}
			fmt.Fprintf(to, "%s:%d.%d,%d.1 1 %d\n", name, line.Line, column, line.Line+1, line.Count)
		}
	}
	return to.Flush()
}

// maxGaps is how many runs of lines that were not reached the table names for a file.
const maxGaps = 8

// WriteTable writes a line a file and their sum.
func WriteTable(out io.Writer, files []lua.FileCoverage) error {
	width := len("total")
	for _, file := range files {
		width = max(width, len(file.Name))
	}
	var text strings.Builder
	var all, hit int
	for _, file := range files {
		if file.Uncounted {
			fmt.Fprintf(&text, "%-*s  not counted: a function has 200 local variables, which leaves no room\n", width, file.Name)
			continue
		}
		all, hit = all+len(file.Lines), hit+reached(file)
		fmt.Fprintf(&text, "%-*s  %s%s\n", width, file.Name, share(reached(file), len(file.Lines)), gaps(file))
	}
	fmt.Fprintf(&text, "%-*s  %s\n", width, "total", share(hit, all))
	_, err := io.WriteString(out, text.String())
	return err
}

func reached(file lua.FileCoverage) (count int) {
	for _, line := range file.Lines {
		if line.Count > 0 {
			count++
		}
	}
	return count
}

func share(hit, all int) string {
	percent := 100.0
	if all > 0 {
		percent = float64(hit) / float64(all) * 100
	}
	return fmt.Sprintf("%5.1f %%  %d of %d lines", percent, hit, all)
}

// gaps names the lines that were not reached. A run of them goes on over lines that have
// nothing to run.
func gaps(file lua.FileCoverage) string {
	var runs []string
	for i := 0; i < len(file.Lines); i++ {
		if file.Lines[i].Count > 0 {
			continue
		}
		first := i
		for i+1 < len(file.Lines) && file.Lines[i+1].Count == 0 {
			i++
		}
		run := fmt.Sprint(file.Lines[first].Line)
		if i > first {
			run += fmt.Sprintf("-%d", file.Lines[i].Line)
		}
		runs = append(runs, run)
	}
	switch {
	case len(runs) == 0:
		return ""
	case len(runs) > maxGaps:
		runs = append(runs[:maxGaps], "...")
	}
	return ", not " + strings.Join(runs, ", ")
}
