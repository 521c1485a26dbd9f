// Package builtin is the classifier that Routor comes with: a small C runtime, and that runtime with weights baked in.
package builtin

import _ "embed"

// Runtime is the C runtime of folder runtime without weights, as runtime/build.sh makes it.
//
//go:embed runtime.wasm
var Runtime []byte

// Module is Runtime with weights and their card, as this makes it of the folder of labelled prompts:
//
//	routor train DIR --loso --refit --name routor --module-version 2 --description 'Linear heads over hashed words and characters'
//
//go:embed default.wasm
var Module []byte
