// From terms to answers: sums of int8 rows, one norm a block, then softmax and the scale of difficulty.
#pragma once
#include "terms.h"

static float scores[COLUMNS];
static float own_scores[MAX_OWN][512];
static u32 seen[1 << MAX_BITS >> 5];  // a bit per row: it is among the distinct rows of this block
static u32 distinct[MAX_TERMS];
static u32 n_distinct;

// Puts into distinct the rows that belong to a term of the block, each once: a long text repeats itself and must not shout down a
// short one. The inner loops here are unrolled because fuel is paid at each turn.
static void look_up(const opened *t) {
    u32 m = 0, bits = t->bits;
    const u8 *tags = t->tags;
#pragma clang loop unroll_count(8)
    for (u32 i = 0; i < n_terms; i++) {
        u32 h = terms[i], row = row_of(h, bits), *word = seen + (row >> 5), had = *word, bit = (u32)(tags[row] == tag_of(h)) << (row & 31);
        *word = had | bit;
        distinct[m] = row;
        m += (bit & ~had) != 0;
    }
    for (u32 i = 0; i < m; i++) seen[distinct[i] >> 5] = 0;
    n_distinct = m;
}

// Sums 16 columns of the distinct rows from column at.
static void sum_rows(const opened *t, u32 at, i32 *sums) {
    for (u32 k = 0; k < 16; k++) sums[k] = 0;
    for (u32 i = 0; i < n_distinct;) {
        u32 end = n_distinct - i > 256 ? i + 256 : n_distinct;  // 256 int8 fit in an int16
        v128_t a = wasm_i16x8_splat(0), b = a;
#pragma clang loop unroll_count(8)
        for (; i < end; i++) {
            v128_t row = wasm_v128_load(t->rows + (size_t)distinct[i] * t->stride + at);
            a = wasm_i16x8_add(a, wasm_i16x8_extend_low_i8x16(row));
            b = wasm_i16x8_add(b, wasm_i16x8_extend_high_i8x16(row));
        }
        int16_t part[16];
        wasm_v128_store(part, a);
        wasm_v128_store(part + 8, b);
        for (u32 k = 0; k < 16; k++) sums[k] += part[k];
    }
}

// Adds the rows of a block to the scores: Σ rows / √(Σ lengths), times the block's weight.
static void add_rows(const opened *t, u32 block, float *score) {
    i32 sums[16];
    look_up(t);
    if (!n_distinct) return;  // nothing here was ever seen in training
    u32 last = t->stride - 16;
    sum_rows(t, last, sums);
    if (sums[15] <= 0) return;
    float factor = active->weight[block] / __builtin_sqrtf((float)sums[15]);
    for (u32 at = last;; at -= 16, sum_rows(t, at, sums)) {
        for (u32 k = 0; k < 16; k++) score[at + k] += (float)sums[k] * t->scale[at + k] * factor;
        if (!at) return;
    }
}

static void add_block(u32 block) {
    add_rows(&main_table, block, scores);
    for (u32 i = 0; i < active->own; i++) add_rows(own_table + i, block, own_scores[i]);
}

// e^x to about 1e-7 relative, from 2^(x·log2 e): the whole part goes into the exponent, the rest through a polynomial.
static float exponential(float x) {
    if (x < -87) return 0;
    if (x > 87) x = 87;
    float t = x * 1.44269504f, whole = __builtin_floorf(t + 0.5f), r = x - whole * 0.693359375f + whole * 2.12194440e-4f;
    float p = 1 + r * (1 + r * (0.5f + r * (0.166666667f + r * (0.0416666667f + r * (8.33333333e-3f + r * 1.38888889e-3f)))));
    union {
        i32 bits;
        float f;
    } power = {((i32)whole + 127) << 23};
    return p * power.f;
}

// Probabilities of n scores; returns the highest.
static float softmax(const float *score, u32 n, float *p) {
    float top = score[0], sum = 0, best = 0;
    for (u32 i = 1; i < n; i++) top = score[i] > top ? score[i] : top;
    for (u32 i = 0; i < n; i++) sum += p[i] = exponential(score[i] - top);
    for (u32 i = 0; i < n; i++) {
        p[i] /= sum;
        best = p[i] > best ? p[i] : best;
    }
    return best;
}

// The tier score on the scale of difficulty: straight lines between the model's knots.
static float difficulty(float score) {
    static const float at[6] = {0, 0.05f, 0.2f, 0.45f, 0.7f, 1};
    const float *knot = active->knots;
    if (!(score > knot[0])) return 0;
    for (u32 i = 1; i < 6; i++)
        if (score < knot[i]) return at[i - 1] + (at[i] - at[i - 1]) * (score - knot[i - 1]) / (knot[i] - knot[i - 1]);
    return 1;
}

static struct {
    result fixed;
    u32 own[MAX_OWN * (MAX_LABELS + 1)];  // of each head of the user's own {u16 n, u16 0, float p[n]}
} out;

// Writes the answer and returns its length.
static u32 answer(void) {
    result *r = &out.fixed;
    r->abi = ABI_VERSION;
    r->n_heads = 2 + active->own;
    r->n_category = NUM_CATEGORIES;
    r->n_domain = NUM_DOMAINS;
    r->confidence = softmax(scores + COL_CATEGORY, NUM_CATEGORIES, r->category);
    softmax(scores + COL_DOMAIN, NUM_DOMAINS, r->domain);
    r->difficulty = difficulty(scores[COL_TIER]);
    float tokens = scores[COL_TOKENS];  // their logarithm
    r->completion_tokens = tokens != tokens ? tokens : exponential(tokens < 0 ? 0 : tokens > 10.4f ? 10.4f : tokens);
    u32 *at = out.own;
    for (u32 i = 0; i < active->own; i++) {
        const opened *t = own_table + i;
        for (u32 k = 0; k < COL_TIER; k++)
            for (u32 j = 0; j < t->labels; j++) own_scores[i][j] += scores[k] * t->dense[k * t->stride + j];
        *at++ = t->labels;
        softmax(own_scores[i], t->labels, (float *)at);
        at += t->labels;
    }
    return (u32)((u8 *)at - (u8 *)&out);
}
