package api

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// readBody returns a request's body, decompressed; nil for an operation without one.
// The error's code is InvalidArgument.
func (s *server) readBody(w http.ResponseWriter, r *http.Request, op *operation) ([]byte, error) {
	if op.body == "" {
		return nil, nil
	}
	return s.readAll(w, r)
}

// readAll returns a request's body, decompressed. The error's code is InvalidArgument.
func (s *server) readAll(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if n := r.ContentLength; n >= 0 && n <= min(s.MaxRequestSize, maxTrusted) && r.Header["Content-Encoding"] == nil {
		text := make([]byte, n+1)
		// Only a read beyond the end tells the HTTP server that all has been read.
		if got, err := io.ReadFull(r.Body, text); int64(got) < n {
			return nil, bodyError(err)
		}
		return text[:n], nil
	}
	var body io.Reader = http.MaxBytesReader(w, r.Body, s.MaxRequestSize)
	switch r.Header.Get("Content-Encoding") {
	case "gzip":
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			return nil, bodyError(err)
		}
		body = unzipped
	case "deflate":
		body = flate.NewReader(body)
	}
	// A little that is compressed may become very much.
	text, err := io.ReadAll(io.LimitReader(body, s.MaxRequestSize+1))
	if err == nil && int64(len(text)) > s.MaxRequestSize {
		err = &http.MaxBytesError{Limit: s.MaxRequestSize}
	}
	if err != nil {
		return nil, bodyError(err)
	}
	return text, nil
}

// maxTrusted is how many bytes a request gets room for before they have come, since it says
// that they will.
const maxTrusted = 16 << 10

func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return status.Errorf(codes.InvalidArgument, "http: request body too large, at most %d bytes are read", tooLarge.Limit)
	}
	return status.Errorf(codes.InvalidArgument, "cannot read the request's body: %v", err)
}

// decode fills request from what the body, the path and the query say, as Nakama's
// gateway does: fields that the request does not have are passed over, and so is
// what follows the JSON value in the body. The error's code is InvalidArgument.
func (op *operation) decode(request proto.Message, body []byte, params []string, query string) error {
	if op.body != "" {
		if err := op.decodeBody(request, body); err != nil {
			return invalid(err)
		}
	}
	for i, field := range op.fields {
		if !utf8.ValidString(params[i]) {
			return status.Error(codes.InvalidArgument, "the path must be UTF-8")
		}
		if err := setField(request.ProtoReflect(), []string{field}, params[i:i+1]); err != nil {
			return invalid(err)
		}
	}
	if op.body == "*" || op.empty || query == "" {
		return nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return invalid(err)
	}
	if err := setParameters(request, values, op.fixed); err != nil {
		return invalid(err)
	}
	return nil
}

func invalid(err error) error { return status.Error(codes.InvalidArgument, err.Error()) }

// decodeBody sets the request, or the field of it that is a message, from the first
// JSON value in body. An empty body sets nothing, but the field is then there.
func (op *operation) decodeBody(request proto.Message, body []byte) error {
	target := request
	if op.body != "*" {
		message := request.ProtoReflect()
		field := message.Descriptor().Fields().ByName(protoreflect.Name(op.body))
		target = message.Mutable(field).Message().Interface()
	}
	var text json.RawMessage
	switch err := json.NewDecoder(bytes.NewReader(body)).Decode(&text); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(text, target)
}

// answer writes a message.
func (s *server) answer(w http.ResponseWriter, r *http.Request, message proto.Message) {
	text, err := protojson.MarshalOptions{UseProtoNames: true, UseEnumNumbers: true}.Marshal(message)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header()["Content-Type"] = typeJSON
	s.write(w, r, http.StatusOK, text)
}

// zipFrom is how many bytes a body must have to be compressed: shorter ones become
// longer by it.
const zipFrom = 128

// write writes a whole answer, compressed for those who accept gzip. What goes wrong
// is the client's connection, and there is nobody to tell.
func (s *server) write(w http.ResponseWriter, r *http.Request, code int, body []byte) {
	if len(body) < zipFrom || !acceptsGzip(r.Header) {
		w.WriteHeader(code)
		_, _ = w.Write(body)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(code)
	zip, ok := s.zips.Get().(*gzip.Writer)
	if !ok {
		// The fastest level: answers are short, and the other core plays games.
		zip, _ = gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	}
	zip.Reset(w)
	_, _ = zip.Write(body)
	_ = zip.Close()
	s.zips.Put(zip)
}

func acceptsGzip(header http.Header) bool {
	for _, value := range header["Accept-Encoding"] {
		for coding := range strings.SplitSeq(value, ",") {
			if strings.TrimSpace(coding) == "gzip" {
				return true
			}
		}
	}
	return false
}
