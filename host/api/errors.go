package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// failure is the body of an answer that is an error.
type failure struct {
	Code    codes.Code `json:"code"`
	Message string     `json:"message"`
}

// fail answers with an error. One without a code is logged whole and answered as an
// internal one without its text.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	body := s.failureOf(r, err)
	if body.Code == codes.Unauthenticated {
		w.Header().Set("WWW-Authenticate", body.Message)
	}
	s.writeFailure(w, r, body.Code, body)
}

// writeFailure writes the body of an error.
func (s *server) writeFailure(w http.ResponseWriter, r *http.Request, code codes.Code, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		s.Log.ErrorContext(r.Context(), "cannot encode an error for a client", "error", err)
	}
	w.Header()["Content-Type"] = typeJSON
	s.write(w, r, httpStatus(code), text)
}

// httpStatus is the status that Nakama's gateway gives an answer with the code.
func httpStatus(code codes.Code) int {
	switch code {
	case codes.OK:
		return http.StatusOK
	case codes.Canceled:
		return 499 // as nginx says that the client has gone
	case codes.InvalidArgument, codes.FailedPrecondition, codes.OutOfRange:
		return http.StatusBadRequest
	case codes.Unauthenticated:
		return http.StatusUnauthorized
	case codes.PermissionDenied:
		return http.StatusForbidden
	case codes.NotFound:
		return http.StatusNotFound
	case codes.AlreadyExists, codes.Aborted:
		return http.StatusConflict
	case codes.ResourceExhausted:
		return http.StatusTooManyRequests
	case codes.Unimplemented:
		return http.StatusNotImplemented
	case codes.Unavailable:
		return http.StatusServiceUnavailable
	case codes.DeadlineExceeded:
		return http.StatusGatewayTimeout
	}
	return http.StatusInternalServerError
}

func (s *server) failureOf(r *http.Request, err error) failure {
	var coded interface{ GRPCStatus() *status.Status }
	switch {
	case errors.As(err, &coded):
		return failure{Code: coded.GRPCStatus().Code(), Message: coded.GRPCStatus().Message()}
	case errors.Is(err, context.Canceled):
		return failure{Code: codes.Canceled, Message: "The request was cancelled."}
	case errors.Is(err, context.DeadlineExceeded):
		return failure{Code: codes.DeadlineExceeded, Message: "The request took too long."}
	}
	s.Log.LogAttrs(r.Context(), slog.LevelError, "a request failed",
		slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Any("error", err))
	return failure{Code: codes.Internal, Message: "Internal error, see the host's log."}
}
