/* From packed masks to runs down the columns, and back.

   Rows of bits are turned into columns 64 × 64 at a time, so that a run costs a few steps and what lies within it
   nothing. */
#ifndef LEVEL
#ifndef IMGPROC_RLE_BITS_H
#define IMGPROC_RLE_BITS_H
#include "simd/bit_blocks.h"
#include "simd/rle.h"

/* Where the mask begins and ends to be set, in turn, counted down the columns. */
typedef struct {
    u32 *at;
    size_t n, room;
} Changes;

/* A packed mask: the words of rows [y0, y1), of words [w0, w1) of each. */
typedef struct {
    const u64 *words;
    ptrdiff_t y0, y1, w0, w1, height, width;
} Packed;

INLINE int changes_reserve(Changes *changes, size_t more) {
    if (changes->n + more <= changes->room) return 1;
    const size_t room = 2 * changes->room + more;
    u32 *at = realloc(changes->at, room * sizeof *at);
    if (!at) return 0;
    changes->at = at;
    changes->room = room;
    return 1;
}

/* box = y0, y1, x0, x1 of the pixels of intervals, half-open, 0 where there are none; returns their number. */
static UNUSED i64 runs_extent(const Interval *intervals, ptrdiff_t n, u32 height, i64 *box) {
    i64 area = 0;
    u32 y0 = height, y1 = 0, begin = 0; /* the first pixel of a column */
    memset(box, 0, 4 * sizeof *box);
    if (!n) return 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const u32 first = intervals[i].first, end = intervals[i].end;
        area += end - first;
        if (first - begin >= height) begin = first / height * height;
        const u32 top = first - begin, bottom = end - begin;
        if (bottom <= height) {
            y0 = top < y0 ? top : y0;
            y1 = bottom > y1 ? bottom : y1;
        } else { /* on into the next column, from the bottom to the top */
            y0 = 0, y1 = height;
        }
    }
    box[0] = y0, box[1] = y1;
    box[2] = intervals[0].first / height, box[3] = (intervals[n - 1].end - 1) / height + 1;
    return area;
}

#define SIMD_SOURCE "simd/rle_bits.h"
#include "simd/levels.h"

/* Fills `changes`, which the caller frees; 0 without memory. height * width < 2^32. */
DISPATCH(int, find_changes, (const Packed *mask, Changes *changes), (mask, changes))

/* Writes the words of a packed mask from its intervals, which lie within its rows and words; 0 without memory. */
DISPATCH(int, pack_intervals, (const Interval *intervals, ptrdiff_t n, const Packed *mask, u64 *words),
         (intervals, n, mask, words))
#endif
#else

static int FN(find_changes)(const Packed *mask, Changes *changes) {
    const ptrdiff_t rows = mask->y1 - mask->y0, across = mask->w1 - mask->w0, blocks = (rows + 63) / 64;
    u64 *columns, block[64];
    if (!rows || !across) return 1;
    columns = malloc((size_t)(64 * blocks) * sizeof *columns);
    if (!columns) return 0;
    for (ptrdiff_t w = mask->w0; w < mask->w1; w++) {
        const ptrdiff_t left = mask->width - 64 * w, wide = left < 64 ? left : 64;
        for (ptrdiff_t b = 0; b < blocks; b++) {
            const u64 *from = mask->words + 64 * b * across + (w - mask->w0);
            const ptrdiff_t high = rows - 64 * b < 64 ? rows - 64 * b : 64;
            u64 any = 0;
            for (ptrdiff_t i = 0; i < 64; i++) any |= block[i] = i < high ? from[i * across] : 0;
            if (any) FN(turn_block)(block);
            for (ptrdiff_t i = 0; i < 64; i++) columns[i * blocks + b] = block[i];
        }
        for (ptrdiff_t i = 0; i < wide; i++) {
            const u64 *column = columns + i * blocks;
            const u32 start = (u32)((64 * w + i) * mask->height + mask->y0);
            u64 before = 0;
            u32 *at;
            if (!changes_reserve(changes, (size_t)rows + 2)) {
                free(columns);
                return 0;
            }
            at = changes->at + changes->n;
            for (ptrdiff_t b = 0; b < blocks; b++) {
                u64 turns = column[b] ^ (column[b] << 1 | before >> 63);
                before = column[b];
                for (; turns; turns &= turns - 1) {
#if defined(__GNUC__)
                    *at++ = start + (u32)(64 * b + __builtin_ctzll(turns));
#else
                    int bit = 0;
                    while (!(turns >> bit & 1)) bit++;
                    *at++ = start + (u32)(64 * b + bit);
#endif
                }
            }
            if (before >> 63) *at++ = start + (u32)rows; /* its last block is full */
            /* A run that goes on in the next column ends nowhere. */
            const size_t n = (size_t)(at - changes->at), first = changes->n;
            if (first && n > first && changes->at[first - 1] == changes->at[first]) {
                memmove(changes->at + first - 1, changes->at + first + 1, (n - first - 1) * sizeof *at);
                changes->n = n - 2;
            } else {
                changes->n = n;
            }
        }
    }
    free(columns);
    return 1;
}

static int FN(pack_intervals)(const Interval *intervals, ptrdiff_t n, const Packed *mask, u64 *words) {
    const ptrdiff_t rows = mask->y1 - mask->y0, across = mask->w1 - mask->w0, blocks = (rows + 63) / 64;
    const u32 height = (u32)mask->height;
    ptrdiff_t next = 0;
    u64 *columns, block[64];
    if (!rows || !across) return 1;
    columns = malloc((size_t)(64 * blocks) * sizeof *columns);
    if (!columns) return 0;
    u32 at = n ? intervals[0].first : 0, x = 0, begin = 0; /* the column and its first pixel */
    for (ptrdiff_t w = mask->w0; w < mask->w1; w++) {
        const u64 stop = (u64)(64 * (w + 1)) * height;
        memset(columns, 0, (size_t)(64 * blocks) * sizeof *columns);
        while (next < n && at < stop) {
            if (at - begin >= height) {
                x = at / height;
                begin = x * height;
            }
            const u32 rest = intervals[next].end - at, below = height - (at - begin), length = rest < below ? rest : below;
            u64 *column = columns + (x & 63) * blocks;
            /* Rows [from, to) of the column, counted from the mask's first one. */
            const ptrdiff_t from = (ptrdiff_t)(at - begin) - mask->y0, to = from + length;
            const ptrdiff_t first = from >> 6, last = (to - 1) >> 6;
            const u64 low = ~(u64)0 << (from & 63), high = ~(u64)0 >> (63 - ((to - 1) & 63));
            if (first == last) {
                column[first] |= low & high;
            } else {
                column[first] |= low;
                for (ptrdiff_t b = first + 1; b < last; b++) column[b] = ~(u64)0;
                column[last] |= high;
            }
            at += length;
            if (length == rest && ++next < n) at = intervals[next].first;
        }
        for (ptrdiff_t b = 0; b < blocks; b++) {
            u64 *to = words + 64 * b * across + (w - mask->w0), any = 0;
            const ptrdiff_t high = rows - 64 * b < 64 ? rows - 64 * b : 64;
            for (ptrdiff_t i = 0; i < 64; i++) any |= block[i] = columns[i * blocks + b];
            if (any) FN(turn_block)(block);
            for (ptrdiff_t i = 0; i < high; i++) to[i * across] = block[i];
        }
    }
    free(columns);
    return 1;
}

#endif
