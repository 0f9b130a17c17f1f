# What the README promises, and what CI runs. Every target works alone.
GO ?= go
.PHONY: build demo test check generate bench lint generated layers fast race fuzz browser setup

build: ## the binary, static
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o bin/belvedere ./cmd/belvedere

demo: ## simulated cores, the whole interface, nothing to install
	$(GO) run ./cmd/belvedere demo

test: setup ## everything, including real cores and the browser
	$(GO) test ./test/contract ./test/compat ./internal/site ./... # the long ones first
	./scripts/browser

check: lint generated layers test race fuzz ## exactly what CI runs

setup: ## installs what the tests need (as root on Debian), else says what is missing
	./scripts/setup

lint:
	./scripts/lint

generated: ## generated files and the bundle are committed: stale ones fail
	./scripts/generated

generate: ## templates, reference pages, front-end bundle
	./scripts/generate

layers:
	$(GO) test -count=1 ./internal -run TestLayers

race:
	CGO_ENABLED=1 $(GO) test -race -short $$(./scripts/race-packages)

fuzz:
	./scripts/fuzz $${FUZZTIME:-3s}

bench: ## quick benchmarks beside the recorded ones
	./scripts/bench
