// From UTF-8 to folded characters: lower case, one space for any white space, every digit a 0, because which number it is
// says little of the task. Bytes that are no UTF-8 are skipped.
#pragma once
#include "abi.h"

enum { LETTER = 1, IDEOGRAM = 2, OTHER = 0 };

static int in(u32 c, u32 lo, u32 hi) { return c - lo <= hi - lo; }

// The folded form of a character beyond ASCII: the cases of Latin, Greek and Cyrillic, full-width forms, typographic
// quotes, dashes and spaces.
static u32 fold_wide(u32 c) {
    if (c < 0x100) return c == 0xA0 ? ' ' : in(c, 0xC0, 0xDE) && c != 0xD7 ? c + 32 : c;
    if (c < 0x180) return in(c, 0x139, 0x148) || in(c, 0x179, 0x17E) ? c + (c & 1) : c | 1;
    if (in(c, 0x391, 0x3A9) || in(c, 0x410, 0x42F)) return c + 32;
    if (in(c, 0x400, 0x40F)) return c + 80;
    if (in(c, 0x660, 0x669) || in(c, 0x6F0, 0x6F9) || in(c, 0x966, 0x96F)) return '0';
    if (in(c, 0x2000, 0x200B) || in(c, 0x2028, 0x2029) || c == 0x3000 || c == 0xFEFF) return ' ';
    if (in(c, 0x2010, 0x2015)) return '-';
    if (in(c, 0x2018, 0x201B)) return '\'';
    if (in(c, 0x201C, 0x201F)) return '"';
    if (in(c, 0xFF01, 0xFF5E)) {
        c -= 0xFEE0;
        return in(c, 'A', 'Z') ? c + 32 : in(c, '0', '9') ? '0' : c;
    }
    return c;
}

// The folded form of ASCII. A table, because most characters are ASCII and a branch that guesses wrong costs more.
#define EIGHT(x) x, x, x, x, x, x, x, x
static const u8 ascii_fold[128] = {
    EIGHT(' '), EIGHT(' '), EIGHT(' '), EIGHT(' '),
    ' ', '!', '"', '#', '$', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/',
    EIGHT('0'), '0', '0', ':', ';', '<', '=', '>', '?',
    '@', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', '[', '\\', ']', '^', '_',
    '`', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', '{', '|', '}', '~', ' ',
};

// What a folded character does to words: letters make them, ideograms (Chinese, kana, Hangul syllables, emoji) are words
// by themselves, all else ends them.
static int kind(u32 c) {
    if (c < 0x80) return in(c, 'a', 'z') | (c == '0') | (c == '_');  // LETTER or OTHER
    if (c < 0xC0) return c == 0xAA || c == 0xB5 || c == 0xBA ? LETTER : OTHER;
    if (c < 0x2000) return c == 0xD7 || c == 0xF7 ? OTHER : LETTER;
    if (c < 0x3040) return in(c, 0x2600, 0x27BF) ? IDEOGRAM : in(c, 0x2C00, 0x2DFF) ? LETTER : OTHER;
    if (in(c, 0xFE00, 0xFE4F) || in(c, 0xFF00, 0xFF65)) return OTHER;
    return IDEOGRAM;
}

// Writes the folded characters of n bytes at s to out, a space before and after; returns how many, at most n + 2.
static u32 fold_text(const u8 *s, u32 n, u32 *out) {
    const u8 *end = s + n;
    u32 m = 0;
    out[m++] = ' ';
    while (s < end) {
        u32 c = *s++;
        if (c < 0x80) {
            c = ascii_fold[c];
        } else {
            int more = in(c, 0xC2, 0xDF) ? 1 : in(c, 0xE0, 0xEF) ? 2 : in(c, 0xF0, 0xF4) ? 3 : -1;
            if (more < 0 || end - s < more) continue;
            c &= 0x3F >> more;
            int k = 0;
            for (; k < more && (s[k] & 0xC0) == 0x80; k++) c = c << 6 | (s[k] & 0x3F);
            if (k < more) continue;
            s += more;
            c = fold_wide(c);
        }
        out[m] = c;
        m += (c != ' ') | (out[m - 1] != ' ');
    }
    if (out[m - 1] != ' ') out[m++] = ' ';
    return m;
}
