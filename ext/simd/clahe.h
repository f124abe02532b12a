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

/* The segment of pixel i, and its fraction. */
INLINE ptrdiff_t clahe_segment(ptrdiff_t i, ptrdiff_t tile, f64 *fraction) {
    ptrdiff_t k = (2 * i + tile) / (2 * tile);
    *fraction = (f64)(2 * i + tile - 2 * tile * k) / (f64)(2 * tile);
    return k;
}

/* The first pixel of segment k. */
INLINE ptrdiff_t clahe_start(ptrdiff_t k, ptrdiff_t tile) { return k ? ((2 * k - 1) * tile + 1) / 2 : 0; }

#define SIMD_SOURCE "simd/clahe.h"
#include "simd/levels.h"

/* Makes the tables of one image row, for all segments of its columns, from the tables of the tile rows above and
   below. `work` takes (tiles + 1) * 1024 bytes and keeps them from row to row: `fresh` where the tile rows changed. */
DISPATCH(void, clahe_prepare_u8, (const u8 *above, const u8 *below, ptrdiff_t tiles, u32 pair, int fresh, u32 *work), (above, below, tiles, pair, fresh, work))
/* n samples of column segment k, whose column weights start at `pairs`; dst may be src. */
DISPATCH(void, clahe_blend_u8, (const u8 *src, u8 *dst, ptrdiff_t n, const u32 *work, ptrdiff_t k, ptrdiff_t tiles, u32 pair, const u32 *pairs), (src, dst, n, work, k, tiles, pair, pairs))
/* n samples through tables a, b (above left, right), c, d (below); fractions x of the columns, y of the row. dst may be src. */
DISPATCH(void, clahe_blend_u16, (const u16 *src, u16 *dst, ptrdiff_t n, const u16 *a, const u16 *b, const u16 *c, const u16 *d, const f32 *x, f32 y), (src, dst, n, a, b, c, d, x, y))
/* The same for floats: not rounded, divided by 65535. NaN stays as it is. */
DISPATCH(void, clahe_blend_f32, (const f32 *src, f32 *dst, ptrdiff_t n, const u16 *a, const u16 *b, const u16 *c, const u16 *d, const f32 *x, f32 y), (src, dst, n, a, b, c, d, x, y))
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

static void FN(clahe_blend_u8)(const u8 *src, u8 *dst, ptrdiff_t n, const u32 *work, ptrdiff_t k, ptrdiff_t tiles, u32 pair, const u32 *pairs) {
    const u32 *table = work + 256 * k;
    (void)tiles;
    for (ptrdiff_t i = 0; i < n; i++) dst[i] = FN(clahe_mix)(table[src[i]], pair, pairs[i]);
}

/* The four table values of each sample, as a | b << 16 and c | d << 16. */
INLINE void FN(clahe_look)(const u16 *src, ptrdiff_t n, const u16 *a, const u16 *b, const u16 *c, const u16 *d, u32 *above, u32 *below) {
    for (ptrdiff_t i = 0; i < n; i++) {
        u32 v = src[i];
        above[i] = a[v] | (u32)b[v] << 16;
        below[i] = c[v] | (u32)d[v] << 16;
    }
}

INLINE f32 FN(clahe_bilinear)(u32 above, u32 below, f32 x, f32 y) {
    f32 a = (f32)(i32)(above & 65535), b = (f32)(i32)(above >> 16), c = (f32)(i32)(below & 65535), d = (f32)(i32)(below >> 16);
    a += (b - a) * x;
    c += (d - c) * x;
    return a + (c - a) * y;
}

#define CLAHE_PIECE 256

static void FN(clahe_blend_u16)(const u16 *src, u16 *dst, ptrdiff_t n, const u16 *a, const u16 *b, const u16 *c, const u16 *d, const f32 *x, f32 y) {
    u32 above[CLAHE_PIECE], below[CLAHE_PIECE];
    for (ptrdiff_t start = 0; start < n; start += CLAHE_PIECE) {
        ptrdiff_t m = n - start < CLAHE_PIECE ? n - start : CLAHE_PIECE;
        FN(clahe_look)(src + start, m, a, b, c, d, above, below);
        for (ptrdiff_t i = 0; i < m; i++) {
            f32 v = FN(clahe_bilinear)(above[i], below[i], x[start + i], y) + 8388608.0f; /* rounds, as in clahe_codes */
            u32 bits;
            memcpy(&bits, &v, 4);
            dst[start + i] = (u16)bits;
        }
    }
}

static void FN(clahe_blend_f32)(const f32 *src, f32 *dst, ptrdiff_t n, const u16 *a, const u16 *b, const u16 *c, const u16 *d, const f32 *x, f32 y) {
    u16 codes[CLAHE_PIECE];
    u32 above[CLAHE_PIECE], below[CLAHE_PIECE];
    for (ptrdiff_t start = 0; start < n; start += CLAHE_PIECE) {
        ptrdiff_t m = n - start < CLAHE_PIECE ? n - start : CLAHE_PIECE;
        FN(clahe_codes)(src + start, codes, m);
        FN(clahe_look)(codes, m, a, b, c, d, above, below);
        for (ptrdiff_t i = 0; i < m; i++) {
            f32 v = src[start + i], blend = FN(clahe_bilinear)(above[i], below[i], x[start + i], y) / 65535.0f;
            dst[start + i] = v == v ? blend : v;
        }
    }
}
#undef CLAHE_PIECE

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
