// The default classifier: linear heads over hashed words and characters. It has no weights of its own; they are baked in
// by the host as one data segment (model.h). build.sh makes ../runtime.wasm of this file.
#include "scores.h"

extern u8 __heap_base;

EXPORT(routor_abi_v1) u32 abi_v1(void) { return ABI_VERSION; }

// The input buffer begins behind the weights and grows with the memory.
EXPORT(routor_alloc) u32 alloc(u32 len) {
    u32 base = (u32)(uintptr_t)&__heap_base, end = routor_model.ptr + routor_model.len;
    base = ((end > base ? end : base) + 15) & ~15u;
    u32 have = (u32)__builtin_wasm_memory_size(0) * 65536;
    if (len > 0x7FFF0000 - base) return 0;
    if (base + len > have && __builtin_wasm_memory_grow(0, (base + len - have + 65535) / 65536) == (size_t)-1) return 0;
    return base;
}

static int inside(u32 off, u32 part, u32 len) { return off <= len && part <= len - off; }

// The record at ptr, or 0 if it is none of ABI v1 or names bytes outside of itself.
static const record *record_at(u32 ptr, u32 len) {
    const record *r = (const record *)(uintptr_t)ptr;
    if (len < sizeof(record) || r->abi != ABI_VERSION || !inside(r->text_off, r->text_len, len) ||
        !inside(r->system_off, r->system_len, len) || !inside(r->context_off, r->context_len, len))
        return 0;
    return r;
}

EXPORT(routor_classify) u64 classify(u32 ptr, u32 len) {
    const record *r = record_at(ptr, len);
    if (!r || !open_model()) return 0;
    for (u32 k = 0; k < COLUMNS; k++) scores[k] = main_table.bias[k];
    for (u32 i = 0; i < active->own; i++)
        for (u32 j = 0; j < own_table[i].stride; j++) own_scores[i][j] = own_table[i].bias[j];
    each_block(r, add_block);
    return packed(&out, answer());
}

// The features of a record: each term of each block as {block << 26 | the upper 26 bits of its hash, 1}, as often as it comes up.
// The row in a table of 2^b rows is the upper b bits of those 26, the tag the lowest 8. Needs no weights.
static struct {
    u32 id, count;
} features[2 * MAX_TERMS];
static u32 n_features;

static void list_block(u32 block) {
    for (u32 i = 0; i < n_terms; i++) {
        features[n_features].id = block << (MAX_BITS + 8) | terms[i] >> (32 - MAX_BITS - 8);
        features[n_features++].count = 1;
    }
}

EXPORT(routor_features) u64 list_features(u32 ptr, u32 len) {
    const record *r = record_at(ptr, len);
    if (!r) return 0;
    n_features = 0;
    each_block(r, list_block);
    return packed(features, n_features * sizeof features[0]);
}
