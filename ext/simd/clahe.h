/* CLAHE: each sample goes through the tables of the four nearest tiles, blended bilinearly.

   Between tile centres the weights are exact rationals: pixel i lies in segment k = floor((2 i + t) / 2 t) between
   the centres of tiles k - 1 and k (t pixels each), at the fraction ((2 i + t) mod 2 t) / 2 t of the way. Outside the
   outer centres both tiles are the same.

   8-bit samples are blended in whole numbers, with the fractions y and x in 2^-15 (at most 32767):
       left  = (32768 a + (c - a) y + 128) >> 8,  right = (32768 b + (d - b) y + 128) >> 8      (in 2^-7)
       out   = (32768 left + (right - left) x + 2^21 + 2^14) >> 22
   which is within 0.53 of the exact blend. Weights are kept negative, as the pairs (f - 32768, -f), because 32768
   does not fit 16 bits. */
#ifndef LEVEL
#ifndef IMGPROC_CLAHE_H
#define IMGPROC_CLAHE_H
#include "simd/clahe_tables.h"
#include "simd/luma.h"

#define CLAHE_STRIP 1024 /* samples that go through the small buffers at once */

INLINE u32 clahe_pair(f64 fraction) {
    i32 f = (i32)(fraction * 32768 + 0.5);
    f = f < 32767 ? f : 32767;
    return (u32)(u16)(i16)(f - 32768) | (u32)(u16)(i16)-f << 16;
}

/* The segment of pixel i. */
INLINE ptrdiff_t clahe_segment(ptrdiff_t i, ptrdiff_t tile) { return (2 * i + tile) / (2 * tile); }

INLINE f64 clahe_fraction(ptrdiff_t i, ptrdiff_t tile) { return (f64)((2 * i + tile) % (2 * tile)) / (f64)(2 * tile); }

/* Where segment k ends among the n pixels from x on. */
INLINE ptrdiff_t clahe_stop(ptrdiff_t k, ptrdiff_t x, ptrdiff_t n, ptrdiff_t tiles, ptrdiff_t tile) {
    ptrdiff_t stop = ((2 * k + 1) * tile + 1) / 2 - x;
    return k < tiles && stop < n ? stop : n;
}

#define SIMD_SOURCE "simd/clahe.h"
#include "simd/levels.h"

/* Makes the tables of one image row, for all segments of its columns, from the tables of the tile rows above and
   below. `work` takes (tiles + 1) * 1024 bytes and keeps them from row to row: `fresh` where the tile rows changed. */
DISPATCH(void, clahe_prepare_u8, (const u8 *above, const u8 *below, ptrdiff_t tiles, u32 pair, int fresh, u32 *work), (above, below, tiles, pair, fresh, work))
/* The n <= CLAHE_STRIP samples from column x on, with `tile` columns to a tile; `pairs` are the weights of all columns.
   dst may be src. */
DISPATCH(void, clahe_row_u8, (const u8 *src, u8 *dst, ptrdiff_t x, ptrdiff_t n, const u32 *work, ptrdiff_t tiles, ptrdiff_t tile, u32 pair, const u32 *pairs), (src, dst, x, n, work, tiles, tile, pair, pairs))
/* The four table values of levels first..last side by side, for the samples between four tile centres. `work` takes
   2 * 65536 entries, a | b << 16 and c | d << 16 for each level. */
