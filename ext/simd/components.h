/* Connected components of bit masks: runs of a line, their ranks, the links between lines, and the labels painted.

   A line is one row, or with `paired` two rows joined by or: where diagonal neighbours count, a run of the joined bits is
   connected whichever of the two rows its pixels lie in, so that half the lines with far fewer runs remain. The number
   of a run is the number of runs that begin before it: that of its line's first one, the rank of its word, and the bits
   up to it. Nothing is stored for a run but its parent. */
#ifndef LEVEL
#ifndef IMGPROC_COMPONENTS_H
#define IMGPROC_COMPONENTS_H
#include "simd/mask_pack.h"

typedef struct {
    u64 *bits;        /* rows * words; with `paired` a slice has 2 * lines rows */
    u64 *joined;      /* lines * words: the same as bits where not paired */
    u32 *ranks;       /* lines * words: runs of the line that begin before the word */
    const i64 *first; /* the number of the first run of each line, and that of all runs behind the last */
    u32 *parents;     /* for each run; later its label */
    ptrdiff_t lines, words, width; /* lines: of one slice */
    int paired;
    int near_diagonal;   /* whether diagonals count within a slice */
    int across_diagonal; /* steps to other rows and columns at a time, 0 to 2, on the way to the next slice */
} Components;

enum { LABELLED = 1 << 30 }; /* parents hold a label from there on: there are fewer runs and labels than that */

INLINE const u64 *line_top(const Components *c, ptrdiff_t line) {
    return c->bits + (c->paired ? 2 * line : line) * c->words;
}
INLINE const u64 *line_bottom(const Components *c, ptrdiff_t line) {
    return c->bits + (c->paired ? 2 * line + 1 : line) * c->words;
}
INLINE const u64 *line_joined(const Components *c, ptrdiff_t line) { return c->joined + line * c->words; }

/* Bits of a word of joined runs where one begins. */
INLINE u64 run_starts(const u64 *joined, ptrdiff_t word) {
    return joined[word] & ~(joined[word] << 1 | (word ? joined[word - 1] >> 63 : 0));
}

INLINE int lowest_bit(u64 word) {
#if defined(__GNUC__)
    return __builtin_ctzll(word);
#else
    int at = 0;
    while (!(word >> at & 1)) at++;
    return at;
#endif
}

/* Makes two runs one: M. M. A. Patwary, J. Blair, F. Manne, Experiments on union-find algorithms for the disjoint-set
   data structure, SEA 2010, Rem's algorithm. Parents are never larger than their runs. */
INLINE void unite(u32 *parents, u32 a, u32 b) {
    u32 above = parents[a], beside = parents[b];
    while (above != beside) {
        if (above < beside) {
            const u32 next = b, t = above;
            b = a, a = next, above = beside, beside = t;
        }
        /* Now the parent of a is the larger one. */
        parents[a] = beside;
        if (a == above) return;
        a = above;
        above = parents[a];
    }
}

#define SIMD_SOURCE "simd/components.h"
#include "simd/levels.h"

/* Bits, joined bits and ranks of line `line`, of rows that follow one another; the number of its runs. `second`: whether
   the line has its second row. */
DISPATCH(i64, scan_line, (const Components *c, const u8 *row, ptrdiff_t step, int second, ptrdiff_t line),
         (c, row, step, second, line))

/* Links the runs of lines [l0, l1) with those of neighbour lines from `low` on and before `high`. */
DISPATCH(void, link_lines, (const Components *c, ptrdiff_t l0, ptrdiff_t l1, ptrdiff_t low, ptrdiff_t high),
         (c, l0, l1, low, high))

/* Labels of line `line`, in one row or two; second: NULL where there is only one. */
DISPATCH(void, paint_line, (const Components *c, ptrdiff_t line, i32 *row, i32 *second), (c, line, row, second))
#endif
#else

static i64 FN(scan_line)(const Components *c, const u8 *row, ptrdiff_t step, int second, ptrdiff_t line) {
    u64 *top = c->bits + (c->paired ? 2 * line : line) * c->words;
    u64 *joined = c->joined + line * c->words;
    u32 *ranks = c->ranks + line * c->words, runs = 0;
    FN(mask_words)(row, step, c->width, 0, 1 + (second != 0), 0, c->words, top);
    if (c->paired) {
        u64 *bottom = top + c->words;
        if (!second) memset(bottom, 0, (size_t)c->words * sizeof *bottom);
        for (ptrdiff_t w = 0; w < c->words; w++) joined[w] = top[w] | bottom[w];
    }
    for (ptrdiff_t w = 0; w < c->words; w++) {
        ranks[w] = runs;
        runs += (u32)FN(ones)(run_starts(joined, w));
    }
    return runs;
}

