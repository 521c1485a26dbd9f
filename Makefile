VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME ?= 20000x
BENCH    ?= .
LDFLAGS   = -s -w -X main.version=$(VERSION)
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.DEFAULT_GOAL := help
.PHONY: help run build test fidelity fleet-test race chaos soak bench microbench guard baselines lint fuzz docs generated web web-test web-check e2e image clean

help: ## say what the targets do
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## build and serve the demo: 13 simulated providers, no key, no network (ARGS="--listen HOST:PORT")
	bin/routor serve --demo $(ARGS)

build: ## build bin/routor, one static binary
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/routor ./cmd/routor

test: ## run all tests
	go test ./...

fidelity: ## hold every recorded exchange of every provider against clients and upstreams of every dialect, and say what passed
	go test -count=1 -timeout 15m -v ./bench/fidelity

fleet-test: ## three NATS servers and three replicas: kill and cut off what they are made of, and kill one server 50 times
	ROUTOR_FLEET=1 ROUTOR_KILLS=50 go test -count=1 -timeout 15m -v -run '^(TestFleet|TestKilledUnderLoad)$$' ./cmd/routor

race: ## run all tests under the race detector
	go test -race ./...

chaos: build ## run it in bad weather for two minutes and hold every answer against what clients may expect (ARGS="--seed 7 --duration 5m --rate 400")
	bin/routor bench chaos $(ARGS)

soak: build ## the same for 20 minutes, with the curve of memory, goroutines and connections (ARGS="--duration 5m")
	bin/routor bench chaos --duration 20m --sample 15s --rate 200 $(ARGS)

bench: build ## the standard set: what it decides and what that costs, beside a bare proxy, and how it grows; reports in bench/reports (ARGS="--peers peers.yaml")
	@mkdir -p bench/reports
	bin/routor bench classify | tee bench/reports/classify.txt
	bin/routor bench decide | tee bench/reports/decide.txt
	bin/routor bench quality --html bench/reports/quality.html | tee bench/reports/quality.md
	bin/routor bench compare --html bench/reports/compare.html $(ARGS) | tee bench/reports/compare.md
	bin/routor bench scale --quick --html bench/reports/scale.html | tee bench/reports/scale.md

microbench: ## run the Go benchmarks with allocations (BENCH=regexp)
	go test -run '^$$' -bench '$(BENCH)' -benchmem ./...

guard: ## hold what a request and its steps cost against the baseline, by a bare proxy of the same run
	go run ./bench/guard

baselines: ## write that baseline, bench/baselines/guard.txt, anew
	go run ./bench/guard -write

lint: ## gofmt, go vet, staticcheck
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "gofmt -w $$unformatted"; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...

fuzz: ## run every fuzz target for a number of inputs (FUZZTIME=20000x)
	@git ls-files '*_test.go' | xargs grep -o '^func Fuzz[A-Za-z0-9_]*' | while IFS=: read -r file func; do \
		echo "$${func#func } in $$(dirname $$file)"; \
		go test -run '^$$' -fuzz "^$${func#func }$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./$$(dirname $$file) || exit 1; \
	done

docs: ## write docs/reference from the code
	go run ./cmd/routor docs docs/reference

generated: docs ## fail if a generated file is not what the code says
	@git diff --exit-code --stat docs/reference || { echo "commit what \`make docs\` wrote"; exit 1; }

web/node_modules: web/package-lock.json
	cd web && npm ci --no-audit --no-fund --loglevel=error && touch node_modules

web: web-test ## build the pages into web/dist, which the binary embeds, and hold them against their budgets (needs node 20)
	cd web && npm run --silent build

web-test: web/node_modules ## test what the pages are made of
	cd web && npm test --silent

web-check: web ## fail if web/dist is not what its source gives
	@git diff --exit-code --stat web/dist && [ -z "$$(git status --porcelain web/dist)" ] || { echo "commit what \`make web\` wrote"; exit 1; }

e2e: build web/node_modules ## the pages in a real Chromium, against the demo (ARGS="-g keys"; CHROMIUM=path)
	cd web && npm run --silent e2e -- $(ARGS)

image: ## build the container image routor:VERSION
	docker build --build-arg VERSION=$(VERSION) -t routor:$(VERSION) .

clean: ## remove what was built
	rm -rf bin
