# `make` or `make help` lists the targets. Only Go is needed to build and run; the tests also need
# Node, and install the rest themselves (see deps).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The Go that is installed is used, or the version check says what to do; none is downloaded.
export GOTOOLCHAIN := local

TOOL := go tool -modfile=tools/go.mod
SEED ?=
FUZZTIME ?= 30s
BENCHTIME ?= 8s

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: go-version versions
go-version:
	@tools/versions.sh go
versions:
	@tools/versions.sh go node

.PHONY: run
run: build ## start the demo: three employees, its own store, nothing else needed
	@exec bin/hotseat serve --demo

.PHONY: cluster
cluster: build ## three nodes on one PostgreSQL on this machine, until Ctrl-C
	@go build -o bin/cluster ./examples/cluster && exec bin/cluster

.PHONY: build
build: go-version ## build bin/hotseat
	CGO_ENABLED=0 go build -trimpath -o bin/hotseat ./cmd/hotseat

.PHONY: deps
deps: versions ## install what the tests need (Debian, as root; else it prints the line to run)
	@tools/deps.sh

.PHONY: test
test: deps build generated ## every test, on real stores, sockets, processes and a real browser
	go test -p 2 -timeout 10m ./...
	cd web && npm test
	cd web && HOTSEAT_TEST_BINARY=$(CURDIR)/bin/hotseat npm run test:browser

.PHONY: race
# Without hub/cluster: protoactor sets the logger of gRPC anew at each start, unguarded.
race: deps ## the rules, actors, sockets, HTTP and events under the race detector
	CGO_ENABLED=1 go test -race -p 2 -timeout 10m ./session/... ./actors/... $$(go list ./hub/... | grep -v hub/cluster) ./api/... \
	  ./persistence/relay/... ./cmd/hotseat/consume

.PHONY: fuzz
# Each target: the package and its fuzz function.
FUZZ := session:FuzzStep session:FuzzDecodeRow session:FuzzDecodeEvents session:FuzzClean \
	hub/frame:FuzzFrames hub:FuzzHead hub:FuzzMessage actors/wire:FuzzMessages
fuzz: go-version ## hostile commands, rows, frames, messages and requests (FUZZTIME=30s each)
	@for target in $(FUZZ); do echo "== $$target"; \
	  go test ./$${target%%:*} -run '^$$' -fuzz "^$${target##*:}$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s; done

.PHONY: faults
faults: deps ## every fault with outages of minutes, in network namespaces, judged by the history (17 minutes)
	go test -count 1 -timeout 40m -v ./e2e/faults -args -long

.PHONY: sim
sim: go-version ## the simulator; SEED=n replays one run
	SIM_SEED=$(SEED) go test -count 1 -v ./actors/sim

.PHONY: check
check: go-version generated ## vet, staticcheck, gofumpt, generated code, and the rules of who imports whom
	go vet ./...
	$(TOOL) staticcheck ./...
	@unformatted=$$($(TOOL) gofumpt -l .); if [ -n "$$unformatted" ]; then \
	  echo "not formatted; run: $(TOOL) gofumpt -w ."; echo "$$unformatted"; exit 1; fi
	go test -count 1 .

# Left out, with reasons: G104, an error that nobody can act on is dropped where the code says so; G115,
# what is decoded is checked before it is narrowed, and what is encoded wraps on purpose; G304, files are
# those that the operator names; G404, weak randomness only spreads retries and makes request ids.
# The examples and the rigs of tests and benchmarks run programs and are no part of the product.
GOSEC := -exclude=G104,G115,G304,G404 -exclude-dir=bench -exclude-dir=web -exclude-dir=hubtest -exclude-dir=pgtest \
	-exclude-dir=storetest -exclude-dir=benchstore -exclude-dir=e2e -exclude-dir=examples

.PHONY: lint
lint: check ## check, gosec and govulncheck (minutes; govulncheck reads its database online)
	$(TOOL) gosec -quiet $(GOSEC) ./...
	$(TOOL) govulncheck ./...

.PHONY: bench
bench: deps ## every scenario on both stores and three nodes, beside limits, rewrites docs/performance.md; then bench-import (9 minutes)
	go run ./bench/suite -time $(BENCHTIME) -write docs/performance.md -html bin/bench.html
	$(MAKE) bench-import

.PHONY: bench-takeovers
bench-takeovers: deps ## only takeovers, on both stores (a minute)
	go run ./bench/suite -takeovers -time $(BENCHTIME)

.PHONY: bench-kafka
bench-kafka: deps ## what events on their way to Kafka cost a login, on both stores, in turns
	go run ./bench/suite -kafka -employees 2000 -time $(BENCHTIME)

.PHONY: bench-store
bench-store: deps ## durable logins inside the process against naive takeovers in pgbench, one server; fails below 8 times
	go run ./persistence/benchstore -dir /var/tmp -least 8

.PHONY: bench-import
bench-import: deps ## import a million employees into a running server, twice, in bounded memory (2 minutes)
	go test ./e2e -run TestAnImportOfManyEmployees -count 1 -v -timeout 30m -args -imported 1000000

.PHONY: bench-sockets
bench-sockets: go-version ## what an idle socket, a handshake and a broadcast cost, both engines in one run
	go run ./bench/sockets
	go test ./hub -run '^$$' -bench Million -benchtime 20x

.PHONY: bench-million
bench-million: go-version ## a million connected employees in one process: memory, and a full garbage collection
	go run ./bench/million -most-rss 1.2 -most-gc 500ms

.PHONY: bench-whole
bench-whole: deps ## the binary: its start on a million employees, and memory for each connected one
	go run ./bench/whole -most-start 2s

.PHONY: bench-authz
bench-authz: deps ## what a gateway's question costs against an empty HTTP handler, asked by wrk in the same run
	go run ./bench/authz -least 0.70

.PHONY: bench-nodes
bench-nodes: deps ## what one to five nodes cost at rest, for each login, and for reading what others wrote
	go run ./bench/nodes

.PHONY: reset
reset: ## forget the demo's store and what was built
	rm -rf hotseat-demo bin

.PHONY: demo-session-management
demo-session-management: build ## two logins, a test termination and the events, step by step; fails unless all is seen
	@tools/demo-session-management.sh bin/hotseat

.PHONY: generate generated
generate: go-version ## make the code of /graphql anew from its schema
	cd api/graphql && go tool -modfile=../../tools/go.mod gqlgen generate
generated: generate ## fail when the committed code is not what generate makes
	@git diff --exit-code --stat -- api/graphql/generated && test -z "$$(git status --porcelain -- api/graphql/generated)"
