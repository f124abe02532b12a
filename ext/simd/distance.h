/* Exact Euclidean distances: down the columns to the nearest zero, then along lines the least sum of squares.

   Squares are exact integers; the only rounding is that of the root. */
#ifndef LEVEL
#include "simd/envelope.h"

#ifndef IMGPROC_DISTANCE_H
#define IMGPROC_DISTANCE_H

enum {
    LINE_BLOCK = 64,
    LINE_REACH = 255, /* 256 squared is beyond 16 bits */
    LINE_FAR = 65535, /* stands for all larger squares */
    NO_DISTANCE = 65535,
    LINE_PANEL = 32 /* columns that are turned to lines at a time: 64 bytes of the distances */
};

/* Room for one line of n. */
typedef struct {
    u16 *near_squares; /* n + 2 LINE_REACH + LINE_BLOCK, from LINE_REACH before the line */
    u32 *squares;      /* n */
    Parabola *stack;   /* n */
} Line;

static UNUSED int line_start(Line *line, ptrdiff_t n) {
    const size_t length = (size_t)n + 2 * (LINE_REACH + 1) + LINE_BLOCK;
    line->near_squares = malloc(length * sizeof(u16));
    line->squares = malloc((size_t)n * sizeof(u32));
    line->stack = malloc((size_t)n * sizeof(Parabola));
    if (!line->near_squares || !line->squares || !line->stack) {
        free(line->near_squares), free(line->squares), free(line->stack);
        return 0;
    }
    for (size_t i = 0; i < length; i++) line->near_squares[i] = LINE_FAR;
    line->near_squares += LINE_REACH + 1;
    return 1;
}

static UNUSED void line_free(Line *line) {
    free(line->near_squares - LINE_REACH - 1), free(line->squares), free(line->stack);
}

#endif
#define SIMD_SOURCE "simd/distance.h"
#include "simd/levels.h"

/* Distances down columns [x0, x1) of a mask to the nearest zero, NO_DISTANCE without one; at most 65534 rows. */
DISPATCH(void, distance_columns,
         (const u8 *mask, ptrdiff_t mask_step, ptrdiff_t height, u16 *out, ptrdiff_t out_step, ptrdiff_t x0, ptrdiff_t x1),
         (mask, mask_step, height, out, out_step, x0, x1))

/* Distances in one plane from those across it: along its columns where there are `height` > 1 rows to be joined, and along
   its rows. `plane` has room for height * width where `both`, which is not looked at else. Returns 0 without memory. */
DISPATCH(int, distance_plane,
         (const u16 *across, ptrdiff_t height, ptrdiff_t width, int both, u32 *plane, f32 *out),
         (across, height, width, both, plane, out))
#else

static void FN(distance_columns)(const u8 *mask, ptrdiff_t mask_step, ptrdiff_t height, u16 *out, ptrdiff_t out_step,
                                 ptrdiff_t x0, ptrdiff_t x1) {
    /* Strips that stay in the second cache from the way down to the way up. */
    const ptrdiff_t strip = 256;
    for (ptrdiff_t left = x0; left < x1; left += strip) {
        const ptrdiff_t n = left + strip < x1 ? strip : x1 - left;
        for (ptrdiff_t y = 0; y < height; y++) {
            const u8 *restrict from = mask + y * mask_step + left;
            u16 *restrict to = out + y * out_step + left;
            const u16 *above = y ? to - out_step : NULL;
            if (!above)
                for (ptrdiff_t x = 0; x < n; x++) to[x] = from[x] ? NO_DISTANCE : 0;
            else
                for (ptrdiff_t x = 0; x < n; x++) {
                    const u16 next = (u16)(above[x] + (above[x] != NO_DISTANCE));
                    to[x] = from[x] ? next : 0;
                }
        }
        for (ptrdiff_t y = height - 2; y >= 0; y--) {
            u16 *restrict to = out + y * out_step + left;
            const u16 *below = to + out_step;
            for (ptrdiff_t x = 0; x < n; x++) {
                const u16 next = (u16)(below[x] + (below[x] != NO_DISTANCE));
                to[x] = to[x] < next ? to[x] : next;
            }
        }
    }
}

