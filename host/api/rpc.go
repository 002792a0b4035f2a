package api

import (
	"encoding/json"
	"net/http"
	"net/url"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/session"
)

// rpcFailure is the body of an RPC's error. Error is {} for what the RPC raised, and
// the message for what kept it from being called.
type rpcFailure struct {
	failure
	Error any `json:"error"`
}

type rpcAnswer struct {
	Payload string `json:"payload"`
}

// rpc calls the RPC that the path names. The body is a JSON string and the answer is
// {"payload": …}, unless the URL has a parameter unwrap, with whatever value: then
// both are taken as they are. A GET has no payload.
func (s *server) rpc(w http.ResponseWriter, r *http.Request, params []string) {
	query := r.URL.Query()
	caller, err := s.authorizeRPC(r, query)
	if err != nil {
		s.refuseRPC(w, r, err)
		return
	}
	id := params[0]
	if id == "" {
		s.refuseRPC(w, r, status.Error(codes.InvalidArgument, "RPC ID must be set"))
		return
	}
	_, unwrap := query["unwrap"]
	payload, err := s.rpcPayload(w, r, unwrap)
	if err != nil {
		s.refuseRPC(w, r, err)
		return
	}
	delete(query, "http_key")
	caller.Query, caller.Headers = query, r.Header
	caller.ClientIP, caller.ClientPort = ClientAddr(r, s.ProxyCount)

	result, err := s.Runtime.RPC(r.Context(), id, caller, payload)
	if err != nil {
		body := s.failureOf(r, err)
		s.writeFailure(w, r, body.Code, rpcFailure{failure: body, Error: struct{}{}})
		return
	}
	s.answerRPC(w, r, result, unwrap)
}

// authorizeRPC returns who calls an RPC: the server itself for the HTTP key, which
// may be a parameter or the user of basic authentication, or a user for a session
// token. The parameter counts before the header.
func (s *server) authorizeRPC(r *http.Request, query url.Values) (*session.Caller, error) {
	key := query.Get("http_key")
	if key == "" {
		header := r.Header["Authorization"]
		if len(header) == 0 {
			return nil, status.Error(codes.Unauthenticated, "Auth token or HTTP key required")
		}
		user, ok := basicUser(header[0])
		if !ok {
			return s.bearer(header[0])
		}
		key = user
	}
	if !equalKeys(key, s.HTTPKey) {
		return nil, status.Error(codes.Unauthenticated, "HTTP key invalid")
	}
	return &session.Caller{}, nil
}

func (s *server) rpcPayload(w http.ResponseWriter, r *http.Request, unwrap bool) (string, error) {
	if r.Method != http.MethodPost {
		return "", nil
	}
	body, err := s.readAll(w, r)
	if err != nil || unwrap || len(body) == 0 {
		return string(body), err
	}
	payload, err := readText(body)
	if err != nil {
		return "", status.Errorf(codes.InvalidArgument,
			"the body must be one JSON string, or anything with ?unwrap in the URL: %v", err)
	}
	return payload, nil
}

// refuseRPC answers a call that did not come to the RPC.
func (s *server) refuseRPC(w http.ResponseWriter, r *http.Request, err error) {
	body := s.failureOf(r, err)
	s.writeFailure(w, r, body.Code, rpcFailure{failure: body, Error: body.Message})
}

func (s *server) answerRPC(w http.ResponseWriter, r *http.Request, result string, unwrap bool) {
	header := w.Header()
	if unwrap {
		header.Set("Content-Type", "text/plain")
		// The answer is taken to be of the kind that the request was.
		if kind := r.Header["Content-Type"]; len(kind) > 0 {
			header.Set("Content-Type", kind[0])
		}
		s.write(w, r, http.StatusOK, []byte(result))
		return
	}
	text, err := json.Marshal(rpcAnswer{result})
	if err != nil {
		s.refuseRPC(w, r, err)
		return
	}
	header["Content-Type"] = typeJSON
	s.write(w, r, http.StatusOK, text)
}
