//! A classifier by rules, as a start: change the rules, or put a model of your own in their place. The records that go in
//! and out are described in docs/classifier-abi.md of Routor.

const CARD: &str = r#"{"name": "rules-rust", "version": "1", "description": "A few rules, as a start", "licences": ["yours"], "heads": [
  {"name": "category", "labels": ["coding", "math", "reasoning", "knowledge", "closed_qa", "data_analysis", "extract_classify",
    "summarization", "translation", "rewrite", "writing", "brainstorm_plan", "chat_roleplay", "tool_use"]},
  {"name": "urgent", "labels": ["no", "yes"]}]}"#;

const CATEGORIES: usize = 14;
const CODING: usize = 0;
const MATH: usize = 1;
const KNOWLEDGE: usize = 3;
const SUMMARIZATION: usize = 7;
const TRANSLATION: usize = 8;
const REWRITE: usize = 9;
const WRITING: usize = 10;
const CHAT_ROLEPLAY: usize = 12;
const TOOL_USE: usize = 13;

const HAS_TOOLS: u32 = 1;

const RULES: [(&str, usize); 9] = [
    ("translate", TRANSLATION),
    ("summarize", SUMMARIZATION),
    ("rewrite", REWRITE),
    ("```", CODING),
    ("function", CODING),
    ("prove", MATH),
    ("calculate", MATH),
    ("write a", WRITING),
    ("what is", KNOWLEDGE),
];

struct Answer {
    category: usize,
    difficulty: f32,
    confidence: f32,
    urgent: bool,
}

/// The part to change. The text is the client's own: it need not be valid UTF-8.
fn classify(text: &[u8], flags: u32) -> Answer {
    let small = text.to_ascii_lowercase();
    let has = |word: &str| small.windows(word.len()).any(|w| w == word.as_bytes());
    let mut category = if flags & HAS_TOOLS != 0 { TOOL_USE } else { CHAT_ROLEPLAY };
    let mut confidence = 0.35;
    if let Some((_, c)) = RULES.iter().find(|(word, _)| has(word)) {
        category = *c;
        confidence = 0.74;
    }
    let mut difficulty: f32 = if text.len() < 12 { 0.02 } else { 0.15 };
    let mut size = 64; // then a step for each doubling of the length
    while size < text.len() && difficulty < 0.8 {
        difficulty += 0.1;
        size *= 2;
    }
    if category == MATH {
        difficulty = difficulty.max(0.5);
    }
    Answer { category, difficulty, confidence, urgent: has("urgent") || has("asap") }
}

const MAX_INPUT: usize = 1 << 20;
const ANSWER: usize = 16 + 4 + 4 * CATEGORIES + 4 + 8;

#[repr(align(8))]
struct Buffer([u8; MAX_INPUT]);

// An instance serves one call at a time, so that what host and guest share can lie in one place.
static mut INPUT: Buffer = Buffer([0; MAX_INPUT]);
static mut OUTPUT: [u8; ANSWER] = [0; ANSWER];

fn packed(at: *const u8, len: usize) -> u64 {
    (at as usize as u64) << 32 | len as u64
}

#[no_mangle]
pub extern "C" fn routor_abi_v1() -> i32 {
    1
}

#[no_mangle]
pub extern "C" fn routor_info() -> u64 {
    packed(CARD.as_ptr(), CARD.len())
}

#[no_mangle]
pub extern "C" fn routor_alloc(len: u32) -> *mut u8 {
    if len as usize > MAX_INPUT {
        return core::ptr::null_mut();
    }
    unsafe { core::ptr::addr_of_mut!(INPUT.0) as *mut u8 }
}

#[no_mangle]
pub extern "C" fn routor_classify(at: *const u8, len: u32) -> u64 {
    let record = unsafe { core::slice::from_raw_parts(at, len as usize) };
    let word = |i: usize| u32::from_le_bytes([record[i], record[i + 1], record[i + 2], record[i + 3]]);
    if record.len() < 64 {
        return 0;
    }
    let (from, size) = (word(24) as usize, word(28) as usize);
    let text = match record.get(from..from.saturating_add(size)) {
        Some(text) => text,
        None => return 0,
    };
    let a = classify(text, word(8));

    let mut out = Vec::with_capacity(ANSWER);
    out.extend_from_slice(&1u16.to_le_bytes()); // ABI
    out.extend_from_slice(&2u16.to_le_bytes()); // heads
    for f in [a.difficulty, a.confidence, f32::NAN] {
        out.extend_from_slice(&f.to_le_bytes());
    }
    out.extend_from_slice(&(CATEGORIES as u32).to_le_bytes());
    for c in 0..CATEGORIES {
        let rest = (1.0 - a.confidence) / (CATEGORIES - 1) as f32;
        let p = if c == a.category { a.confidence } else { rest };
        out.extend_from_slice(&p.to_le_bytes());
    }
    let p: f32 = if a.urgent { 0.9 } else { 0.1 };
    out.extend_from_slice(&2u32.to_le_bytes());
    out.extend_from_slice(&(1.0 - p).to_le_bytes());
    out.extend_from_slice(&p.to_le_bytes());
    unsafe {
        let to = core::ptr::addr_of_mut!(OUTPUT) as *mut u8;
        core::ptr::copy_nonoverlapping(out.as_ptr(), to, ANSWER);
        packed(to, ANSWER)
    }
}
