// The ABI between host and module, version 1, as classifiers/abi.go documents it. All numbers are little endian.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t i8;
typedef int32_t i32;

#define EXPORT(name) __attribute__((export_name(#name), used))

enum { ABI_VERSION = 1, NUM_CATEGORIES = 14, NUM_DOMAINS = 14 };

// What the host asks: this header, then the UTF-8 of three texts at the offsets that it names (from the record's start).
typedef struct {
    u32 abi, header_len;
    u32 flags;
    u32 turns;
    u32 token_estimate;
    u32 total_bytes;
    u32 text_off, text_len;        // last human turn
    u32 system_off, system_len;    // system prompt
    u32 context_off, context_len;  // earlier turns in brief
    u32 count;
    u32 reserved[3];
} record;

enum { FLAG_TOOLS = 1, FLAG_IMAGES = 2, FLAG_SYSTEM = 4, FLAG_STREAM = 8, FLAG_JSON = 16, FLAG_FILES = 32, FLAG_AUDIO = 64 };

// What the module answers.
typedef struct {
    u16 abi, n_heads;
    float difficulty;         // 0..1, the scale of the tiers
    float confidence;         // 0..1, chance that the most probable category is right
    float completion_tokens;  // NaN: unknown
    u16 n_category, zero_category;
    float category[NUM_CATEGORIES];
    u16 n_domain, zero_domain;
    float domain[NUM_DOMAINS];
} result;

// A ptr and len pair, packed as the ABI returns it.
static inline u64 packed(const void *p, u32 len) { return (u64)(u32)(uintptr_t)p << 32 | len; }
