//go:build race

package chat

// raced: under the race detector sync.Pool forgets on purpose.
const raced = true
