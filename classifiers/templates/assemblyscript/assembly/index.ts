// A classifier by rules, as a start: change the rules, or put a model of your own in their place. The records that go in
// and out are described in docs/classifier-abi.md of Routor.

const card = String.UTF8.encode(`{"name": "rules-assemblyscript", "version": "1", "description": "A few rules, as a start", "licences": ["yours"], "heads": [
  {"name": "category", "labels": ["coding", "math", "reasoning", "knowledge", "closed_qa", "data_analysis", "extract_classify",
    "summarization", "translation", "rewrite", "writing", "brainstorm_plan", "chat_roleplay", "tool_use"]},
  {"name": "urgent", "labels": ["no", "yes"]}]}`);

const CODING = 0, MATH = 1, KNOWLEDGE = 3, SUMMARIZATION = 7, TRANSLATION = 8, REWRITE = 9, WRITING = 10, CHAT_ROLEPLAY = 12, TOOL_USE = 13;
const CATEGORIES = 14;
const HAS_TOOLS: u32 = 1;

const words = [utf8("translate"), utf8("summarize"), utf8("rewrite"), utf8("```"), utf8("function"), utf8("prove"), utf8("calculate"), utf8("write a"), utf8("what is")];
const meanings: StaticArray<i32> = [TRANSLATION, SUMMARIZATION, REWRITE, CODING, CODING, MATH, MATH, WRITING, KNOWLEDGE];
const urgent = utf8("urgent"), asap = utf8("asap");

// An instance serves one call at a time, so that what host and guest share can lie in one place.
const MAX_INPUT: u32 = 1 << 20;
const input = new StaticArray<u8>(MAX_INPUT);
const ANSWER: u32 = 16 + 4 + 4 * CATEGORIES + 4 + 8;
const answer = new StaticArray<u8>(ANSWER);

function utf8(s: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(s));
}

function packed(at: usize, len: u32): u64 {
  return ((<u64>at) << 32) | <u64>len;
}

// has says whether the text holds a word or phrase, given in small letters. The text need not be valid UTF-8.
function has(text: usize, len: u32, word: Uint8Array): bool {
  const n = <u32>word.length;
  for (let i: u32 = 0; i + n <= len; i++) {
    let k: u32 = 0;
    while (k < n) {
      let c = load<u8>(text + i + k);
      if (c >= 65 && c <= 90) c += 32;
      if (c != unchecked(word[k])) break;
      k++;
    }
    if (k == n) return true;
  }
  return false;
}

export function routor_abi_v1(): i32 {
  return 1;
}

export function routor_info(): u64 {
  return packed(changetype<usize>(card), card.byteLength);
}

export function routor_alloc(len: u32): usize {
  return len <= MAX_INPUT ? changetype<usize>(input) : 0;
}

export function routor_classify(at: usize, len: u32): u64 {
  if (len < 64) return 0;
  const flags = load<u32>(at, 8), from = load<u32>(at, 24), n = load<u32>(at, 28);
  if (<u64>from + <u64>n > <u64>len) return 0;
  const text = at + from;

  let category = flags & HAS_TOOLS ? TOOL_USE : CHAT_ROLEPLAY;
  let most: f32 = 0.35;
  for (let i = 0; i < words.length; i++) {
    if (has(text, n, unchecked(words[i]))) {
      category = unchecked(meanings[i]);
      most = 0.74;
      break;
    }
  }
  let difficulty: f32 = n < 12 ? 0.02 : 0.15; // then a step for each doubling of the length
  for (let size: u32 = 64; size < n && difficulty < 0.8; size *= 2) difficulty += 0.1;
  if (category == MATH && difficulty < 0.5) difficulty = 0.5;
  const p: f32 = has(text, n, urgent) || has(text, n, asap) ? 0.9 : 0.1;

  const out = changetype<usize>(answer);
  store<u16>(out, 1, 0); // ABI
  store<u16>(out, 2, 2); // heads
  store<f32>(out, difficulty, 4);
  store<f32>(out, most, 8);
  store<f32>(out, f32.NaN, 12);
  store<u32>(out, CATEGORIES, 16);
  for (let c = 0; c < CATEGORIES; c++) {
    store<f32>(out + 20 + 4 * c, c == category ? most : (1 - most) / <f32>(CATEGORIES - 1));
  }
  const end = out + 20 + 4 * CATEGORIES;
  store<u32>(end, 2);
  store<f32>(end, 1 - p, 4);
  store<f32>(end, p, 8);
  return packed(out, ANSWER);
}
