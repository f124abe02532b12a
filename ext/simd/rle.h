/* Masks as runs: the intervals [first, end) of pixels that are set, counted down the columns, without gaps of zero.

   COCO's run-length code lists background and foreground in turn; two intervals lists are compared without a bitmap,
   at a cost of the runs alone. */
#ifndef IMGPROC_RLE_H
#define IMGPROC_RLE_H

#include "simd/common.h"

typedef struct {
    u32 first, end;
} Interval;

/* Pixels that both masks hold. */
INLINE u64 common_pixels(const Interval *a, i64 n, const Interval *b, i64 m) {
    u64 common = 0;
    i64 i = 0, j = 0;
    while (i < n && j < m) {
        u32 first = a[i].first > b[j].first ? a[i].first : b[j].first;
        u32 end = a[i].end < b[j].end ? a[i].end : b[j].end;
        if (first < end) common += end - first;
        if (a[i].end < b[j].end)
            i++;
        else
            j++;
    }
    return common;
}

/* Appends [first, end) to n intervals that end at `first` or before; returns their number. */
INLINE ptrdiff_t add_interval(Interval *out, ptrdiff_t n, u64 first, u64 end) {
    if (first == end) return n;
    if (n && out[n - 1].end == first) {
        out[n - 1].end = (u32)end;
        return n;
    }
    out[n].first = (u32)first;
    out[n].end = (u32)end;
    return n + 1;
}

enum { RLE_CHARACTER = -1, RLE_TRUNCATED = -2, RLE_COUNT = -3, RLE_SUM = -4 };

/* COCO's text: six bits a character from '0' on, five of them data, least first, the sixth telling that more follow; from
   the fourth count on, the difference to the count two before. `out` has room for n / 2 + 1. Returns the number of
   intervals, or one of the codes above. */
static UNUSED ptrdiff_t decode_text(const u8 *text, ptrdiff_t n, u64 pixels, Interval *out) {
    ptrdiff_t k = 0, i = 0;
    i64 last = 0, before = 0;
    u64 at = 0;
    for (i64 index = 0; i < n; index++) {
        const unsigned lead = (unsigned)text[i++] - 48;
        if (lead > 63) return RLE_CHARACTER;
        i64 count = (i64)((lead & 31) ^ 16) - 16;
        if (lead & 32) {
            u64 bits = lead & 31;
            for (int shift = 5, more = 1; more; shift += 5) {
                if (i == n) return RLE_TRUNCATED;
                const unsigned c = (unsigned)text[i++] - 48;
                if (c > 63) return RLE_CHARACTER;
                if (shift > 55) return RLE_COUNT;
                bits |= (u64)(c & 31) << shift;
                more = c & 32;
                if (!more && c & 16) bits |= ~(u64)0 << shift << 5;
            }
            memcpy(&count, &bits, sizeof count);
        }
        if (count > (i64)pixels || count < -(i64)pixels) return RLE_COUNT;
        if (index > 2) count += before;
        if (count < 0 || (u64)count > pixels - at) return count < 0 ? RLE_COUNT : RLE_SUM;
        if (index & 1) k = add_interval(out, k, at, at + (u64)count);
        at += (u64)count;
        before = last;
        last = count;
    }
    return at == pixels ? k : RLE_SUM;
}

static UNUSED ptrdiff_t decode_counts(const i64 *counts, ptrdiff_t n, u64 pixels, Interval *out) {
    ptrdiff_t k = 0;
    u64 at = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        if (counts[i] < 0) return RLE_COUNT;
        if ((u64)counts[i] > pixels - at) return RLE_SUM;
        if (i & 1) k = add_interval(out, k, at, at + (u64)counts[i]);
        at += (u64)counts[i];
    }
    return at == pixels ? k : RLE_SUM;
}

#endif
