# The one entry to build, test and show floe. `make help` lists the targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help

# Go builds with the installed toolchain or not at all: a build must not fetch another one.
export GOTOOLCHAIN := local

TOOLS := $(CURDIR)/tests/tools/bin
SKIPPED := $(CURDIR)/target/skipped
# The hosts that the tests ran floe in.
TESTED := $(CURDIR)/target/tested
# The Go code of this project; the other folders of tests/tools only pin a version.
GO_MODULES := yamljudge psajudge networkworld cyclonusjudge ciliumjudge streamprotocol streamjudge cmpserver fluxbuild
KUBERNETES_VERSION := v1.37.2
CARGO_DENY_VERSION := 0.20.2
CARGO_DENY := target/tools/bin/cargo-deny-$(CARGO_DENY_VERSION)
CARGO_CYCLONEDX_VERSION := 0.5.9
CARGO_CYCLONEDX := target/tools/bin/cargo-cyclonedx-$(CARGO_CYCLONEDX_VERSION)

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.* ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

.PHONY: demo
demo: ## run the filter on examples/platform and show what it changes (needs only Rust)
	@examples/platform/demo

# No tools and no data: tests that need them say so. Clippy first, because it is done sooner.
.PHONY: check
check: format-rust clippy ## before a push: format, clippy and every test that needs Rust alone; says what was left out
	@mkdir -p target && : > $(SKIPPED)
	@export FLOE_TOOLS= FLOE_TEST_DATA= FLOE_SKIPPED=$(SKIPPED); status=0; \
	cargo test --locked --no-fail-fast || status=$$?; \
	FLOE_NO_SKIP= tests/report-skipped --reasons $(SKIPPED); exit $$status

# With -trimpath, as the tools are built: what a tool and its tests have in common is compiled once.
.PHONY: test
test: tools $(if $(shell command -v podman),filter) ## run every test; names what was skipped at the end (FLOE_NO_SKIP=1: a skip is a failure)
	@mkdir -p target && : > $(SKIPPED) && : > $(TESTED)
	@for module in $(GO_MODULES); do CGO_ENABLED=0 go -C tests/tools/$$module test -trimpath ./... || exit 1; done
	@export FLOE_TOOLS=$(TOOLS) FLOE_SKIPPED=$(SKIPPED) FLOE_TESTED=$(TESTED); status=0; \
	cargo test --locked --no-fail-fast || status=$$?; \
	cargo test --locked --test it -- --ignored --exact hosts::tested::the_page_has_the_table_of_tested_hosts || status=$$?; \
	tests/report-skipped $(SKIPPED); exit $$status

.PHONY: lint
lint: format clippy deny ## formatting, clippy without warnings, licences and bans of dependencies

.PHONY: format
format: format-rust ## check the formatting of Rust and Go
	@unformatted=$$(gofmt -l $(addprefix tests/tools/,$(GO_MODULES))); test -z "$$unformatted" || { echo "gofmt: $$unformatted"; exit 1; }

.PHONY: format-rust
format-rust:
	cargo fmt --check

.PHONY: clippy
clippy: ## clippy, pedantic, a warning is an error; also without the feature `cluster`
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --no-default-features --lib --bins -- -D warnings

# Another toolchain, in a folder of its own: the artifacts of two compilers would push each other out of a cache.
.PHONY: msrv
msrv: ## compile with the oldest Rust that Cargo.toml declares (rustup has to have it)
	cargo +$(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml) check --locked --target-dir target/msrv
	cargo +$(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml) check --locked --target-dir target/msrv --no-default-features

.PHONY: deny
deny: $(CARGO_DENY) ## licences, bans and sources of dependencies
	$(CARGO_DENY) --locked check bans licenses sources

.PHONY: advisories
advisories: $(CARGO_DENY) ## known vulnerabilities of dependencies (fetches the advisory database)
	$(CARGO_DENY) --locked check advisories

.PHONY: bench
bench: tools ## compare floe with kustomize, yq, cat, psajudge, network-config-analyzer and kubectl: one table (release build; minutes)
	FLOE_TOOLS=$(TOOLS) cargo bench --locked --bench compare

