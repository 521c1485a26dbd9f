// Terms: what of a request is looked up in the tables. A term is a hash: its upper bits are its row, the next eight its tag.
#pragma once
#include <wasm_simd128.h>

#include "model.h"
#include "text.h"

// How much of each part is read, in bytes. Of a longer text head and tail are read, half of this each.
enum { MAX_TEXT = 8192, MAX_LINE = 256, MAX_SYSTEM = 1024, MAX_CONTEXT = 1024 };
enum { FEW_WORDS = 3 };  // a text of so few may be a mere "yes, go on"
enum { MAX_UNITS = MAX_TEXT + 8, MAX_TERMS = 3 * MAX_UNITS };

static u32 units[MAX_UNITS + 8];  // folded characters; read as vectors, so with room behind
static u32 words[2 * MAX_UNITS];  // hashes of words and pairs of words
static u32 grams[2][MAX_UNITS + 4];  // hashes of 3 and of 4 characters
static u32 terms[MAX_TERMS];      // hashes of a block, as often as they come up
static u32 n_terms;

static void take(const u32 *hashes, u32 n) {
    __builtin_memcpy(terms + n_terms, hashes, n * sizeof *hashes);
    n_terms += n;
}

// A term's place in a table of 2^bits rows, and the tag by which a row knows it.
static u32 row_of(u32 hash, u32 bits) { return hash >> (32 - bits); }
static u8 tag_of(u32 hash) { return hash >> (32 - MAX_BITS - 8); }

static u32 mix(u32 h) {
    h = (h ^ h >> 15) * 0x2C1B3C6D;
    h = (h ^ h >> 12) * 0x297A2D39;
    return h ^ h >> 15;
}

// Blocks share the table; the salt gives each rows of its own.
static u32 salt(u32 block) { return (block + 1) * 0x9E3779B9; }

// Hashes the words among n units, each and with the one before it; returns how many words there are.
static u32 word_terms(u32 block, u32 n) {
    const u32 seed = salt(block), none = 0x811C9DC5;
    u32 m = 0, before = 0, h = none;
    for (u32 i = 0; i < n; i++) {
        u32 c = units[i];
        int k = kind(c);
        if (k == LETTER) {
            h = (h ^ c) * 0x01000193;
            continue;
        }
        for (u32 word = h;; word = (none ^ c) * 0x01000193) {  // the word that ends here, then the ideogram that is one
            if (word != none) {
                words[m] = mix(word ^ seed);
                words[m + 1] = mix((word ^ seed) * 31 + before);
                m += 2;
                before = word;
            }
            if (k != IDEOGRAM) break;
            k = OTHER;
        }
        h = none;
    }
    return m / 2;
}

// Hashes all runs of 3 and of 4 units, four places at a time, and takes them.
static void char_terms(u32 block, u32 n) {
#define LANES(x) wasm_i32x4_splat((int)(x))
#define STIR(x, seed)                                                                   \
    ({                                                                                  \
        v128_t y = wasm_v128_xor(x, seed);                                              \
        y = wasm_i32x4_mul(wasm_v128_xor(y, wasm_u32x4_shr(y, 15)), LANES(0x2C1B3C6D)); \
        wasm_v128_xor(y, wasm_u32x4_shr(y, 15));                                        \
    })
    const v128_t three = LANES(salt(block)), four = LANES(salt(block) ^ 0x5BD1E995);
    if (n < 3) return;
    for (u32 i = 0; i < 8; i++) units[n + i] = 0;
#pragma clang loop unroll_count(4)
    for (u32 i = 0; i < n - 2; i += 4) {
        const u32 *u = units + i;
        v128_t h = wasm_i32x4_mul(wasm_v128_load(u), LANES(0x9E3779B1));
        h = wasm_i32x4_add(h, wasm_i32x4_mul(wasm_v128_load(u + 1), LANES(0x85EBCA77)));
        h = wasm_i32x4_add(h, wasm_i32x4_mul(wasm_v128_load(u + 2), LANES(0xC2B2AE3D)));
        wasm_v128_store(grams[0] + i, STIR(h, three));
        h = wasm_i32x4_add(h, wasm_i32x4_mul(wasm_v128_load(u + 3), LANES(0x27D4EB2F)));
        wasm_v128_store(grams[1] + i, STIR(h, four));
    }
    take(grams[0], n - 2);
    take(grams[1], n - 3);
#undef STIR
#undef LANES
}

// The first words, each with its place, and the runs that they begin.
static void opening_terms(u32 n) {
    enum { PLACES = 4 };
    u32 found = word_terms(BLOCK_OPENING, n), hashes[2 * PLACES], m = 0, run = 0;
    for (u32 i = 0; i < found && i < PLACES; i++) {
        run = mix(run ^ words[2 * i]);
        hashes[m++] = mix(words[2 * i] + i);
        hashes[m++] = run;
    }
    take(hashes, m);
}

