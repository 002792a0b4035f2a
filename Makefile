# `make test` sets up what the tests need, builds and runs them all. Targets that
# need a program which is not there install it where that is possible.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

GO       ?= go
FUZZTIME ?= 30s
BINARY   := $(CURDIR)/build/nkhost
CLIENTS  := conformance/clients

# Without C, so that the binary needs no library and runs anywhere.
.PHONY: build
build:
	CGO_ENABLED=0 $(GO) build -o $(BINARY) .

.PHONY: run
run: build
	$(BINARY) $(ARGS)

.PHONY: test
test: setup build vet unit conformance clients

.PHONY: vet
vet:
	$(GO) vet ./...

# Every package but the conformance scenes, which have a target of their own. Under the race
# detector sockets are called in another way (host/netio), so that what depends on them runs
# without it, too: writing to many, and stopping calls that are over a limit.
.PHONY: unit
unit:
	$(GO) test -race $$($(GO) list ./... | grep -v /conformance$$)
	$(GO) test ./host/netio ./host/realtime
	$(GO) test ./lua ./host -run 'Runaways|Limit|NeverEnd|WaitingDoes|GarbageIs'

# What passes one by one is left out of the output.
.PHONY: conformance
conformance:
	$(GO) test -race -count=1 -v ./conformance | { grep -v -e '^=== ' -e '--- PASS: ' || true; }

.PHONY: clients
clients: build setup
	NKHOST_BIN=$(BINARY) npm test --prefix $(CLIENTS)

# The picture in the README: a game between two pages in a headless browser.
.PHONY: screenshot
screenshot: build setup
	NKHOST_BIN=$(BINARY) npm run screenshot --prefix $(CLIENTS)

# Every fuzz test for FUZZTIME.
.PHONY: fuzz
fuzz:
	for package in $$($(GO) list ./...); do \
		for name in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$name"; \
			$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done

# Hundreds of clients that join, play, drop, rejoin and send garbage.
SOAKTIME    ?= 3m
SOAKCLIENTS ?= 300

.PHONY: soak
soak:
	$(GO) test ./host -run '^TestSoak$$' -v -timeout 60m -soak $(SOAKTIME) -soak-clients $(SOAKCLIENTS)

# The hot paths, five times each, as benchstat reads them. BENCH_BEFORE=FILE compares
# with what an earlier run printed.
BENCH_OUT ?= build/bench.txt

.PHONY: bench
bench:
	mkdir -p build
	$(GO) test -run '^$$' -bench . -benchmem -count 5 ./lua ./nkshim ./host/... | tee $(BENCH_OUT)
	$(GO) run golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da $(BENCH_BEFORE) $(BENCH_OUT)

.PHONY: setup
setup: programs $(CLIENTS)/node_modules/.package-lock.json

$(CLIENTS)/node_modules/.package-lock.json: $(CLIENTS)/package-lock.json
	npm ci --prefix $(CLIENTS)
	touch $@

# Debian's packages, each with a file that shows it is there. Go's race detector wants
# a C compiler and the headers of the C library. Debian starts PostgreSQL as a service,
# which no test needs: they start servers of their own.
PACKAGES := /usr/bin/gcc:gcc /usr/include/stdlib.h:libc6-dev /usr/bin/chromium:chromium /usr/bin/lua5.1:lua5.1 \
	/usr/lib/postgresql/*/bin/postgres:postgresql /usr/bin/sqlite3:sqlite3

.PHONY: programs
programs:
	@missing=(); \
	for pair in $(PACKAGES); do \
		compgen -G "$${pair%%:*}" >/dev/null || missing+=("$${pair##*:}"); \
	done; \
	for name in node:nodejs npm:npm; do \
		command -v "$${name%%:*}" >/dev/null || missing+=("$${name##*:}"); \
	done; \
	if [ "$${#missing[@]}" -eq 0 ]; then exit 0; fi; \
	if [ "$$(id -u)" -ne 0 ]; then echo "The tests need: apt-get install $${missing[*]}" >&2; exit 1; fi; \
	apt-get update -q; \
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$${missing[@]}"; \
	case " $${missing[*]} " in *" postgresql "*) service postgresql stop || true;; esac

.PHONY: clean
clean:
	rm -rf build $(CLIENTS)/node_modules
