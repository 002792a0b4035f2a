package host

import (
	"io/fs"
	"net/http"
)

// withPage serves the files of a page at / and everything else by next.
func withPage(page fs.FS, next http.Handler) (http.Handler, error) {
	paths := map[string]bool{"/": true}
	err := fs.WalkDir(page, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			paths["/"+name] = true
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	files := http.FileServerFS(page)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		isRead := r.Method == http.MethodGet || r.Method == http.MethodHead
		if isRead && paths[r.URL.Path] {
			files.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	}), nil
}
