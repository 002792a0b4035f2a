package check

import (
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

var formats = []string{"text", "json", "github"}

// Formats returns the names of the forms in which a report can be written.
func Formats() []string { return slices.Clone(formats) }

// Write writes a report in one of the Formats. folder is put before the files' names.
func (r Report) Write(w io.Writer, format, folder string) error {
	findings := slices.Clone(r.Findings)
	for i := range findings {
		findings[i].File = path.Join(folder, findings[i].File)
	}
	var text string
	switch format {
	case "text":
		text = asText(r, findings)
	case "json":
		if findings == nil {
			findings = []Finding{}
		}
		encoded, err := json.MarshalIndent(findings, "", "  ")
		if err != nil {
			return fmt.Errorf("write the findings: %w", err)
		}
		text = string(encoded) + "\n"
	case "github":
		text = asGitHub(findings)
	default:
		return fmt.Errorf("there is no format %q: use one of %s", format, strings.Join(formats, ", "))
	}
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("write the findings: %w", err)
	}
	return nil
}

func asText(r Report, findings []Finding) string {
	var text strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&text, "%s:%d: %s: %s [%s]\n", f.File, f.Line, f.Severity, f.Message, f.Rule)
		if f.Suggestion != "" {
			fmt.Fprintf(&text, "    %s\n", f.Suggestion)
		}
	}
	fmt.Fprintf(&text, "%s checked: %s, %s", plural(r.Modules, "module"), plural(r.Count(Error), "error"), plural(r.Count(Warning), "warning"))
	if n := r.Count(Info); n > 0 {
		fmt.Fprintf(&text, ", %s", plural(n, "hint"))
	}
	text.WriteString("\n")
	return text.String()
}

// asGitHub writes commands that a GitHub workflow turns into annotations.
func asGitHub(findings []Finding) string {
	commands := map[Severity]string{Error: "error", Warning: "warning", Info: "notice"}
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	var text strings.Builder
	for _, f := range findings {
		message := f.Message
		if f.Suggestion != "" {
			message += "\n" + f.Suggestion
		}
		fmt.Fprintf(&text, "::%s file=%s,line=%d,title=%s::%s\n", commands[f.Severity], property.Replace(f.File), f.Line, property.Replace(f.Rule), data.Replace(message))
	}
	return text.String()
}

// WithoutHints is a report without what is of severity Info.
func (r Report) WithoutHints() Report {
	r.Findings = slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool { return f.Severity == Info })
	return r
}
