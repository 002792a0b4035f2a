package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"

	"nkhost/host/api"
	"nkhost/host/config"
	"nkhost/host/match"
	"nkhost/host/record"
	"nkhost/lua"
	"nkhost/nkshim"
)

// openRecords opens the folder of recorded matches if match.record names one.
func (h *Host) openRecords() error {
	if h.config.Match.Record == "" {
		if h.config.Match.RecordOnDemand {
			return errors.New("match.record_on_demand wants a folder for the matches: set match.record")
		}
		return nil
	}
	hash, err := modulesHash(h.files)
	if err != nil {
		return err
	}
	matches := h.matchConfig()
	h.records, err = record.Open(record.Options{
		Path:     h.config.Match.Record,
		MaxBytes: int64(h.config.Match.RecordMaxMB) << 20,
		OnDemand: h.config.Match.RecordOnDemand,
		Now:      h.now,
		Seed:     h.newSeed,
		Start: record.Start{
			Version: h.version, ModulesHash: hash, Node: h.config.Name,
			Settings: record.Settings{
				DeferredQueueSize: matches.DeferredQueueSize, JoinMarkerDeadline: matches.JoinMarkerDeadline, MaxEmpty: matches.MaxEmpty,
				Env: h.config.Runtime.Environment(), Version: h.version, Started: h.started,
			},
		},
		AppendState: nkshim.AppendState,
		Failed:      func(err error) { h.log.Error("a match is not recorded", slog.Any("error", err)) },
	})
	return err
}

func (h *Host) newSeed() uint64 {
	if h.options.Seed != nil {
		return h.options.Seed()
	}
	return rand.Uint64()
}

