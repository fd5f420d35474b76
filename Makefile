# The two commands a newcomer needs are `make run` and `make test`. A target
# installs the Debian packages it needs, and no others, when it may.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.PHONY: build run engine test lint generate golden bench bench-web soak fuzz clean

# What the Go module needs to be built: C for OpenGL's functions, which are found
# through pkg-config; certificates for downloading modules.
BUILD_PACKAGES := gcc libc6-dev pkg-config libgl-dev ca-certificates
# An OpenGL driver that needs no graphics card, the shader validator, a browser.
TEST_PACKAGES := $(BUILD_PACKAGES) libegl1 libgl1-mesa-dri glslang-tools chromium brotli
LINT_PACKAGES := $(BUILD_PACKAGES) glslang-tools
# The oracle and the peers; nothing that ships needs them.
GOLDEN_PACKAGES := python3-torch python3-numpy python3-scipy python3-pil
NPM := $(if $(shell command -v npm),,npm)
BENCH_PACKAGES := $(TEST_PACKAGES) libopenblas0-pthread python3-torch python3-numpy $(NPM)
BENCH_WEB_PACKAGES := ca-certificates libegl1 libgl1-mesa-dri chromium $(NPM)

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null)
FUZZTIME ?= 30s

build:
	@.ci/packages $(BUILD_PACKAGES)
	go build -ldflags "-X main.version=$(VERSION)" -o bin/flawscope ./desktop

# The main job on the built-in samples: learns, finds defects, writes a report.
run: build
	bin/flawscope demo

# The browser's worker, small, with what it needs beside it but for the weights
# (assets/compact); ENGINE is the folder. Prints the sizes that are downloaded.
ENGINE := build/engine
ENGINE_PACKAGES := ca-certificates brotli
# Calls are inlined only in packages that compute; the runtime's own indices, which
# no input reaches, are not checked. The collector of before Go 1.26 is smaller and there is
# one thread anyway. Together 40 KB less to download.
MODULE := github.com/flawscope/flawscope
ENGINE_CALLS := $(MODULE)/... fmt internal/fmtsort time strings strconv syscall syscall/js io compress/... hash/... image/color golang.org/x/image/...
ENGINE_INLINED := $(addprefix $(MODULE)/,kernels kernels/tensor kernels/device/plain sdk/picture)
ENGINE_FLAGS := $(ENGINE_CALLS:%=-gcflags=%=-l) $(ENGINE_INLINED:%=-gcflags=%=) -gcflags=runtime=-B
engine:
	@.ci/packages $(ENGINE_PACKAGES)
	@mkdir -p $(ENGINE)
	@for tags in "" inferonly; do \
		name=engine$${tags:+-$$tags}; \
		GOOS=js GOARCH=wasm GOEXPERIMENT=nogreenteagc go build -trimpath -buildvcs=false -ldflags '-s -w' $(ENGINE_FLAGS) -tags "$$tags" -o $(ENGINE)/$$name.linked ./wasm/engine; \
		go run ./wasm/pack $(ENGINE)/$$name.linked $(ENGINE)/$$name.wasm; \
		for file in $(ENGINE)/$$name.linked $(ENGINE)/$$name.wasm; do \
			brotli -q 9 -k -f $$file; \
			echo "$$file: $$(stat -c %s $$file) bytes, $$(stat -c %s $$file.br) by brotli"; \
		done; \
	done
	@cp wasm/engine/worker.js "$$(go env GOROOT)/lib/wasm/wasm_exec.js" $(ENGINE)

test:
	@.ci/packages $(TEST_PACKAGES)
	.ci/test

lint:
	@.ci/packages $(LINT_PACKAGES)
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "gofmt: $$unformatted" >&2; exit 1; fi
	go vet ./...
	go tool staticcheck ./...
	REQUIRE_GLSLANG=1 go test -count=1 -run GLSLang ./kernels/device/opengl ./kernels/device/fragment

# Assembly and sample pictures from their generators.
generate:
	go generate ./...
	go run ./assets/sample/generate

# Golden vectors from PyTorch and Pillow.
golden:
	@.ci/packages $(GOLDEN_PACKAGES)
	cd kernels/testdata && /usr/bin/python3 golden.py golden.safetensors
	cd assets/compact && /usr/bin/python3 golden.py --student compact18.safetensors --out compact18_golden.safetensors
	cd sdk/picture/testdata && /usr/bin/python3 pillow.py

# npm packages for the benchmarks, which go into build/peers.
peers = @mkdir -p build/peers; for peer in $(1); do \
	got=build/peers/$${peer//\//_}; \
	[ -e $$got ] || { npm install --ignore-scripts --no-audit --no-fund --prefix build/peers $$peer; touch $$got; }; done

# Speed beside onnxruntime and OpenBLAS; writes build/bench.json. BENCH has flags,
# as in make bench BENCH=-short. onnxruntime's CPU library is in its npm package,
# whose install script would fetch the GPU's.
bench:
	@.ci/packages $(BENCH_PACKAGES)
	$(call peers,onnxruntime-node@1.30.0)
	go run ./docs/bench $(BENCH)

# Speed in a browser beside tfjs and onnxruntime-web; writes build/bench-web.json.
bench-web:
	@.ci/packages $(BENCH_WEB_PACKAGES)
	$(call peers,$(addprefix @tensorflow/tfjs-,core@4.22.0 backend-webgl@4.22.0 backend-wasm@4.22.0) onnxruntime-web@1.30.0)
	go run ./docs/bench/web $(BENCH)

# Resident memory after 200 and after 2,000 inspections.
soak:
	@.ci/packages $(BUILD_PACKAGES)
	go run ./docs/bench -soak

# Every fuzz target for FUZZTIME.
fuzz:
	@.ci/packages $(BUILD_PACKAGES)
	@for package in $$(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done

clean:
	rm -rf bin build flawscope-demo
