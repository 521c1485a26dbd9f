// From rows to answers: sums of int8 rows, one norm a block, then softmax and the scale of difficulty.
#pragma once
#include "terms.h"

static const model *active;      // the model in use during a call
static float scores[COLUMNS];

// Adds the distinct rows of a block to the scores: Σ rows / √(Σ lengths), times the block's weight.
static void add_block(u32 block) {
    if (!n_distinct) return;
    i32 sums[COLUMNS] = {0};
    for (u32 i = 0; i < n_distinct;) {
        u32 end = n_distinct - i > 256 ? i + 256 : n_distinct;  // 256 int8 fit in an int16
        v128_t a = wasm_i16x8_splat(0), b = a, c = a, d = a;
#pragma clang loop unroll_count(4)
        for (; i < end; i++) {
            const i8 *row = active->rows[distinct[i]];
            v128_t lo = wasm_v128_load(row), hi = wasm_v128_load(row + 16);
            a = wasm_i16x8_add(a, wasm_i16x8_extend_low_i8x16(lo));
            b = wasm_i16x8_add(b, wasm_i16x8_extend_high_i8x16(lo));
            c = wasm_i16x8_add(c, wasm_i16x8_extend_low_i8x16(hi));
            d = wasm_i16x8_add(d, wasm_i16x8_extend_high_i8x16(hi));
        }
        int16_t part[COLUMNS];
        wasm_v128_store(part, a);
        wasm_v128_store(part + 8, b);
        wasm_v128_store(part + 16, c);
        wasm_v128_store(part + 24, d);
        for (u32 k = 0; k < COLUMNS; k++) sums[k] += part[k];
    }
    if (sums[COL_LENGTH] <= 0) return;  // nothing here was ever seen in training
    float factor = active->weight[block] / __builtin_sqrtf((float)sums[COL_LENGTH]);
    for (u32 k = 0; k < COLUMNS; k++) scores[k] += (float)sums[k] * active->scale[k] * factor;
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

static void answer(result *out) {
    out->abi = ABI_VERSION;
    out->n_heads = 2;
    out->n_category = NUM_CATEGORIES;
    out->n_domain = NUM_DOMAINS;
    out->confidence = softmax(scores + COL_CATEGORY, NUM_CATEGORIES, out->category);
    softmax(scores + COL_DOMAIN, NUM_DOMAINS, out->domain);
    out->difficulty = difficulty(scores[COL_TIER]);
    float tokens = scores[COL_TOKENS];  // their logarithm
    out->completion_tokens = tokens != tokens ? tokens : exponential(tokens < 0 ? 0 : tokens > 10.4f ? 10.4f : tokens);
}
