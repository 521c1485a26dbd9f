// The trained weights, written by classifiers/train and baked behind the heap's base by the host's Bake.
#pragma once
#include "abi.h"

// A row has a column per output: 14 categories, 14 domains, tier, completion tokens, one spare, and the row's own length,
// from which the norm of a block is summed along with the scores.
enum { COLUMNS = 32, COL_CATEGORY = 0, COL_DOMAIN = 14, COL_TIER = 28, COL_TOKENS = 29, COL_LENGTH = 31 };

// The parts of a request that are read apart from each other. An instruction stands at an end of the text, pasted
// material in its middle, so the ends have blocks of their own.
enum {
    BLOCK_WORDS,      // the whole text: words and pairs of words
    BLOCK_CHARS,      // the whole text: runs of 3 and 4 characters
    BLOCK_FIRST,      // first line: both
    BLOCK_LAST,       // last line, if it is another
    BLOCK_OPENING,    // the first words, with their places
    BLOCK_SYSTEM,     // system prompt
    BLOCK_CONTEXT,    // earlier turns
    BLOCK_CONTINUED,  // earlier turns, where the text is only a word or two ("yes, go on")
    BLOCK_FACTS,      // tools, images, turns …
    NUM_BLOCKS,
};

enum { MODEL_MAGIC = 0x31525452 /* "RTR1" */, MAX_BITS = 18 };

typedef struct {
    u32 magic;
    u32 bits;                // the table has 2^bits rows
    u32 columns, blocks;     // must be COLUMNS and NUM_BLOCKS
    float weight[16];        // of each block
    float scale[COLUMNS];    // what one step of a row's int8 is worth; the heads' temperatures are folded in
    float bias[COLUMNS];     // NaN for COL_TOKENS: the model says nothing of completion tokens
    float knots[6];          // tier scores at which difficulty is 0, 0.05, 0.2, 0.45, 0.7 and 1, ascending
    u32 reserved[22];
    i8 rows[][COLUMNS];
} model;

_Static_assert(offsetof(model, rows) == 448, "the trainer writes 448 bytes before the rows");

// The host's Bake sets this descriptor. volatile, or the compiler would fold the zeros in.
typedef struct {
    u32 ptr, len;
} descriptor;
__attribute__((used, visibility("default"))) volatile descriptor routor_model = {0, 0};

// The baked model, or 0 if there is none or it is not one of ours.
static const model *the_model(void) {
    const model *m = (const model *)(uintptr_t)routor_model.ptr;
    if (routor_model.len < sizeof(model) || m->magic != MODEL_MAGIC || m->bits > MAX_BITS || m->columns != COLUMNS ||
        m->blocks != NUM_BLOCKS || routor_model.len != sizeof(model) + ((u32)COLUMNS << m->bits))
        return 0;
    return m;
}
