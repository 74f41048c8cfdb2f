# SPDX-License-Identifier: GPL-2.0-only
#
# From the outside: "make demo", "make check", "make bench".  The module itself
# is built by src/Kbuild, the way DKMS does it (see dkms.conf).

MAKEFLAGS += --no-print-directory
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes

.PHONY: help
help: ## list the targets
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/  make \1	\2/p' Makefile | expand -t 24

.PHONY: demo
demo: ## from nothing to D-Bus through the kernel: build, boot a guest, measure, compare
	@scripts/demo

.PHONY: check
check: prepare-all ## everything that a change must pass (this is what CI runs)
	@tests/run-checks

.PHONY: bench
bench: prepare ## the full table: build/bench.csv and build/bench.svg
	@bench/run

.PHONY: check-static check-unit check-guest
check-static: deps ## only the static checks
	@tests/run-checks static

check-unit: deps ## only the unit tests, under sanitizers
	@tests/run-checks unit

check-guest: prepare-all ## only the tests in guests
	@tests/run-checks guest

.PHONY: check-trixie
check-trixie: prepare-all ## all cases of the bus, and dbus's own tests, with Debian 13's dbus 1.16
	@KDBUS_CHECKS=tests/checks-trixie KDBUS_CHECK_TIME=7200 tests/run-checks

.PHONY: check-attached
check-attached: prepare-all ## all cases of the bus with clients that know nothing of kdbus
	@KDBUS_CHECKS=tests/checks-attached KDBUS_CHECK_TIME=7200 tests/run-checks

.PHONY: attach-soak
attach-soak: prepare ## take connections over in mid-stream, ROUNDS times (100,000: hours)
	@KDBUS_GUEST_TIME=40000 tests/guest/in-guest 2 soak-attach $(or $(ROUNDS),100000)

.PHONY: module
module: deps ## build the module for Debian 12's kernel: build/VERSION/kdbus.ko
	@scripts/build-module

.PHONY: check-debug
check-debug: prepare-all ## the tests in guests, and faults injected, on a kernel that checks itself
	@KDBUS_CHECKS=tests/checks-debug KDBUS_CHECK_TIME=7200 tests/run-checks

.PHONY: check-kcsan
check-kcsan: prepare ## the tests in which several are at it, on a kernel that finds data races
	@KDBUS_CHECKS=tests/checks-kcsan KDBUS_CHECK_TIME=7200 tests/run-checks

# SUITE is a release of Debian.
.PHONY: deb repo check-packages check-install
deb: deps ## the Debian packages for SUITE (default bookworm): build/deb/SUITE
	@scripts/build-deb $(SUITE)

repo: deps ## an apt repository of all packages, signed with KDBUS_SIGN_KEY: dist/apt
	@scripts/make-repo $(SUITE)

check-packages: deps ## build the packages of SUITE once more, byte for byte; lintian; piuparts
	@KDBUS_SUITE=$(SUITE) tests/deb/check

check-install: deps ## install, switch on, break and remove on real systems: docs/install-matrix.md
	@tests/install/matrix $(SUITE)

.PHONY: check-arm64
check-arm64: ## build for arm64 and run the tests of sockets and messages there, emulated
	@tests/arm64/run

.PHONY: fuzz
fuzz: ## fuzz the core's parsers, TIME=20 seconds each, and show what of it was run
	@scripts/install-deps build fuzz
	@$(MAKE) -s -C tests/fuzz check coverage

.PHONY: fuzz-sockets
fuzz-sockets: prepare-all ## random calls on sockets, on a kernel that checks itself, for TIME=60 seconds
	@tests/guest/fuzz $(or $(TIME),60) $(SEED)

.PHONY: order
order: prepare ## order under load, for MESSAGES deliveries (10,000,000: about an hour)
	@tests/load/order $(or $(MESSAGES),10000000)

.PHONY: soak
soak: prepare ## load a bus for HOURS (1) and watch its memory: docs/reliability.md
	@tests/load/soak $(or $(HOURS),1)

.PHONY: matrix
matrix: prepare ## build for and test on every supported kernel: docs/kernels.md
	@scripts/matrix

.PHONY: rpm check-rpm check-rollback
rpm: ## build RPM packages and a dnf repository: build/rpm/repo
	@scripts/build-rpm

check-rpm: deps ## install, upgrade and remove the RPM packages with dnf, in a root directory
	@tests/rpm/check

check-rollback: deps ## kill kdbus-rollback at every command, and run it again
	@KDBUS_KILL_EVERY=1 tests/ctl/rollback.t

.PHONY: policy
SEEDS ?= 20
policy: prepare ## the policies of Debian's packages, SEEDS times (20): verdict for verdict as stock
	@tests/policy/check $(SEEDS)

.PHONY: conformance
conformance: prepare ## test suites that others wrote, on stock and kdbus: docs/conformance.md (hours)
	@tests/conformance/run

.PHONY: deps
deps: ## install the Debian packages that "make check" needs (root or sudo)
	@scripts/install-deps build check chroot guest i386 package

.PHONY: clean
clean: ## remove build/ (the cache in ~/.cache/kdbus stays)
	rm -rf build

# What takes long and is cached, one after the other and with a word each, so
# that checks that need it do not wait for each other.
.PHONY: prepare prepare-all
prepare: deps
	@scripts/prepare

prepare-all: deps
	@scripts/prepare --all

# With which library a benchmark calls
build/bench/%: LIBRARY := dbus-1
build/bench/gdbus-bench: LIBRARY := gio-2.0
build/bench/sdbus-bench: LIBRARY := libsystemd
build/bench/%-bench: bench/%-bench.c bench/measure.c bench/measure.h
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(WARNINGS) $$(pkg-config --cflags $(LIBRARY)) $< \
		bench/measure.c -o $@.tmp $$(pkg-config --libs $(LIBRARY))
	@mv $@.tmp $@

build/bench/%: bench/%.c bench/join.h
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(WARNINGS) $$(pkg-config --cflags $(LIBRARY)) $< -o $@.tmp \
		$$(pkg-config --libs $(LIBRARY))
	@mv $@.tmp $@
