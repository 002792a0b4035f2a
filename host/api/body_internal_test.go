package api

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A body is read alike whether or not its length is known.
func TestReadAll(t *testing.T) {
	t.Parallel()
	s := &server{Options: Options{MaxRequestSize: 4 * maxTrusted}}
	for _, size := range []int64{0, 1, 511, maxTrusted, maxTrusted + 1, s.MaxRequestSize, s.MaxRequestSize + 1} {
		for _, known := range []bool{true, false} {
			body := strings.Repeat("x", int(size))
			r := httptest.NewRequest("POST", "/", io.NopCloser(strings.NewReader(body)))
			if known {
				r.ContentLength = size
			}
			text, err := s.readAll(httptest.NewRecorder(), r)
			if size > s.MaxRequestSize {
				if status.Code(err) != codes.InvalidArgument {
					t.Errorf("%d bytes, length known %v: %v", size, known, err)
				}
				continue
			}
			if err != nil || string(text) != body {
				t.Errorf("%d bytes, length known %v: read %d, %v", size, known, len(text), err)
			}
		}
	}
}

// A client goes before it has sent what it announced.
func TestReadAllOfABodyThatEndsEarly(t *testing.T) {
	t.Parallel()
	s := &server{Options: Options{MaxRequestSize: 100}}
	r := httptest.NewRequest("POST", "/", strings.NewReader("four"))
	r.ContentLength = 5
	if _, err := s.readAll(httptest.NewRecorder(), r); status.Code(err) != codes.InvalidArgument {
		t.Errorf("the error is %v", err)
	}
}