.PHONY: fuzz
fuzz: ## break laws with inputs that coverage finds: each target of fuzz/ for SECONDS (60); needs a C++ compiler
	SECONDS_EACH=$(or $(SECONDS),60) fuzz/run

DIST ?= $(CURDIR)/target/dist
FLOE ?= target/release/floe
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
# The platform of what goes into an archive or an image, as rustc names it. File names have the name that Go and images give
# its architecture.
TARGET ?= $(shell rustc -vV | sed -n 's/^host: //p')
ARCH = $(patsubst aarch64,arm64,$(patsubst x86_64,amd64,$(firstword $(subst -, ,$(TARGET)))))

# $(call archive,FOLDER,FILE) packs a folder of DIST: the same files give the same bytes, whoever packs them and when.
archive = LC_ALL=C tar --sort=name --owner=0 --group=0 --numeric-owner --mode=go+u,go-w --mtime=@$${SOURCE_DATE_EPOCH:-0} \
	-C $(DIST) -cf - $(1) | gzip -n > $(2)

PLUGIN = $(DIST)/floe-helm-plugin
PLUGIN_ARCHIVE ?= $(PLUGIN)-$(VERSION).tgz

# Helm looks for a folder with the name of the archive, which ends where the version begins.
.PHONY: helm-plugin
helm-plugin: ## the plugin for Helm 4 around the binary FLOE (target/release/floe), in target/dist
	@test -x $(FLOE) || { echo "error: there is no binary $(FLOE); build it, or name one with FLOE=" >&2; exit 1; }
	@grep -qx 'version: $(VERSION)' packaging/helm-plugin/plugin.yaml || { echo "error: plugin.yaml has another version than $(VERSION)" >&2; exit 1; }
	rm -rf $(PLUGIN)
	install -D -m 755 $(FLOE) $(PLUGIN)/bin/floe
	install -m 644 LICENSE packaging/helm-plugin/README.md packaging/helm-plugin/plugin.yaml $(PLUGIN)
	$(call archive,floe-helm-plugin,$(PLUGIN_ARCHIVE))

RELEASE = floe-$(VERSION)-linux-$(ARCH)
PROGRAM = $(DIST)/floe-$(ARCH)
FILTER = $(DIST)/floe-filter-$(ARCH)
COMPLETIONS := bash:floe.bash elvish:floe.elv fish:floe.fish powershell:_floe.ps1 zsh:_floe

