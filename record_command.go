package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const recordUsage = `nkhost record [--count N] [--url URL] [--runtime.http_key KEY] [MODULE]

Has a running host, which was started with --match.record FOLDER --match.record_on_demand,
record the next match of a module, or of any module. It is in the host's folder then, for
nkhost replay. A match that runs already cannot be recorded.

`

// recordPatience is how long the host may take to answer.
const recordPatience = 10 * time.Second

func runRecord(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("record", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	count := flags.Int("count", 1, "how many matches")
	base := flags.String("url", "http://127.0.0.1:7350", "`URL` of the host")
	key := flags.String("runtime.http_key", "defaulthttpkey", "`KEY` with which servers may call the host")
	modules, err := parseMixed(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return printUsage(out, recordUsage, flags)
	case err != nil:
		return fmt.Errorf("record: %w", err)
	case len(modules) > 1:
		return fmt.Errorf("record: give one module, not %d", len(modules))
	}
	module, which := "", "match"
	if len(modules) == 1 {
		module = modules[0]
		which = "match of module " + module
	}
	folder, err := askHost(*base, *key, module, *count)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	if *count == 1 {
		fmt.Fprintf(out, "the next %s will be recorded in %s\n", which, folder)
	} else {
		fmt.Fprintf(out, "each next %s, %d in all, will be recorded in %s\n", which, *count, folder)
	}
	return nil
}

// askHost asks a host to record and returns the name of its folder.
func askHost(base, key, module string, count int) (folder string, err error) {
	request, err := http.NewRequest(http.MethodPost, strings.TrimRight(base, "/")+"/nkhost/record", nil)
	if err != nil {
		return "", err
	}
	query := request.URL.Query()
	query.Set("module", module)
	query.Set("count", strconv.Itoa(count))
	request.URL.RawQuery = query.Encode()
	request.SetBasicAuth(key, "")
	client := http.Client{Timeout: recordPatience}
	response, err := client.Do(request)
	if err != nil {
		return "", fmt.Errorf("the host cannot be asked: %w", err)
	}
	defer response.Body.Close()
	var answer struct{ Folder, Message string }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", fmt.Errorf("%s answers %s: is it nkhost?", base, response.Status)
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the host refuses: %s", answer.Message)
	}
	return answer.Folder, nil
}
