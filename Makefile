# From nothing: root or sudo on Debian 12 or later, and a Rust toolchain. Caches lie outside the clone.

ASTERFLOW_CACHE ?= $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/asterflow
export ASTERFLOW_CACHE
export CARGO_TARGET_DIR ?= $(ASTERFLOW_CACHE)/target

.PHONY: help demo test test-full lab bench gallery fmt lint doc

help:
	@printf '%-16s%s\n' \
	    'make demo' 'the appliance against a simulated call centre: nothing else is needed' \
	    'make test' 'everything that CI checks, with a real Asterisk, MariaDB and browser' \
	    'make test-full' 'the rest, by hand: long readings, Asterisk 16, a release build' \
	    'make lab' 'the appliance against a real Asterisk with SIP phones that call' \
	    'make bench' 'how fast: live events beside the least that they cost; the history taken in and asked, from memory and from a real MariaDB beside a floor in C' \
	    'make gallery' 'pictures of every page, in both themes and at every size' \
	    'make fmt' 'formats the sources' \
	    'make lint' 'clippy with warnings as errors' \
	    'make doc' "the code's documentation, starting at its map"

demo:
	scripts/demo.sh $(DEMO)

test:
	scripts/test.sh

test-full: test
	cargo test --locked --workspace -- --ignored
	cargo run --locked -q -p asterflow-lab --bin lab -- --old chroot
	ASTERFLOW_LAB_SUITE=bullseye cargo test --locked --workspace -- --include-ignored real
	cargo build --locked --release

lab:
	scripts/lab.sh

# ASTERFLOW_BENCH_ROWS=9500000 is a year of 200 agents; without it a million rows.
bench:
	cargo bench --locked --no-default-features --bench ami
	cargo bench --locked --no-default-features --bench history
	cargo bench --locked --no-default-features --bench first_sync

gallery:
	scripts/gallery.sh

fmt:
	cargo fmt --all

lint:
	cargo clippy --workspace --all-targets -- -D warnings

doc:
	cargo doc --no-deps --document-private-items
	@echo "open $(CARGO_TARGET_DIR)/doc/asterflow/index.html"