// What is known beside the texts. Counters such as lengths are left out: they fit the sources at hand and mislead elsewhere.
static void fact_terms(const record *r) {
    u32 turns = r->turns <= 2 ? r->turns : r->turns <= 5 ? 3 : 4;
    u32 hashes[8] = {mix(salt(BLOCK_FACTS) + 64 + turns)}, m = 1;
    const u32 flags = r->flags & (FLAG_TOOLS | FLAG_IMAGES | FLAG_SYSTEM | FLAG_JSON | FLAG_FILES | FLAG_AUDIO);
    for (u32 bit = 0; bit < 7; bit++)
        if (flags >> bit & 1) hashes[m++] = mix(salt(BLOCK_FACTS) + bit);
    take(hashes, m);
}

// The shape of a text of n bytes that is read from s: how many lines and questions it has, whether much of it are figures, whether
// there is code in a fence, and whether more follows its first line.
static void shape_terms(const u8 *s, u32 n, u32 first) {
    u32 lines = 0, questions = 0, digits = 0, fence = 0, few = 0;
    for (u32 i = 0; i < n; i++) {
        lines += s[i] == '\n';
        questions += s[i] == '?';
        digits += s[i] >= '0' && s[i] <= '9';
        fence |= s[i] == '`' && i >= 2 && s[i - 1] == '`' && s[i - 2] == '`';
    }
    while (few < 6 && 1u << few <= lines) few++;
    const u32 of = salt(BLOCK_SHAPE), hashes[5] = {
        mix(of + 100 + few), mix(of + 200 + (questions < 3 ? questions : 3)), mix(of + 300 + fence),
        mix(of + 400 + (digits * 20 > n) + (digits > 0)), mix(of + 500 + (n > 2 * first)),
    };
    take(hashes, 5);
}

// How often the text's n bytes double 20.
static void length_terms(u32 n) {
    u32 doubled = 0;
    while (doubled < 10 && 20u << doubled < n) doubled++;
    const u32 hash = mix(salt(BLOCK_LENGTH) + doubled);
    take(&hash, 1);
}

typedef struct {
    const u8 *p;
    u32 len;
} span;

static span first_line(span s) {
    while (s.len && *s.p <= ' ') s.p++, s.len--;
    u32 n = 0;
    while (n < s.len && n < MAX_LINE && s.p[n] != '\n') n++;
    return (span){s.p, n};
}

static span last_line(span s) {
    while (s.len && s.p[s.len - 1] <= ' ') s.len--;
    u32 n = 0;
    while (n < s.len && n < MAX_LINE && s.p[s.len - 1 - n] != '\n') n++;
    return (span){s.p + s.len - n, n};
}

// Folds a text into units; of one that is longer than max, its head and tail.
static u32 fold_span(span s, u32 max) {
    if (s.len <= max) return fold_text(s.p, s.len, units);
    u32 n = fold_text(s.p, max / 2, units);
    return n + fold_text(s.p + s.len - max / 2, max / 2, units + n);
}

// Calls done(block) for each block of a request with its hashes in terms, in the order of the blocks' numbers but for the
// first four, which are read as their text is folded.
static void each_block(const record *r, void done(u32 block)) {
    const u8 *base = (const u8 *)r;
    span text = {base + r->text_off, r->text_len}, system = {base + r->system_off, r->system_len},
         context = {base + r->context_off, r->context_len};
#define BLOCK(block, take_terms) (take_terms, done(block), n_terms = 0)
    n_terms = 0;
    u32 n = fold_span(text, MAX_TEXT), found = word_terms(BLOCK_WORDS, n);
    BLOCK(BLOCK_WORDS, take(words, 2 * found));
    BLOCK(BLOCK_CHARS, char_terms(BLOCK_CHARS, n));

    span first = first_line(text), last = last_line(text);
    n = fold_span(first, MAX_LINE);
    BLOCK(BLOCK_FIRST, (take(words, 2 * word_terms(BLOCK_FIRST, n)), char_terms(BLOCK_FIRST, n)));
    BLOCK(BLOCK_OPENING, opening_terms(n));
    if (last.p > first.p) {
        n = fold_span(last, MAX_LINE);
        BLOCK(BLOCK_LAST, (take(words, 2 * word_terms(BLOCK_LAST, n)), char_terms(BLOCK_LAST, n)));
    }

    if (system.len) {
        n = fold_span(system, MAX_SYSTEM);
        BLOCK(BLOCK_SYSTEM, take(words, 2 * word_terms(BLOCK_SYSTEM, n)));
    }
    if (context.len) {
        u32 block = found <= FEW_WORDS ? BLOCK_CONTINUED : BLOCK_CONTEXT;
        n = fold_span(context, MAX_CONTEXT);
        BLOCK(block, take(words, 2 * word_terms(block, n)));
    }
    BLOCK(BLOCK_FACTS, fact_terms(r));
    BLOCK(BLOCK_SHAPE, shape_terms(text.p, text.len < MAX_TEXT ? text.len : MAX_TEXT, first.len));
    BLOCK(BLOCK_LENGTH, length_terms(text.len));
#undef BLOCK
}
