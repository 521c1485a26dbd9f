#!/bin/sh
# Makes classifier.wasm with Go 1.24 or later.
set -eu
cd "$(dirname "$0")"
GOWORK=off GOOS=wasip1 GOARCH=wasm CGO_ENABLED=0 go build -trimpath -buildmode=c-shared -ldflags='-s -w' -o classifier.wasm .
