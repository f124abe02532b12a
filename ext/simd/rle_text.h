/* Runs as counts of background and foreground in turn, and as COCO's text of them. */
#ifndef IMGPROC_RLE_TEXT_H
#define IMGPROC_RLE_TEXT_H

#include "simd/common.h"

/* How many counts the changes of a mask make. */
INLINE size_t count_number(const u32 *at, size_t n, u64 pixels) { return n + (n == 0 || at[n - 1] < pixels); }

/* counts[i] = pixels from one change to the next, the first from the beginning and the last to the end. */
static UNUSED void counts_of(const u32 *at, size_t n, u64 pixels, i64 *counts) {
    const size_t total = count_number(at, n, pixels);
    i64 before = 0;
    for (size_t i = 0; i < total; i++) {
        const i64 next = i < n ? at[i] : (i64)pixels;
        counts[i] = next - before;
        before = next;
    }
}

/* The text that `decode_text` reads, up to 7 characters a count; its length. */
static UNUSED size_t encode_text(const u32 *at, size_t n, u64 pixels, u8 *text) {
    const size_t total = count_number(at, n, pixels);
    u8 *to = text;
    i64 before = 0, last = 0, second = 0; /* the counts before this one */
    for (size_t i = 0; i < total; i++) {
        const i64 next = i < n ? at[i] : (i64)pixels, count = next - before;
        i64 value = i > 2 ? count - second : count;
        before = next, second = last, last = count;
        for (;;) {
            const int low = (int)(value & 31);
            /* Rounded down, also below zero, where / rounds up. */
            value = (value - low) / 32;
            if (value == (low & 16 ? -1 : 0)) {
                *to++ = (u8)(48 + low);
                break;
            }
            *to++ = (u8)(48 + 32 + low);
        }
    }
    return (size_t)(to - text);
}

#endif
