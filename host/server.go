package host

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"

	"nkhost/host/api"
	"nkhost/modules"
)

// newServer makes the HTTP server, which is closed with the host.
func (h *Host) newServer() error {
	handler, err := h.handler()
	if err != nil {
		return err
	}
	fresh := freshConns{}
	h.server = &http.Server{
		Handler:      withHeaders(h.config.Socket.Headers(), h.withRecovery(handler)),
		ReadTimeout:  milliseconds(h.config.Socket.ReadTimeoutMs),
		WriteTimeout: milliseconds(h.config.Socket.WriteTimeoutMs),
		IdleTimeout:  milliseconds(h.config.Socket.IdleTimeoutMs),
		ConnState:    fresh.track,
		ErrorLog:     slog.NewLogLogger(h.log.Handler(), slog.LevelDebug),
	}
	h.onClose(func(ctx context.Context) error {
		fresh.close()
		return h.server.Shutdown(ctx)
	})
	return nil
}

// serve answers requests until the server is closed.
func (h *Host) serve() error {
	certificate, key := h.config.Socket.SSLCertificate, h.config.Socket.SSLPrivateKey
	if certificate == "" {
		return h.server.Serve(h.listener)
	}
	return h.server.ServeTLS(h.listener, certificate, key)
}

// handler serves sockets at /ws, requests to record matches, the page of the bundled game,
// and REST.
func (h *Host) handler() (http.Handler, error) {
	var rest http.Handler = api.New(h.apiOptions())
	if h.isBundledGame() {
		var err error
		if rest, err = withPage(modules.Page(), h.config.Socket.ServerKey, rest); err != nil {
			return nil, fmt.Errorf("read the game's page: %w", err)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ws":
			h.sockets.ServeHTTP(w, r)
		case recordPath:
			h.askRecord(w, r)
		default:
			rest.ServeHTTP(w, r)
		}
	}), nil
}

// withHeaders adds headers to every answer; next may replace them.
func withHeaders(headers map[string]string, next http.Handler) http.Handler {
	if len(headers) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		next.ServeHTTP(w, r)
	})
}

// withRecovery keeps a panic in one request from being lost: it is logged, and the
// client learns that the fault is the server's.
func (h *Host) withRecovery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			if fault == http.ErrAbortHandler {
				panic(fault)
			}
			h.log.Error("a request panicked", slog.String("method", r.Method), slog.String("path", r.URL.Path),
				slog.Any("panic", fault), slog.String("stack", string(debug.Stack())))
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte(`{"code":13,"message":"Internal server error."}`))
		}()
		next.ServeHTTP(w, r)
	})
}

// freshConns are connections on which no request has come yet. Browsers open such ones
// in reserve, and http.Server.Shutdown would wait five seconds for their first request.
type freshConns struct {
	mu   sync.Mutex
	open map[net.Conn]struct{}
}

func (f *freshConns) track(conn net.Conn, state http.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if state != http.StateNew {
		delete(f.open, conn)
		return
	}
	if f.open == nil {
		f.open = map[net.Conn]struct{}{}
	}
	f.open[conn] = struct{}{}
}

func (f *freshConns) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.open {
		_ = conn.Close() // nobody has asked anything on it
	}
}