#if LEVEL == LEVEL_AVX512
#define WORDS 32
typedef __m512i FN(words);
INLINE __m512i FN(load)(const u16 *p) { return _mm512_loadu_si512(p); }
INLINE void FN(store)(u16 *p, __m512i v) { _mm512_storeu_si512(p, v); }
INLINE __m512i FN(all)(int v) { return _mm512_set1_epi16((i16)v); }
INLINE __m512i FN(least)(__m512i a, __m512i b) { return _mm512_min_epu16(a, b); }
INLINE __m512i FN(sum)(__m512i a, __m512i b) { return _mm512_adds_epu16(a, b); }
INLINE int FN(exceeds)(__m512i a, __m512i b) { return _mm512_cmpgt_epu16_mask(a, b) != 0; }
#elif LEVEL == LEVEL_AVX2
#define WORDS 16
typedef __m256i FN(words);
INLINE __m256i FN(load)(const u16 *p) { return _mm256_loadu_si256((const __m256i *)p); }
INLINE void FN(store)(u16 *p, __m256i v) { _mm256_storeu_si256((__m256i *)p, v); }
INLINE __m256i FN(all)(int v) { return _mm256_set1_epi16((i16)v); }
INLINE __m256i FN(least)(__m256i a, __m256i b) { return _mm256_min_epu16(a, b); }
INLINE __m256i FN(sum)(__m256i a, __m256i b) { return _mm256_adds_epu16(a, b); }
INLINE int FN(exceeds)(__m256i a, __m256i b) {
    const __m256i more = _mm256_subs_epu16(a, b);
    return !_mm256_testz_si256(more, more);
}
#elif defined(SIMD_X86)
#define WORDS 8
typedef __m128i FN(words);
INLINE __m128i FN(load)(const u16 *p) { return _mm_loadu_si128((const __m128i *)p); }
INLINE void FN(store)(u16 *p, __m128i v) { _mm_storeu_si128((__m128i *)p, v); }
INLINE __m128i FN(all)(int v) { return _mm_set1_epi16((i16)v); }
INLINE __m128i FN(least)(__m128i a, __m128i b) { return _mm_sub_epi16(a, _mm_subs_epu16(a, b)); }
INLINE __m128i FN(sum)(__m128i a, __m128i b) { return _mm_adds_epu16(a, b); }
INLINE int FN(exceeds)(__m128i a, __m128i b) {
    return _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_subs_epu16(a, b), _mm_setzero_si128())) != 0xffff;
}
#else
#define WORDS 1
typedef u16 FN(words);
INLINE u16 FN(load)(const u16 *p) { return *p; }
INLINE void FN(store)(u16 *p, u16 v) { *p = v; }
INLINE u16 FN(all)(int v) { return (u16)v; }
INLINE u16 FN(least)(u16 a, u16 b) { return a < b ? a : b; }
INLINE u16 FN(sum)(u16 a, u16 b) { return (u16)(a + b > 65535 ? 65535 : a + b); }
INLINE int FN(exceeds)(u16 a, u16 b) { return a > b; }
#endif
#define VECTORS (LINE_BLOCK / WORDS)

/* best[i] = min over |k| <= LINE_REACH of squares[i + k] + k^2 for the first `wanted` of a block; those beyond are not
   waited for. Returns whether all of them are below LINE_FAR, and so exact. */
INLINE int FN(near_block)(const u16 *squares, ptrdiff_t wanted, u16 *best) {
    FN(words) least[VECTORS];
    if (wanted < LINE_BLOCK) {
        memcpy(best, squares, LINE_BLOCK * sizeof *best);
        memset(best + wanted, 0, (size_t)(LINE_BLOCK - wanted) * sizeof *best);
        for (int i = 0; i < VECTORS; i++) least[i] = FN(load)(best + i * WORDS);
    } else {
        for (int i = 0; i < VECTORS; i++) least[i] = FN(load)(squares + i * WORDS);
    }
    /* What lies k away adds k^2, and so helps only where more than that is left. */
    for (int k = 1; k <= LINE_REACH;) {
        const FN(words) reached = FN(all)(k * k);
        int more = 0;
        for (int i = 0; i < VECTORS; i++) more |= FN(exceeds)(least[i], reached);
        if (!more) break;
        for (int end = k + 3 <= LINE_REACH ? k + 3 : LINE_REACH + 1; k < end; k++) {
            const FN(words) square = FN(all)(k * k);
            for (int i = 0; i < VECTORS; i++) {
                const u16 *at = squares + i * WORDS;
                const FN(words) beside = FN(least)(FN(load)(at - k), FN(load)(at + k));
                least[i] = FN(least)(least[i], FN(sum)(beside, square));
            }
        }
    }
    int far = 0;
    for (int i = 0; i < VECTORS; i++) {
        far |= FN(exceeds)(least[i], FN(all)(LINE_FAR - 1));
        FN(store)(best + i * WORDS, least[i]);
    }
    return !far;
}

