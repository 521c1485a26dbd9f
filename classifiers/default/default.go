// Package builtin is the classifier that Routor comes with: a small C runtime, and that runtime with weights baked in.
package builtin

import _ "embed"

// Runtime is the C runtime of folder runtime without weights, as runtime/build.sh makes it.
//
//go:embed runtime.wasm
var Runtime []byte

// Module is Runtime with the weights that `routor train --data DIR` fits to the labelled prompts of the project, and their card.
//
//go:embed default.wasm
var Module []byte