DISPATCH(void, clahe_prepare_u16, (const u16 *a, const u16 *b, const u16 *c, const u16 *d, ptrdiff_t first, ptrdiff_t last, u32 *work), (a, b, c, d, first, last, work))
/* n <= CLAHE_STRIP samples between four tile centres, at `x` of the columns and `y` of the row. dst may be src. */
DISPATCH(void, clahe_row_u16, (const u16 *src, u16 *dst, ptrdiff_t n, const u32 *work, const f32 *x, f32 y), (src, dst, n, work, x, y))
/* The same for floats: not rounded, divided by 65535. NaN stays as it is. */
DISPATCH(void, clahe_row_f32, (const f32 *src, f32 *dst, ptrdiff_t n, const u32 *work, const f32 *x, f32 y), (src, dst, n, work, x, y))
/* Every `channels`-th sample out of and into packed pixels. */
DISPATCH(void, clahe_pick_u8, (const u8 *src, u8 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
DISPATCH(void, clahe_pick_u16, (const u16 *src, u16 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
DISPATCH(void, clahe_pick_f32, (const f32 *src, f32 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
DISPATCH(void, clahe_put_u8, (const u8 *src, u8 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
DISPATCH(void, clahe_put_u16, (const u16 *src, u16 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
DISPATCH(void, clahe_put_f32, (const f32 *src, f32 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
#endif

#else

/* Table k of `work` holds a | b << 8 | c << 16 | d << 24 for each level: one load serves a pixel. */
static void FN(clahe_prepare_u8)(const u8 *above, const u8 *below, ptrdiff_t tiles, u32 pair, int fresh, u32 *work) {
    (void)pair;
    if (!fresh) return;
    for (ptrdiff_t k = 0; k <= tiles; k++) {
        const ptrdiff_t left = 256 * (k ? k - 1 : 0), right = 256 * (k < tiles ? k : tiles - 1);
        const u8 *a = above + left, *b = above + right, *c = below + left, *d = below + right;
        for (int v = 0; v < 256; v++) work[256 * k + v] = a[v] | (u32)b[v] << 8 | (u32)c[v] << 16 | (u32)d[v] << 24;
    }
}

INLINE u8 FN(clahe_mix)(u32 four, u32 row, u32 column) {
    const i32 y0 = (i16)(u16)row, y1 = (i16)(u16)(row >> 16), x0 = (i16)(u16)column, x1 = (i16)(u16)(column >> 16);
    i32 left = (128 - (i32)(four & 255) * y0 - (i32)(four >> 16 & 255) * y1) >> 8;
    i32 right = (128 - (i32)(four >> 8 & 255) * y0 - (i32)(four >> 24) * y1) >> 8;
    return (u8)(((1 << 21) + (1 << 14) - left * x0 - right * x1) >> 22);
}

/* table[v] for each sample. Eight samples to a load, because loads bound this loop; gathers are slower than it. */
INLINE void FN(clahe_look_u8)(const u8 *src, ptrdiff_t n, const u32 *table, u32 *four) {
    ptrdiff_t i = 0;
    for (; i + 8 <= n; i += 8) {
        u64 eight;
        memcpy(&eight, src + i, 8);
        u32 *f = four + i;
        /* Unpacked in the order of memory on little-endian machines; on others the bytes are reversed twice. */
        f[0] = table[(u8)eight], f[1] = table[(u8)(eight >> 8)], f[2] = table[(u8)(eight >> 16)], f[3] = table[(u8)(eight >> 24)];
        f[4] = table[(u8)(eight >> 32)], f[5] = table[(u8)(eight >> 40)], f[6] = table[(u8)(eight >> 48)], f[7] = table[eight >> 56];
    }
    for (; i < n; i++) four[i] = table[src[i]];
}

#if LEVEL >= LEVEL_AVX2
/* clahe_mix of eight pixels, as 32-bit numbers. */
INLINE __m256i FN(clahe_mix_8)(const u32 *four, __m256i row, const u32 *pairs) {
    const __m256i bytes = _mm256_set1_epi32(0x00ff00ff), half = _mm256_set1_epi32(128);
    const __m256i v = _mm256_loadu_si256((const void *)four);
    const __m256i left = _mm256_sub_epi32(half, _mm256_madd_epi16(_mm256_and_si256(v, bytes), row));
    const __m256i right = _mm256_sub_epi32(half, _mm256_madd_epi16(_mm256_and_si256(_mm256_srli_epi32(v, 8), bytes), row));
    const __m256i both = _mm256_blend_epi16(_mm256_srli_epi32(left, 8), _mm256_slli_epi32(right, 8), 0xaa);
    const __m256i sum = _mm256_madd_epi16(both, _mm256_loadu_si256((const void *)pairs));
    return _mm256_srli_epi32(_mm256_sub_epi32(_mm256_set1_epi32((1 << 21) + (1 << 14)), sum), 22);
}
#endif

static void FN(clahe_row_u8)(const u8 *src, u8 *dst, ptrdiff_t x, ptrdiff_t n, const u32 *work, ptrdiff_t tiles, ptrdiff_t tile, u32 pair, const u32 *pairs) {
    u32 four[CLAHE_STRIP];
    ptrdiff_t i = 0;
    for (ptrdiff_t k = clahe_segment(x, tile); i < n; k++) {
        const ptrdiff_t stop = clahe_stop(k, x, n, tiles, tile);
        FN(clahe_look_u8)(src + i, stop - i, work + 256 * k, four + i);
        i = stop;
    }
    pairs += x;
    i = 0;
#if LEVEL >= LEVEL_AVX2
    const __m256i row = _mm256_set1_epi32((i32)pair);
    for (; i + 32 <= n; i += 32) {
        const __m256i a = FN(clahe_mix_8)(four + i, row, pairs + i), b = FN(clahe_mix_8)(four + i + 8, row, pairs + i + 8);
        const __m256i c = FN(clahe_mix_8)(four + i + 16, row, pairs + i + 16), d = FN(clahe_mix_8)(four + i + 24, row, pairs + i + 24);
        const __m256i lanes = _mm256_packus_epi16(_mm256_packus_epi32(a, b), _mm256_packus_epi32(c, d));
        _mm256_storeu_si256((void *)(dst + i), _mm256_permutevar8x32_epi32(lanes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
    }
#endif
    for (; i < n; i++) dst[i] = FN(clahe_mix)(four[i], pair, pairs[i]);
}

static void FN(clahe_prepare_u16)(const u16 *a, const u16 *b, const u16 *c, const u16 *d, ptrdiff_t first, ptrdiff_t last, u32 *restrict work) {
    for (ptrdiff_t v = first; v <= last; v++) {
        work[2 * v] = a[v] | (u32)b[v] << 16;
        work[2 * v + 1] = c[v] | (u32)d[v] << 16;
    }
}

INLINE void FN(clahe_look_u16)(const u16 *src, ptrdiff_t n, const u32 *work, u32 *four) {
    for (ptrdiff_t i = 0; i < n; i++) memcpy(four + 2 * i, work + 2 * (ptrdiff_t)src[i], 8);
}

INLINE f32 FN(clahe_bilinear)(u32 upper, u32 lower, f32 x, f32 y) {
    f32 a = (f32)(i32)(upper & 65535), b = (f32)(i32)(upper >> 16), c = (f32)(i32)(lower & 65535), d = (f32)(i32)(lower >> 16);
    a += (b - a) * x;
    c += (d - c) * x;
    return a + (c - a) * y;
}

static void FN(clahe_row_u16)(const u16 *src, u16 *dst, ptrdiff_t n, const u32 *work, const f32 *x, f32 y) {
    u32 four[2 * CLAHE_STRIP];
    FN(clahe_look_u16)(src, n, work, four);
    for (ptrdiff_t i = 0; i < n; i++) {
        f32 v = FN(clahe_bilinear)(four[2 * i], four[2 * i + 1], x[i], y) + 8388608.0f; /* rounds, as in clahe_codes */
        u32 bits;
        memcpy(&bits, &v, 4);
        dst[i] = (u16)bits;
    }
}

static void FN(clahe_row_f32)(const f32 *src, f32 *dst, ptrdiff_t n, const u32 *work, const f32 *x, f32 y) {
    u16 codes[CLAHE_STRIP];
    u32 four[2 * CLAHE_STRIP];
    FN(clahe_codes)(src, codes, n);
    FN(clahe_look_u16)(codes, n, work, four);
    for (ptrdiff_t i = 0; i < n; i++) {
        f32 v = src[i], blend = FN(clahe_bilinear)(four[2 * i], four[2 * i + 1], x[i], y) / 65535.0f;
        dst[i] = v == v ? blend : v;
    }
}

#define PICK_AND_PUT(type, suffix)                                                                          \
    static void FN(clahe_pick_##suffix)(const type *src, type *dst, ptrdiff_t n, int channels) {            \
        for (ptrdiff_t i = 0; i < n; i++) dst[i] = src[i * channels];                                       \
    }                                                                                                       \
    static void FN(clahe_put_##suffix)(const type *src, type *dst, ptrdiff_t n, int channels) {             \
        for (ptrdiff_t i = 0; i < n; i++) dst[i * channels] = src[i];                                       \
    }
PICK_AND_PUT(u8, u8)
PICK_AND_PUT(u16, u16)
PICK_AND_PUT(f32, f32)
#undef PICK_AND_PUT

#endif
