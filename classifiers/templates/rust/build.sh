#!/bin/sh
# Makes classifier.wasm. Debian: apt-get install rustc libstd-rust-dev-wasm32 lld; elsewhere: rustup target add wasm32-unknown-unknown.
set -eu
cd "$(dirname "$0")"
"${RUSTC:-rustc}" --edition 2021 --crate-type cdylib --crate-name classifier --target wasm32-unknown-unknown \
  -C opt-level=2 -C lto=yes -C panic=abort -C strip=symbols -o classifier.wasm src/lib.rs