// modulesHash tells apart folders with other Lua code.
func modulesHash(files fs.FS) (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.EqualFold(path.Ext(file), ".lua") {
			return err
		}
		source, err := fs.ReadFile(files, file)
		fmt.Fprintf(sum, "%s %d\n", file, len(source))
		_, _ = sum.Write(source)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read the modules: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// recorder is what matches record themselves with, nil if they do not.
func (h *Host) recorder() func(matchID, module string, params map[string]any) match.Recorder {
	if h.records == nil {
		return nil
	}
	return func(matchID, module string, params map[string]any) match.Recorder {
		w := h.records.Begin(matchID, module, params)
		if w == nil {
			return nil
		}
		if h.config.Match.RecordOnDemand {
			h.log.Info("a match is recorded", slog.String("match", matchID), slog.String("module", module), slog.String("file", w.Name()))
		}
		return w
	}
}

// recordPath is where a server asks for matches to be recorded. Nakama has no such path.
const recordPath = "/nkhost/record"

// maxAsked is how many matches one request may ask for.
const maxAsked = 1000

// askRecord takes the request of somebody who has the HTTP key: POST with the parameters
// module (any, if it is not given) and count (1).
func (h *Host) askRecord(w http.ResponseWriter, r *http.Request) {
	answer := func(code int, body map[string]any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(body) // the client is gone, then
	}
	refuse := func(code codes.Code, httpCode int, format string, args ...any) {
		answer(httpCode, map[string]any{"code": int(code), "message": fmt.Sprintf(format, args...)})
	}
	query := r.URL.Query()
	module, count := query.Get("module"), 1
	if text := query.Get("count"); text != "" {
		count, _ = strconv.Atoi(text) // 0, which is refused, if it is no number
	}
	switch {
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		refuse(codes.Unimplemented, http.StatusMethodNotAllowed, "Recording wants a POST.")
	case !api.HasHTTPKey(r, h.config.Runtime.HTTPKey):
		refuse(codes.Unauthenticated, http.StatusUnauthorized, "HTTP key invalid")
	case h.records == nil:
		refuse(codes.FailedPrecondition, http.StatusBadRequest, "The host records nothing: start it with --match.record FOLDER --match.record_on_demand.")
	case module != "" && !h.modules.Has(strings.ReplaceAll(module, "/", ".")):
		refuse(codes.NotFound, http.StatusNotFound, "There is no module %q.", module)
	case count < 1 || count > maxAsked:
		refuse(codes.InvalidArgument, http.StatusBadRequest, "The count must be from 1 to %d.", maxAsked)
	default:
		h.records.Ask(module, count)
		answer(http.StatusOK, map[string]any{"module": module, "count": count, "folder": h.config.Match.Record})
	}
}

// journal finds the journal of a match, nil if there are none.
func (h *Host) journal() func(matchID string) nkshim.Journal {
	switch {
	case h.player != nil:
		return func(string) nkshim.Journal { return h.player }
	case h.records == nil:
		return nil
	}
	return func(matchID string) nkshim.Journal {
		if w := h.records.Writer(matchID); w != nil {
			return w
		}
		return nil
	}
}

// ReplayOptions say which recorded match to run again, and how far.
type ReplayOptions struct {
	File    io.Reader
	Modules fs.FS
	Until   int64 // the tick after which to stop; 0 is the end
	Log     *slog.Logger
	// Coverage is as in Options.
	Coverage *lua.Coverage
}

// Replayed is a match that was run again.
type Replayed struct {
	Start       record.Start
	Difference  *record.Difference // from the recording, the first; nil if there is none
	SameModules bool               // whether the modules are those of the recording
	Cut         bool               // the recording breaks off before the match's end

	Tick    int64
	State   any // as lua.ConvertToGo makes it
	Label   string
	Members []match.Presence
	Ended   bool
	Err     error  // that ended the match, or nil
	Trace   string // where Lua raised Err: the stack and the local variables there
}

// Replay runs a recorded match again, with nothing from outside but what the recording
// has. The error is about the file or the modules; how the match fares is the result's.
func Replay(ctx context.Context, options ReplayOptions) (*Replayed, error) {
	reader, err := record.NewReader(options.File)
	if err != nil {
		return nil, err
	}
	start := reader.Start
	m := &Manual{}
	m.clock.Store(start.Time.UnixNano())
	cfg := config.Default()
	cfg.DataDir, cfg.Name, cfg.ShutdownGraceSec = ":memory:", start.Node, 0
	for name, value := range start.Settings.Env {
		cfg.Runtime.Env = append(cfg.Runtime.Env, name+"="+value)
	}
	m.Host = newHost(Options{Config: cfg, Log: options.Log, Version: start.Settings.Version, Modules: options.Modules, Now: m.Now, Locals: true, Coverage: options.Coverage})
	m.manual, m.started = true, start.Settings.Started
	m.player = record.NewPlayer(reader, nkshim.AppendState)
	if err := m.open(ctx); err != nil {
		return nil, err
	}
	replayed, err := m.replay(ctx, reader, options.Until)
	return replayed, errors.Join(err, m.Close(ctx))
}

func (m *Manual) replay(ctx context.Context, reader *record.Reader, until int64) (*Replayed, error) {
	hash, err := modulesHash(m.files)
	if err != nil {
		return nil, err
	}
	step, err := reader.Next()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the recording ends before the match has started")
	}
	if err != nil {
		return nil, err
	}
	start := reader.Start
	matches := m.matchConfig()
	matches.DeferredQueueSize, matches.JoinMarkerDeadline, matches.MaxEmpty = start.Settings.DeferredQueueSize, start.Settings.JoinMarkerDeadline, start.Settings.MaxEmpty
	m.player.Play(step)
	r := match.NewReplay(ctx, matches, m.newMatch, m.player, start.Module, start.MatchID, start.Params)
	defer r.Close()
	for !r.Ended() && (until <= 0 || r.Snapshot().Tick < until) {
		if step, err = reader.Next(); errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		m.player.Play(step)
		if err := r.Step(ctx, step.Input); err != nil {
			return nil, fmt.Errorf("the recorded match is damaged: %w", err)
		}
	}
	return m.replayed(r, reader, hash)
}

func (m *Manual) replayed(r *match.Replay, reader *record.Reader, hash string) (*Replayed, error) {
	found := r.Snapshot()
	replayed := &Replayed{
		Start: reader.Start, Difference: m.player.Difference, SameModules: hash == reader.Start.ModulesHash, Cut: reader.Cut,
		Tick: found.Tick, Label: found.Label, Members: found.Members, Ended: r.Ended(), Err: m.player.Err,
	}
	var raised *lua.Error
	if errors.As(replayed.Err, &raised) {
		replayed.Err = nkshim.WithHint(replayed.Err)
		replayed.Trace = raised.Stack + "\nlocal variables:"
		for _, local := range raised.Locals {
			replayed.Trace += "\n\t" + local.Name + " = " + local.Value
		}
	}
	if found.State == nil {
		return replayed, nil
	}
	var err error
	replayed.State, err = nkshim.StateToGo(found.State)
	return replayed, err
}