/* Links runs with pixels in a with those with pixels in b, rows of lines p and q that touch. */
INLINE void FN(link)(const Components *c, const u64 *a, ptrdiff_t p, const u64 *b, ptrdiff_t q, int diagonal) {
    const u64 *a_joined = line_joined(c, p), *b_joined = line_joined(c, q);
    const u32 *a_ranks = c->ranks + p * c->words, *b_ranks = c->ranks + q * c->words;
    const u32 a_first = (u32)c->first[p] - 1, b_first = (u32)c->first[q] - 1;
    u64 a_before = 0, b_before = 0;
    for (ptrdiff_t w = 0; w < c->words; w++) {
        const u64 own = a[w], other = b[w], both = own & other;
        const u64 own_left = own << 1 | a_before >> 63, other_left = other << 1 | b_before >> 63;
        a_before = own, b_before = other;
        /* One link of each stretch is enough, and diagonals only where no straight link says the same. */
        u64 links = both & ~(both << 1), down = 0, up = 0;
        if (diagonal) {
            down = own_left & other & ~own & ~other_left;
            up = own & other_left & ~other & ~own_left;
            links |= down | up;
        }
        if (!links) continue;
        const u64 a_starts = run_starts(a_joined, w), b_starts = run_starts(b_joined, w);
        const u32 a_run = a_first + a_ranks[w], b_run = b_first + b_ranks[w];
        while (links) {
            /* Bits up to and with the pixel; without it where the partner lies one to the left. */
            const u64 bit = links & (0 - links), upto = bit | (bit - 1);
            links ^= bit;
            unite(c->parents, a_run + (u32)FN(ones)(a_starts & (upto ^ (bit & down))),
                  b_run + (u32)FN(ones)(b_starts & (upto ^ (bit & up))));
        }
    }
}

static void FN(link_lines)(const Components *c, ptrdiff_t l0, ptrdiff_t l1, ptrdiff_t low, ptrdiff_t high) {
    for (ptrdiff_t line = l0; line < l1; line++) {
        const ptrdiff_t y = line % c->lines, above = line - c->lines;
        const u64 *top = line_top(c, line), *bottom = line_bottom(c, line);
#define JOIN(a, p, b, diagonal) \
    if ((p) >= low && (p) < high) FN(link)(c, a, p, b, line, diagonal)
        if (y > 0) JOIN(line_bottom(c, line - 1), line - 1, top, c->near_diagonal);
        if (above < 0) continue;
        JOIN(line_joined(c, above), above, line_joined(c, line), c->across_diagonal > 0);
        if (!c->across_diagonal) continue;
        if (y > 0) JOIN(line_bottom(c, above - 1), above - 1, top, c->across_diagonal > 1);
        if (y + 1 < c->lines) JOIN(line_top(c, above + 1), above + 1, bottom, c->across_diagonal > 1);
#undef JOIN
    }
}

/* 64 labels, or n of them, where the bits say so and 0 elsewhere. */
INLINE void FN(masked)(const i32 *labels, u64 bits, i32 *out, ptrdiff_t n) {
#if LEVEL == LEVEL_AVX512
    if (n == 64) {
        for (int i = 0; i < 64; i += 16)
            _mm512_storeu_si512(out + i, _mm512_maskz_loadu_epi32((__mmask16)(bits >> i), labels + i));
        return;
    }
#elif LEVEL == LEVEL_AVX2
    if (n == 64) {
        const __m256i lanes = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
        for (int i = 0; i < 64; i += 8) {
            const __m256i some = _mm256_and_si256(_mm256_set1_epi32((i32)(bits >> i & 255)), lanes);
            const __m256i set = _mm256_cmpeq_epi32(some, lanes);
            const __m256i all = _mm256_loadu_si256((const __m256i *)(labels + i));
            _mm256_storeu_si256((__m256i *)(out + i), _mm256_and_si256(set, all));
        }
        return;
    }
#endif
    for (ptrdiff_t i = 0; i < n; i++) out[i] = labels[i] & -(i32)(bits >> i & 1);
}

INLINE void FN(fill_labels)(i32 *out, i32 label, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) out[i] = label;
}

static void FN(paint_line)(const Components *c, ptrdiff_t line, i32 *row, i32 *second) {
    const u64 *top = line_top(c, line), *bottom = line_bottom(c, line), *joined = line_joined(c, line);
    const u32 *next = c->parents + c->first[line];
    i32 labels[64 + 16] = {0}, label = 0;
    int uniform = 0; /* whether all of labels are `label` */
    for (ptrdiff_t w = 0; w < c->words; w++) {
        const ptrdiff_t x = 64 * w, n = c->width - x < 64 ? c->width - x : 64;
        u64 starts = run_starts(joined, w);
        if (!joined[w]) {
            memset(row + x, 0, (size_t)n * sizeof *row);
            if (second) memset(second + x, 0, (size_t)n * sizeof *row);
            continue;
        }
        if (starts) {
            if (!uniform && joined[w] & 1 & ~starts) FN(fill_labels)(labels, label, 64);
            while (starts) {
                /* Beyond the run there is another or nothing, so whole vectors may be written. */
                const int at = lowest_bit(starts);
                starts &= starts - 1;
                const int end = starts ? lowest_bit(starts) : 64;
                label = (i32)(*next++ & (LABELLED - 1));
                for (int i = at; i < end; i += 16) FN(fill_labels)(labels + i, label, 16);
            }
            uniform = 0;
        } else if (!uniform) {
            FN(fill_labels)(labels, label, 64);
            uniform = 1;
        }
        FN(masked)(labels, top[w], row + x, n);
        if (second) FN(masked)(labels, bottom[w], second + x, n);
    }
}

#endif
