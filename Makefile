# `make demo` and `make test` are all that a new machine needs; `make help` lists the rest.

SHELL := /bin/bash
export PREFIX DESTDIR SYSCONFDIR UNITDIR ZSHDIR
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

SWIFT := .ci/swift
# Without the packages of the demo programs, which take longer to fetch than replay to build.
LEAN := -c release --disable-default-traits
REPLAY := .build/release/replay
FUZZ_TARGETS := codecs detectors http http2 json pcapng replay state tls trace websocket

# The programs as they are installed: with Swift's own libraries in them.
INSTALLED := .build-images/release
PROGRAMS ?= replay profiler demo-server traffic

.PHONY: install uninstall release package
.PHONY: help setup replay build demo demo-live demo-bookinfo demo-programs test goldens test-kernel test-software threads fuzz check update-goldens lint format bench bench-live instructions docs clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{ printf "  make %-16s%s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## install the Debian packages that are missing (needs root only then)
	@.ci/setup

replay: setup
	@$(SWIFT) build $(LEAN) --product replay

build: replay ## build replay and profiler, optimised, in .build/release
	@$(SWIFT) build $(LEAN) --product profiler

release: ## build the programs to be installed, in .build-images/release (PROGRAMS="replay profiler": only these)
	@.ci/setup
	@SCRATCH=$(dir $(INSTALLED)) .ci/release $(PROGRAMS)

# Does not build where it is root's turn: `make release && sudo make install`.
install: $(PROGRAMS:%=$(INSTALLED)/%) ## install programs, manual, completions, service; PREFIX=/usr/local DESTDIR=
	@BUILT="$$PWD/$(INSTALLED)" PROGRAMS="$(PROGRAMS)" packaging/install.sh install

uninstall: ## take away what `make install` has put there, with the same PREFIX and DESTDIR
	@PROGRAMS="$(PROGRAMS)" packaging/install.sh uninstall

package: release ## Debian's packages and a tar.gz for other distributions, in .build-package
	@.ci/setup package
	@BUILT="$$PWD/$(INSTALLED)" packaging/package.sh

$(INSTALLED)/%:
	@$(MAKE) --no-print-directory release PROGRAMS=$*

demo: replay ## show the best of it, from captures that are here: map, messages, statements, losses
	@demo/show.sh $(REPLAY)

demo-live: demo-programs ## the demo stack under the profiler: service map, summary and grade (needs root); DEMO=--tls: over TLS
	@demo/live.sh $(DEMO)

demo-bookinfo: demo-programs ## Istio's Bookinfo under the profiler: environment file and service map (needs root); DEMO=--tls: over HTTPS
	@demo/bookinfo.sh $(DEMO)

demo-programs:
	@.ci/setup live
	@$(SWIFT) build

test: ## run every test (live capture, too: needs root), and every fixture against its goldens
	@.ci/setup live
	@$(SWIFT) build --build-tests
	@$(SWIFT) test --skip-build --disable-xctest
	@$(MAKE) --no-print-directory goldens REPLAY=.build/debug/replay

check: replay goldens ## replay every fixture and compare with its goldens

# With the program that is there: CI asks those that it has built otherwise, too.
goldens:
	$(REPLAY) check Fixtures
	docs/picture.py $(REPLAY) --check
	docs/sees.py $(REPLAY) --check

update-goldens: replay ## rewrite the goldens from what replay says now (then read `git diff Fixtures`)
	$(REPLAY) check --update Fixtures
	docs/picture.py $(REPLAY)
	docs/sees.py $(REPLAY)

lint: ## check the formatting
	@$(SWIFT) format lint --strict --recursive Sources Tests bpf/plugin Package.swift

format: ## format the sources in place
	@$(SWIFT) format --in-place --recursive Sources Tests bpf/plugin Package.swift

test-kernel: build ## run the profiler on Debian's older kernel (6.1), booted under QEMU (needs root for apt-get)
	@$(SWIFT) build --product exerciser
	@Tests/Kernel/run.sh

test-software: build ## profile nginx, Node.js, PostgreSQL … and compare with tcpdump (root; installs them); SOFTWARE="nginx go": these
	@Tests/Software/run.sh $(SOFTWARE)

threads: ## run under the thread sanitizer what has threads of its own
	@Tests/Threads/run.sh

fuzz: ## fuzz what reads hostile bytes, each target for TIME seconds (60), or RUNS=n: that many inputs, the same each time; TARGET=name: that one
	@Tests/Fuzz/run.sh --build
	@broke=; \
	for target in $(or $(TARGET),$(FUZZ_TARGETS)); do \
	    Tests/Fuzz/run.sh "$$target" $(if $(RUNS),--runs $(RUNS),$(or $(TIME),60)) || broke+=" $$target"; \
	done; \
	[ -z "$$broke" ] || { echo "broke:$$broke" >&2; exit 1; }

bench: replay ## record the inputs (once, needs root) and measure replay beside other tools; BIG=1: 2 GB, too
	@Benchmarks/make-inputs.sh http many-conns mixed h2 $(if $(BIG),http-big)
	@Benchmarks/install.sh peers
	@python3 Benchmarks/run.py

bench-live: build ## measure what live capture costs nginx, and who is not captured (needs root)
	@Benchmarks/install.sh live
	@python3 Benchmarks/live.py

instructions: ## count the instructions of fixed runs and hold them against their limits; UPDATE=1: new limits
	@$(MAKE) --no-print-directory release PROGRAMS=replay
	@Benchmarks/instructions.py $(if $(UPDATE),--update)

docs: ## build the documentation with DocC, in .build/docs/
	@.ci/docs

clean: ## remove what was built (not the benchmarks' inputs)
	rm -rf .build .build-images .build-tsan .build-package
