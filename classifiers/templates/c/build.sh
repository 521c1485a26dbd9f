#!/bin/sh
# Makes classifier.wasm. Debian: apt-get install clang lld; CLANG and WASM_LD name other versions.
set -eu
cd "$(dirname "$0")"
"${CLANG:-clang}" --target=wasm32 -std=c11 -O2 -Wall -Wextra -Werror -ffreestanding -nostdlib -fuse-ld="${WASM_LD:-wasm-ld}" \
  -Wl,--no-entry,--strip-all -Wl,-z,stack-size=16384 -o classifier.wasm classifier.c
