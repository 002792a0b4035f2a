// Package logging makes the host's log: text for people on a terminal, JSON for
// programs elsewhere.
package logging

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"nkhost/host/config"
)

// New makes the log that cfg describes. Lines for the standard output go to
// stdout; terminal says whether people read it there. Closing the closer closes
// the log's file.
func New(cfg config.Logger, stdout io.Writer, terminal bool) (*slog.Logger, io.Closer, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Level)); err != nil {
		return nil, nil, fmt.Errorf("logger.level: %w", err)
	}
	var handlers []slog.Handler
	if cfg.Stdout {
		handlers = append(handlers, outputHandler(cfg.Format, stdout, terminal, level))
	}
	var closer io.Closer = io.NopCloser(nil)
	if cfg.File != "" {
		file, err := os.OpenFile(cfg.File, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
		if err != nil {
			return nil, nil, fmt.Errorf("logger.file: %w", err)
		}
		handlers, closer = append(handlers, jsonHandler(file, level, nakamaNames)), file
	}
	return slog.New(slog.NewMultiHandler(handlers...)), closer, nil
}

func outputHandler(format string, out io.Writer, terminal bool, level slog.Level) slog.Handler {
	switch {
	case format == "text" || format == "auto" && terminal:
		return newTextHandler(out, level, terminal)
	case format == "stackdriver":
		return jsonHandler(out, level, stackdriverNames)
	}
	return jsonHandler(out, level, nakamaNames)
}

// fieldNames is how a JSON log calls what slog puts into every record.
type fieldNames struct {
	time, level, message string
	levelText            func(string) string
}

var (
	nakamaNames      = fieldNames{"ts", "level", "msg", strings.ToLower}
	stackdriverNames = fieldNames{"timestamp", "severity", "message", strings.ToUpper}
)

func jsonHandler(out io.Writer, level slog.Level, names fieldNames) slog.Handler {
	return slog.NewJSONHandler(out, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, attr slog.Attr) slog.Attr {
			if len(groups) > 0 {
				return attr
			}
			switch attr.Key {
			case slog.TimeKey:
				attr.Key = names.time
			case slog.MessageKey:
				attr.Key = names.message
			case slog.LevelKey:
				attr = slog.String(names.level, names.levelText(attr.Value.String()))
			}
			return attr
		},
	})
}
