# From nothing: root or sudo on Debian 12 or later, and a Rust toolchain. Caches lie outside the clone.

ASTERFLOW_CACHE ?= $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/asterflow
export ASTERFLOW_CACHE
export CARGO_TARGET_DIR ?= $(ASTERFLOW_CACHE)/target

.PHONY: help test lab fmt lint doc

help:
	@echo "make test   everything that CI checks, with a real Asterisk, MariaDB and browser"
	@echo "make lab    the appliance against a real Asterisk with SIP phones that call"
	@echo "make fmt    formats the sources"
	@echo "make lint   clippy with warnings as errors"
	@echo "make doc    the code's documentation, starting at its map"

test:
	scripts/test.sh

lab:
	scripts/lab.sh

fmt:
	cargo fmt --all

lint:
	cargo clippy --workspace --all-targets -- -D warnings

doc:
	cargo doc --no-deps --document-private-items
	@echo "open $(CARGO_TARGET_DIR)/doc/asterflow/index.html"
