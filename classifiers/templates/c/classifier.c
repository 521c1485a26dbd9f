// A classifier by rules, as a start: change the rules, or put a model of your own in their place. The records that go in
// and out are described in docs/classifier-abi.md of Routor. No library is linked: the module needs nothing from its host.
#include <stdint.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

#define EXPORT(name) __attribute__((export_name(#name), used))

enum { MAX_INPUT = 1 << 20, CATEGORIES = 14 };
enum { CODING, MATH, REASONING, KNOWLEDGE, CLOSED_QA, DATA_ANALYSIS, EXTRACT_CLASSIFY, SUMMARIZATION, TRANSLATION, REWRITE, WRITING, BRAINSTORM_PLAN, CHAT_ROLEPLAY, TOOL_USE };
enum { HAS_TOOLS = 1 };

static const char card[] =
    "{\"name\":\"rules-c\",\"version\":\"1\",\"description\":\"A few rules, as a start\",\"licences\":[\"yours\"],\"heads\":["
    "{\"name\":\"category\",\"labels\":[\"coding\",\"math\",\"reasoning\",\"knowledge\",\"closed_qa\",\"data_analysis\",\"extract_classify\","
    "\"summarization\",\"translation\",\"rewrite\",\"writing\",\"brainstorm_plan\",\"chat_roleplay\",\"tool_use\"]},"
    "{\"name\":\"urgent\",\"labels\":[\"no\",\"yes\"]}]}";

// What Routor sends: this header, then the texts, at offsets from the record's start.
typedef struct {
    u32 abi, header_len, flags, turns, token_estimate, total_bytes;
    u32 text_off, text_len, system_off, system_len, context_off, context_len;
    u32 count, reserved[3];
} record;

// What it wants back.
static struct {
    uint16_t abi, heads;
    float difficulty, confidence, completion_tokens;
    uint16_t n_category, zero_category;
    float category[CATEGORIES];
    uint16_t n_urgent, zero_urgent;
    float urgent[2];
} answer;

static _Alignas(8) u8 input[MAX_INPUT];

static u64 packed(const void *p, u32 len) { return (u64)(u32)(uintptr_t)p << 32 | len; }

EXPORT(routor_abi_v1) int abi(void) { return 1; }
EXPORT(routor_info) u64 info(void) { return packed(card, sizeof card - 1); }
EXPORT(routor_alloc) u8 *alloc(u32 len) { return len <= MAX_INPUT ? input : 0; }

static u8 lower(u8 c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }

// has says whether the text holds a word or phrase, given in small letters.
static int has(const u8 *text, u32 len, const char *word) {
    for (u32 i = 0; i < len; i++) {
        u32 k = 0;
        while (word[k] && i + k < len && lower(text[i + k]) == (u8)word[k]) k++;
        if (!word[k]) return 1;
    }
    return 0;
}

static const struct { const char *word; int category; } rules[] = {
    {"translate", TRANSLATION}, {"summarize", SUMMARIZATION}, {"rewrite", REWRITE}, {"```", CODING}, {"function", CODING},
    {"prove", MATH}, {"calculate", MATH}, {"write a", WRITING}, {"what is", KNOWLEDGE},
};

EXPORT(routor_classify) u64 classify(const record *r, u32 len) {
    const u8 *text = (const u8 *)r + r->text_off;
    u32 n = r->text_len;
    if (len < sizeof *r || r->text_off > len || n > len - r->text_off) return 0;

    int category = r->flags & HAS_TOOLS ? TOOL_USE : CHAT_ROLEPLAY, sure = 0;
    for (u32 i = 0; i < sizeof rules / sizeof *rules; i++)
        if (has(text, n, rules[i].word)) {
            category = rules[i].category;
            sure = 1;
            break;
        }
    float difficulty = n < 12 ? 0.02f : 0.15f; // then a step for each doubling of the length
    for (u32 size = 64; size < n && difficulty < 0.8f; size *= 2) difficulty += 0.1f;
    if (category == MATH && difficulty < 0.5f) difficulty = 0.5f;

    float most = sure ? 0.74f : 0.35f;
    answer.abi = 1, answer.heads = 2;
    answer.difficulty = difficulty, answer.confidence = most, answer.completion_tokens = __builtin_nanf("");
    answer.n_category = CATEGORIES, answer.n_urgent = 2;
    for (int i = 0; i < CATEGORIES; i++) answer.category[i] = i == category ? most : (1 - most) / (CATEGORIES - 1);
    answer.urgent[1] = has(text, n, "urgent") || has(text, n, "asap") ? 0.9f : 0.1f;
    answer.urgent[0] = 1 - answer.urgent[1];
    return packed(&answer, sizeof answer);
}
