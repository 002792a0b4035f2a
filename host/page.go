package host

import (
	"bytes"
	"fmt"
	"html"
	"io/fs"
	"net/http"
)

const (
	pageFile   = "index.html"
	pageKeyTag = `<meta name="server-key" content="%s">`
)

// withPage serves the files of a page at / and everything else by next. The page is told
// the server key, with which it authenticates its players.
func withPage(page fs.FS, serverKey string, next http.Handler) (http.Handler, error) {
	paths := map[string]bool{}
	err := fs.WalkDir(page, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			paths["/"+name] = true
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	index, err := fs.ReadFile(page, pageFile)
	if err != nil {
		return nil, err
	}
	defaultTag := fmt.Appendf(nil, pageKeyTag, "defaultkey")
	if !bytes.Contains(index, defaultTag) {
		return nil, fmt.Errorf("%s has no %s", pageFile, defaultTag)
	}
	index = bytes.Replace(index, defaultTag, fmt.Appendf(nil, pageKeyTag, html.EscapeString(serverKey)), 1)
	files := http.FileServerFS(page)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		isRead := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case isRead && r.URL.Path == "/":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write(index)
		case isRead && paths[r.URL.Path]:
			files.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	}), nil
}
