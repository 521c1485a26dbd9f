// The trained weights, written by classifiers/train and baked behind the heap's base by the host's Bake.
#pragma once
#include "abi.h"

// A row of the main table has a column per output: 14 categories, 14 domains, tier, completion tokens, one spare; the last is the
// row's own length, from which the norm of a block is summed along with the scores.
enum { COLUMNS = 32, COL_CATEGORY = 0, COL_DOMAIN = 14, COL_TIER = 28, COL_TOKENS = 29 };

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
    BLOCK_SHAPE,      // lines, questions, figures, code of the text
    BLOCK_LENGTH,     // how long the text is; only the tier and the completion tokens learn from it
    NUM_BLOCKS,
};

enum { MODEL_MAGIC = 0x32525452 /* "RTR2" */, MAX_BITS = 18, MAX_OWN = 30, MAX_LABELS = 500 };

// What begins the weights. Behind it lie the main table, then own tables, one after the other.
typedef struct {
    u32 magic;
    u32 columns, blocks;     // must be COLUMNS and NUM_BLOCKS
    u32 own;                 // how many tables follow the main one
    float weight[16];        // of each block
    float knots[6];          // tier scores at which difficulty is 0, 0.05, 0.2, 0.45, 0.7 and 1, ascending
    u32 reserved[6];
} model;

_Static_assert(sizeof(model) == 128, "the trainer writes 128 bytes before the main table");

// A table of rows, one of 2^bits for each hash. Many terms share a row's place, so each row belongs to one of them: it is known by
// its tag, and the others count as never seen. The main table has COLUMNS columns; a table of a head of the user's own has
// one for each label, and the length in its last.
typedef struct {
    u32 bits, stride;        // stride: columns of a row, a multiple of 16
    u32 labels;              // of a head of the user's own; 0 = the main table
    u32 reserved;
    float numbers[];         // scale[stride]: what one step of a row's int8 is worth; bias[stride]; of a head of the user's own, too:
                             // dense[COLUMNS][stride], which the main scores are multiplied with
    // u8 tags[1 << bits];
    // i8 rows[1 << bits][stride];
} table;

// The host's Bake sets this descriptor. volatile, or the compiler would fold the zeros in.
typedef struct {
    u32 ptr, len;
} descriptor;
__attribute__((used, visibility("default"))) volatile descriptor routor_model = {0, 0};

// A table with its parts found.
typedef struct {
    u32 bits, stride, labels;
    const float *scale, *bias, *dense;
    const u8 *tags;
    const i8 *rows;
} opened;

static const model *active;  // the model in use during a call
static opened main_table, own_table[MAX_OWN];

// Finds the parts of the table at *at, and moves *at behind it; 0 if it does not end before end.
static int open_table(u64 *at, u64 end, opened *o) {
    if (*at + sizeof(table) > end) return 0;
    const table *t = (const table *)(uintptr_t)*at;
    if (t->bits < 4 || t->bits > MAX_BITS || t->labels > MAX_LABELS || t->stride % 16 || t->stride > 512 || t->stride <= t->labels) return 0;
    u64 numbers = (u64)t->stride * (t->labels ? 2 + COLUMNS : 2), n = sizeof(table) + 4 * numbers + ((u64)(t->stride + 1) << t->bits);
    if (*at + n > end) return 0;
    *o = (opened){t->bits, t->stride, t->labels, t->numbers, t->numbers + t->stride, t->numbers + 2 * t->stride, 0, 0};
    o->tags = (const u8 *)(t->numbers + numbers);
    o->rows = (const i8 *)(o->tags + (1u << t->bits));
    *at += n;
    return 1;
}

// Opens the baked model; 0 if there is none or it is not one of ours.
static int open_model(void) {
    u64 at = routor_model.ptr, end = at + routor_model.len;
    const model *m = (const model *)(uintptr_t)routor_model.ptr;
    active = 0;
    if (routor_model.len < sizeof(model) || m->magic != MODEL_MAGIC || m->columns != COLUMNS || m->blocks != NUM_BLOCKS || m->own > MAX_OWN)
        return 0;
    at += sizeof(model);
    if (!open_table(&at, end, &main_table) || main_table.stride != COLUMNS || main_table.labels) return 0;
    for (u32 i = 0; i < m->own; i++)
        if (!open_table(&at, end, own_table + i) || !own_table[i].labels) return 0;
    if (at != end) return 0;
    active = m;
    return 1;
}