# Manual pages and completions come from the program itself, so the machine has to be able to run it.
.PHONY: dist
dist: sbom ## a release for TARGET (this machine) in target/dist: archive, SBOM, plugin, SHA256SUMS (release build; minutes)
	TARGET=$(TARGET) packaging/compile $(PROGRAM)
	rm -rf $(DIST)/$(RELEASE)
	install -d $(addprefix $(DIST)/$(RELEASE)/,completions docs/schema man/man1)
	install -m 755 $(PROGRAM) $(DIST)/$(RELEASE)/floe
	install -m 644 LICENSE README.md CHANGELOG.md $(DIST)/$(RELEASE)
	install -m 644 docs/*.md $(DIST)/$(RELEASE)/docs
	install -m 644 docs/schema/*.json $(DIST)/$(RELEASE)/docs/schema
	install -m 644 $(DIST)/$(RELEASE).cdx.json $(DIST)/$(RELEASE)/floe.cdx.json
	$(PROGRAM) man --out $(DIST)/$(RELEASE)/man/man1
	for pair in $(COMPLETIONS); do \
	$(PROGRAM) completions $${pair%%:*} > $(DIST)/$(RELEASE)/completions/$${pair#*:}; done
	$(call archive,$(RELEASE),$(DIST)/$(RELEASE).tar.gz)
	rm -r $(DIST)/$(RELEASE)
	$(MAKE) helm-plugin FLOE=$(PROGRAM) PLUGIN_ARCHIVE=$(PLUGIN)-$(VERSION)-linux-$(ARCH).tgz
	$(MAKE) checksums

# All architectures that are there: a release brings them together from several machines.
.PHONY: checksums
checksums: ## SHA256SUMS of the archives, SBOMs and plugins of this version in target/dist
	cd $(DIST) && LC_ALL=C sha256sum floe-$(VERSION)-linux-*.cdx.json floe-$(VERSION)-linux-*.tar.gz \
	floe-helm-plugin-$(VERSION)-linux-*.tgz > SHA256SUMS

# What is linked into the program: normal dependencies of all features on TARGET. The tool writes beside Cargo.toml, names that
# folder, and joins the features of the tests' dependencies with those of the program; so it reads a copy without them. With
# SOURCE_DATE_EPOCH it leaves out a random serial number.
BOM_SOURCE = target/sbom
.PHONY: sbom
sbom: $(CARGO_CYCLONEDX) ## the bill of materials of that program as CycloneDX, in target/dist
	@rm -rf $(BOM_SOURCE) && mkdir -p $(DIST) $(BOM_SOURCE)
	awk '/^\[/ { tests = /^\[(dev-dependencies|workspace|\[bench\]\])/ } !tests; END { print "[workspace]" }' Cargo.toml > $(BOM_SOURCE)/Cargo.toml
	cp -r Cargo.lock src $(BOM_SOURCE)
	cd $(BOM_SOURCE) && SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-0} $(abspath $(CARGO_CYCLONEDX)) cyclonedx --quiet --format json \
	--spec-version 1.5 --all-features --no-build-deps --target $(TARGET) --override-filename floe.cdx
	sed -E 's|path\+file://$(CURDIR)/$(BOM_SOURCE)#(floe@)?|path+file:///floe#|' $(BOM_SOURCE)/floe.cdx.json \
	> $(DIST)/$(RELEASE).cdx.json

.PHONY: filter
filter: ## the static program for the image, target/dist/floe-filter-amd64: without network code (release build; minutes)
	TARGET=$(TARGET) packaging/compile --filter $(FILTER)

.PHONY: image-check
image-check: filter ## compile the image without a network in podman, and compare its program with that of `make filter` (minutes)
	packaging/image/check-compile $(FILTER)

# One judge and one host are written in Python; where there is none, their tests say that they were skipped.
PYTHON_TOOLS := $(shell python3 -c 'import ensurepip, venv' 2>/dev/null && echo nca pre-commit)

.PHONY: tools
tools: $(addprefix $(TOOLS)/,helm helm4 kustomize yq yamljudge psajudge cyclonusjudge ciliumjudge streamjudge cmpserver helmfile fluxbuild $(PYTHON_TOOLS) etcd kube-apiserver) ## build the pinned tools that the tests use

# $(call build-tool,NAME,PACKAGE[,LDFLAGS]). Cgo off: the tools must not depend on a C compiler's version. The `touch` is
# for make, because Go leaves an output alone that is already right.
define build-tool
CGO_ENABLED=0 go -C tests/tools/$(1) build -buildvcs=false -trimpath -ldflags='-s -w$(3)' -o $(TOOLS)/$(1) $(2)
@touch $@
endef

$(TOOLS)/helm: tests/tools/helm/go.mod tests/tools/helm/go.sum
	$(call build-tool,helm,helm.sh/helm/v3/cmd/helm)

# A minute on two cores from an empty cache.
$(TOOLS)/helm4: tests/tools/helm4/go.mod tests/tools/helm4/go.sum
	$(call build-tool,helm4,helm.sh/helm/v4/cmd/helm)

$(TOOLS)/kustomize: tests/tools/kustomize/go.mod tests/tools/kustomize/go.sum
	$(call build-tool,kustomize,sigs.k8s.io/kustomize/kustomize/v5)

$(TOOLS)/yq: tests/tools/yq/go.mod tests/tools/yq/go.sum
	$(call build-tool,yq,github.com/mikefarah/yq/v4)

$(TOOLS)/yamljudge: tests/tools/yamljudge/go.mod tests/tools/yamljudge/go.sum tests/tools/yamljudge/main.go
	$(call build-tool,yamljudge,.)

$(TOOLS)/psajudge: tests/tools/psajudge/go.mod tests/tools/psajudge/go.sum $(wildcard tests/tools/psajudge/*.go)
	$(call build-tool,psajudge,.)

$(TOOLS)/cyclonusjudge: tests/tools/cyclonusjudge/go.mod tests/tools/cyclonusjudge/go.sum \
		$(wildcard tests/tools/cyclonusjudge/*.go tests/tools/networkworld/*.go)
	$(call build-tool,cyclonusjudge,.)

# Three minutes on two cores from an empty cache.
$(TOOLS)/ciliumjudge: tests/tools/ciliumjudge/go.mod tests/tools/ciliumjudge/go.sum \
		$(wildcard tests/tools/ciliumjudge/*.go tests/tools/networkworld/*.go)
	$(call build-tool,ciliumjudge,.)

# Three minutes on two cores from an empty cache.
$(TOOLS)/streamjudge: tests/tools/streamjudge/go.mod tests/tools/streamjudge/go.sum \
		$(wildcard tests/tools/streamjudge/*.go tests/tools/streamprotocol/*.go)
	$(call build-tool,streamjudge,.)

# Five minutes on two cores from an empty cache.
$(TOOLS)/cmpserver: tests/tools/cmpserver/go.mod tests/tools/cmpserver/go.sum \
		$(wildcard tests/tools/cmpserver/*.go tests/tools/streamprotocol/*.go)
	$(call build-tool,cmpserver,.)

# Seven minutes on two cores from an empty cache.
$(TOOLS)/helmfile: tests/tools/helmfile/go.mod tests/tools/helmfile/go.sum
	$(call build-tool,helmfile,github.com/helmfile/helmfile)

$(TOOLS)/fluxbuild: tests/tools/fluxbuild/go.mod tests/tools/fluxbuild/go.sum $(wildcard tests/tools/fluxbuild/*.go)
	$(call build-tool,fluxbuild,.)

# The programs name their Python by path, so that a link to them works anywhere.
$(TOOLS)/nca $(TOOLS)/pre-commit: $(TOOLS)/%: tests/tools/%/requirements.txt
	python3 -m venv --clear $@-venv
	$@-venv/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: --requirement $<
	ln -sf $*-venv/bin/$* $@

$(TOOLS)/etcd: tests/tools/etcd/go.mod tests/tools/etcd/go.sum
	$(call build-tool,etcd,go.etcd.io/etcd/server/v3)

# About five minutes on two cores from an empty cache. A build from a module does not know its own version.
version-flag = -X k8s.io/component-base/version.
$(TOOLS)/kube-apiserver: tests/tools/kube-apiserver/go.mod tests/tools/kube-apiserver/go.sum
	@grep -q 'k8s.io/kubernetes $(KUBERNETES_VERSION) ' $< || { echo "error: $< does not pin $(KUBERNETES_VERSION)" >&2; exit 1; }
	$(call build-tool,kube-apiserver,k8s.io/kubernetes/cmd/kube-apiserver, \
	$(version-flag)gitVersion=$(KUBERNETES_VERSION) \
	$(version-flag)gitMajor=$(word 1,$(subst ., ,$(KUBERNETES_VERSION:v%=%))) \
	$(version-flag)gitMinor=$(word 2,$(subst ., ,$(KUBERNETES_VERSION))))

# $(call cargo-tool,NAME,VERSION): the installed program if it is that version, else a build of it. The version is part of the
# name, so that another pinned version is another target. Such a tool runs for seconds, so optimising it for minutes is a loss.
define cargo-tool
@installed=$$(cargo $(1:cargo-%=%) --version 2>/dev/null || true); mkdir -p $(@D); \
if [ "$${installed##* }" = $(2) ]; then ln -sf "$$(command -v $(1))" $@; \
else CARGO_PROFILE_DEV_DEBUG=0 cargo install --debug --locked $(1) --version $(2) --root target/tools; mv target/tools/bin/$(1) $@; fi
endef

$(CARGO_DENY):
	$(call cargo-tool,cargo-deny,$(CARGO_DENY_VERSION))

$(CARGO_CYCLONEDX):
	$(call cargo-tool,cargo-cyclonedx,$(CARGO_CYCLONEDX_VERSION))
