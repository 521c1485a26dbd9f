#!/bin/sh
# Makes classifier.wasm with the AssemblyScript compiler, which npm brings.
set -eu
cd "$(dirname "$0")"
[ -d node_modules ] || npm install --silent --no-audit --no-fund
npm run --silent build