/* The roots of exact squares, each rounded to float32 once: of what 24 bits hold at once, else by way of float64. */
INLINE void FN(roots)(const u32 *squares, ptrdiff_t n, f32 *out) {
    for (ptrdiff_t at = 0; at < n; at += LINE_BLOCK) {
        const ptrdiff_t end = at + LINE_BLOCK < n ? at + LINE_BLOCK : n;
        u32 bits = 0;
        for (ptrdiff_t x = at; x < end; x++) bits |= squares[x];
        if (bits < (u32)1 << 24)
            for (ptrdiff_t x = at; x < end; x++) out[x] = sqrtf((f32)(i32)squares[x]);
        else
            for (ptrdiff_t x = at; x < end; x++)
                out[x] = squares[x] == NO_SQUARE ? INFINITY : (f32)sqrt((f64)squares[x]);
    }
}

/* The least of squares[p] + (x - p)^2 at each x of line->squares, in its place or as roots. */
INLINE void FN(join_line)(Line *line, ptrdiff_t n, u32 *out, f32 *roots) {
    u16 *restrict near_squares = line->near_squares;
    u32 *restrict squares = line->squares;
    u16 best[LINE_BLOCK];
    ptrdiff_t x = 0;
    for (ptrdiff_t i = 0; i < n; i++) near_squares[i] = (u16)(squares[i] < LINE_FAR ? squares[i] : LINE_FAR);
    for (; x < n; x += LINE_BLOCK) {
        const ptrdiff_t wanted = n - x < LINE_BLOCK ? n - x : LINE_BLOCK;
        if (!FN(near_block)(near_squares + x, wanted, best)) break;
        if (wanted == LINE_BLOCK) {
            if (roots)
                for (int i = 0; i < LINE_BLOCK; i++) roots[x + i] = sqrtf((f32)best[i]);
            else
                for (int i = 0; i < LINE_BLOCK; i++) out[x + i] = best[i];
        } else {
            if (roots)
                for (int i = 0; i < wanted; i++) roots[x + i] = sqrtf((f32)best[i]);
            else
                for (int i = 0; i < wanted; i++) out[x + i] = best[i];
        }
    }
    if (x >= n) return;
    const ptrdiff_t size = envelope(squares, 0, n, line->stack);
    u32 *to = roots ? squares : out;
    if (!size)
        for (ptrdiff_t i = 0; i < n; i++) to[i] = NO_SQUARE;
    for (ptrdiff_t k = 0; k < size; k++) {
        const Parabola *own = line->stack + k;
        const ptrdiff_t end = k + 1 < size ? own[1].from : n;
        const u32 height = (u32)own->height;
        /* Modulo 2^32 the square of what is below zero is right as well. */
        for (ptrdiff_t i = own->from; i < end; i++) to[i] = height + (u32)(i - own->place) * (u32)(i - own->place);
    }
    if (roots) FN(roots)(squares, n, roots);
}

static int FN(distance_plane)(const u16 *across, ptrdiff_t height, ptrdiff_t width, int both, u32 *plane, f32 *out) {
    Line line;
    if (!line_start(&line, height > width ? height : width)) return 0;
    if (both) {
        u32 *panel = malloc((size_t)(height * LINE_PANEL) * sizeof *panel);
        if (!panel) {
            line_free(&line);
            return 0;
        }
        for (ptrdiff_t left = 0; left < width; left += LINE_PANEL) {
            const ptrdiff_t n = left + LINE_PANEL < width ? LINE_PANEL : width - left;
            for (ptrdiff_t y = 0; y < height; y++)
                for (ptrdiff_t x = 0; x < n; x++) {
                    const u32 distance = across[y * width + left + x];
                    panel[x * height + y] = distance == NO_DISTANCE ? NO_SQUARE : distance * distance;
                }
            for (ptrdiff_t x = 0; x < n; x++) {
                memcpy(line.squares, panel + x * height, (size_t)height * sizeof *panel);
                FN(join_line)(&line, height, panel + x * height, NULL);
            }
            for (ptrdiff_t y = 0; y < height; y++)
                for (ptrdiff_t x = 0; x < n; x++) plane[y * width + left + x] = panel[x * height + y];
        }
        free(panel);
        /* What lies beyond a shorter line is no part of it. */
        for (ptrdiff_t i = width; i < height; i++) line.near_squares[i] = LINE_FAR;
    }
    for (ptrdiff_t y = 0; y < height; y++) {
        u32 *restrict squares = line.squares;
        const u16 *restrict from = across + y * width;
        if (both)
            memcpy(squares, plane + y * width, (size_t)width * sizeof *squares);
        else
            for (ptrdiff_t x = 0; x < width; x++)
                squares[x] = from[x] == NO_DISTANCE ? NO_SQUARE : (u32)from[x] * from[x];
        FN(join_line)(&line, width, NULL, out + y * width);
    }
    line_free(&line);
    return 1;
}

#undef WORDS
#undef VECTORS
#endif
