#!/bin/sh
# Makes ../runtime.wasm of the sources beside this script, and notes in SUMS what it was made of. With a file name it makes
# only that file. Debian: apt-get install clang-14 lld-14. The same compiler gives the same bytes.
set -eu
cd "$(dirname "$0")"
out=${1:-../runtime.wasm}
"${CLANG:-clang-14}" --target=wasm32 -std=gnu11 -O3 -ffreestanding -nostdlib -fno-builtin -ffp-contract=off \
  -msimd128 -mbulk-memory -msign-ext -mnontrapping-fptoint -Wall -Wextra -Werror -g0 \
  -fuse-ld="${WASM_LD:-/usr/bin/wasm-ld-14}" -Wl,--no-entry,--export=routor_model,--export=__heap_base,--strip-all \
  -Wl,--stack-first,-z,stack-size=16384 -o "$out" runtime.c
chmod 644 "$out"
if [ $# = 0 ]; then sha256sum *.c *.h build.sh ../runtime.wasm >SUMS; fi
