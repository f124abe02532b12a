/* Edges between neighbouring pixels of two rows: their weights as integers, and those that may still have an effect. */
#ifndef LEVEL
#ifndef IMGPROC_EDGE_KEYS_H
#define IMGPROC_EDGE_KEYS_H
#include "simd/common.h"

typedef struct {
    u32 key;   /* bits of the squared distance */
    u32 place; /* direction << 30 | pixel */
} Edge;

/* Above infinity, and what every NaN is made: those are in order too, and equal. */
#define NAN_KEY 0x7fc00000u

/* Edges that `select_edges` may write beyond those that it gives. */
#define SELECT_SLACK 64

/* Which edges are looked at. */
typedef struct {
    u32 low, span; /* keys in [low, low + span) */
    int either;    /* 1: none where a pixel of the two is closed, 0: none where both are */
} Selection;

/* Set in the root of a pixel whose region is closed. */
#define CLOSED 0x80000000u

#define SIMD_SOURCE "simd/edge_keys.h"
#include "simd/levels.h"

/* keys[x] = the bits of the squared distance, in float32, of the pixels a[x] and b[x], each of `channels` (1 or 3) samples
   a plane apart. Numbers that are not negative are in the order of their bits. */
DISPATCH(void, edge_keys, (const f32 *a, const f32 *b, ptrdiff_t plane, int channels, ptrdiff_t n, u32 *keys),
         (a, b, plane, channels, n, keys))

/* The edges, in order, whose pixels have different roots and that are selected; place `first + x` and key keys[x]. Gives
   their number, of n; behind the last of the n, SELECT_SLACK edges may be overwritten. */
DISPATCH(ptrdiff_t, select_edges,
         (const u32 *keys, const u32 *a, const u32 *b, ptrdiff_t n, const Selection *selection, u32 first, Edge *edges),
         (keys, a, b, n, selection, first, edges))
#endif

#else

static UNUSED void FN(edge_keys)(const f32 *restrict a, const f32 *restrict b, ptrdiff_t plane, int channels, ptrdiff_t n,
                                 u32 *restrict keys) {
    for (ptrdiff_t x = 0; x < n; x++) {
        f32 sum = (a[x] - b[x]) * (a[x] - b[x]);
        u32 bits;
        if (channels == 3) {
            const f32 second = a[plane + x] - b[plane + x], third = a[2 * plane + x] - b[2 * plane + x];
            sum = sum + second * second + third * third;
        }
        memcpy(&bits, &sum, sizeof bits);
        bits &= 0x7fffffff;
        keys[x] = bits < NAN_KEY ? bits : NAN_KEY;
    }
}

static UNUSED ptrdiff_t FN(select_edges)(const u32 *keys, const u32 *a, const u32 *b, ptrdiff_t n,
                                         const Selection *selection, u32 first, Edge *edges) {
    const u32 low = selection->low, span = selection->span, either = selection->either ? CLOSED : 0;
    ptrdiff_t found = 0, x = 0;
#if LEVEL == LEVEL_AVX512
    /* Eight instructions for what costs a baseline loop a step for each edge; the compiler has no such loop. */
    const __m512i lows = _mm512_set1_epi32((i32)low), spans = _mm512_set1_epi32((i32)span), closed = _mm512_set1_epi32((i32)CLOSED);
    const __m512i eithers = _mm512_set1_epi32((i32)either);
    const __m512i lower = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const __m512i upper = _mm512_add_epi32(lower, _mm512_set1_epi32(8));
    __m512i places = _mm512_add_epi32(_mm512_set1_epi32((i32)first), _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    for (; x + 16 <= n; x += 16) {
        const __m512i key = _mm512_loadu_si512(keys + x), p = _mm512_loadu_si512(a + x), q = _mm512_loadu_si512(b + x);
        const __m512i shut = _mm512_ternarylogic_epi32(p, q, eithers, 0xe8); /* (p & q) | (either & (p | q)) */
        __mmask16 open = _mm512_cmplt_epu32_mask(_mm512_sub_epi32(key, lows), spans);
        open = _mm512_mask_cmpneq_epi32_mask(open, p, q);
        open = _mm512_mask_testn_epi32_mask(open, shut, closed);
        if (open) {
            const __m512i k = _mm512_maskz_compress_epi32(open, key), at = _mm512_maskz_compress_epi32(open, places);
            _mm512_storeu_si512(edges + found, _mm512_permutex2var_epi32(k, lower, at));
            _mm512_storeu_si512(edges + found + 8, _mm512_permutex2var_epi32(k, upper, at));
            found += __builtin_popcount(open);
        }
        places = _mm512_add_epi32(places, _mm512_set1_epi32(16));
    }
#endif
    for (; x < n; x += 64) {
        u8 open[64] = {0};
        const ptrdiff_t block = n - x < 64 ? n - x : 64;
        for (ptrdiff_t k = 0; k < block; k++) {
            const u32 p = a[x + k], q = b[x + k], shut = ((p & q) | (either & (p | q))) >> 31;
            open[k] = (u8)((keys[x + k] - low < span) & (p != q) & (shut ^ 1));
        }
        for (ptrdiff_t k = 0; k < block; k += 8) {
            u64 word;
            memcpy(&word, open + k, sizeof word);
            if (word == 0) continue;
            for (ptrdiff_t i = k; i < k + 8 && i < block; i++) {
                edges[found] = (Edge){keys[x + i], first + (u32)(x + i)};
                found += open[i];
            }
        }
    }
    return found;
}

#endif
