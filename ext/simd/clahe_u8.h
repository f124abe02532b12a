/* The blend of 8-bit samples between the tables of four tiles, in whole numbers, with the fractions y and x in 2^-15 (at most
   32767):
       left  = (32768 a + (c - a) y + 128) >> 8,  right = (32768 b + (d - b) y + 128) >> 8      (in 2^-7)
       out   = (32768 left + (right - left) x + 2^21 + 2^14) >> 22
   which is within 0.53 of the exact blend. Weights are kept negative, as the pairs (f - 32768, -f), because 32768 does not fit
   16 bits. */
#ifndef LEVEL
#ifndef IMGPROC_CLAHE_U8_H
#define IMGPROC_CLAHE_U8_H
#include "simd/clahe_wide.h"

typedef struct {
    /* Makes the tables of one image row, for all segments of its columns, from the tables of the tile rows above and
       below. `work` takes (tiles + 1) * 1024 bytes and keeps them from row to row: `fresh` where the tile rows changed. */
    void (*prepare)(const u8 *above, const u8 *below, ptrdiff_t tiles, u32 pair, int fresh, u32 *work);
    /* The n <= CLAHE_STRIP samples from column x on, with `tile` columns to a tile; `pairs` are the weights of all
       columns. dst may be src. */
    void (*row)(const u8 *src, u8 *dst, ptrdiff_t x, ptrdiff_t n, const u32 *work, ptrdiff_t tiles, ptrdiff_t tile,
                u32 pair, const u32 *pairs);
} clahe_blend_u8;

#define SIMD_SOURCE "simd/clahe_u8.h"
#include "simd/levels.h"

/* The blend of 8-bit samples with `tile` columns to a tile. `work` is laid out differently from level to level, so both
   steps are taken from one. */
DISPATCH(clahe_blend_u8, clahe_blending_u8, (ptrdiff_t tile), (tile))
#endif

#else

#if LEVEL == LEVEL_AVX512
/* Byte permutes look up 256 entries in registers, so the tables can be blended for every row: `work` holds, for each
   tile column, the low bytes of its 256 words `left` and then their high bytes. */
static void FN(clahe_prepare_u8)(const u8 *above, const u8 *below, ptrdiff_t tiles, u32 pair, int fresh, u32 *work) {
    const __m512i y = _mm512_set1_epi16((i16)-(i16)(u16)(pair >> 16));
    u8 *bytes = (u8 *)work;
    (void)fresh;
    for (ptrdiff_t i = 0; i < 256 * tiles; i += 32) {
        const __m512i a = _mm512_slli_epi16(_mm512_cvtepu8_epi16(_mm256_loadu_si256((const void *)(above + i))), 7);
        const __m512i c = _mm512_slli_epi16(_mm512_cvtepu8_epi16(_mm256_loadu_si256((const void *)(below + i))), 7);
        const __m512i words = _mm512_add_epi16(a, _mm512_mulhrs_epi16(_mm512_sub_epi16(c, a), y));
        u8 *out = bytes + i / 256 * 512 + i % 256;
        _mm256_storeu_si256((void *)out, _mm512_cvtepi16_epi8(words));
        _mm256_storeu_si256((void *)(out + 256), _mm512_cvtepi16_epi8(_mm512_srli_epi16(words, 8)));
    }
}

INLINE __m512i FN(clahe_look_64)(__m512i v, const __m512i *table) {
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(v), _mm512_permutex2var_epi8(table[0], v, table[1]),
                                  _mm512_permutex2var_epi8(table[2], v, table[3]));
}

/* Half h (each lane's first or last eight pixels) of the blend of 64 pixels, in 2^-7 at first: rounding twice, to that and
   then to 1, equals the one sum and shift. */
INLINE __m512i FN(clahe_half)(__m512i left_low, __m512i left_high, __m512i right_low, __m512i right_high, __m512i weight, int h) {
    const __m512i a = h ? _mm512_unpackhi_epi8(left_low, left_high) : _mm512_unpacklo_epi8(left_low, left_high);
    const __m512i b = h ? _mm512_unpackhi_epi8(right_low, right_high) : _mm512_unpacklo_epi8(right_low, right_high);
    const __m512i words = _mm512_add_epi16(a, _mm512_mulhrs_epi16(_mm512_sub_epi16(a, b), weight));
    return _mm512_srli_epi16(_mm512_add_epi16(words, _mm512_set1_epi16(64)), 7);
}

/* The odd words (the weights of the right, which are kept negative) of pixels 8 h, 8 h + 16, 8 h + 32 and 8 h + 48 and of
   the seven after each; `valid` of 64 are there. */
INLINE __m512i FN(clahe_weights)(const u32 *pairs, u64 valid, int h) {
    u16 place[32];
    __m512i v[4];
    for (int k = 0; k < 32; k++) place[k] = (u16)(32 * (k / 8 % 2) + 2 * (8 * h + k % 8) + 1);
    for (int q = 0; q < 4; q++)
        v[q] = ~valid ? _mm512_maskz_loadu_epi32((__mmask16)(valid >> 16 * q), pairs + 16 * q) : _mm512_loadu_si512(pairs + 16 * q);
    const __m512i index = _mm512_loadu_si512(place);
    return _mm512_mask_blend_epi64(0xf0, _mm512_permutex2var_epi16(v[0], index, v[1]), _mm512_permutex2var_epi16(v[2], index, v[3]));
}

static void FN(clahe_row_u8)(const u8 *src, u8 *dst, ptrdiff_t x, ptrdiff_t n, const u32 *work, ptrdiff_t tiles, ptrdiff_t tile, u32 pair, const u32 *pairs) {
    ptrdiff_t i = 0;
    (void)pair;
    for (ptrdiff_t k = clahe_segment(x, tile); i < n; k++) {
        const ptrdiff_t stop = clahe_stop(k, x, n, tiles, tile);
        const u8 *left = (const u8 *)work + 512 * (k ? k - 1 : 0), *right = (const u8 *)work + 512 * (k < tiles ? k : tiles - 1);
        __m512i l[8], r[8];
        for (int q = 0; q < 8; q++) l[q] = _mm512_loadu_si512(left + 64 * q), r[q] = _mm512_loadu_si512(right + 64 * q);
        for (; i < stop; i += 64) {
            const u64 valid = stop - i < 64 ? ((u64)1 << (stop - i)) - 1 : ~(u64)0;
            const __m512i v = ~valid ? _mm512_maskz_loadu_epi8(valid, src + i) : _mm512_loadu_si512(src + i);
            const __m512i l0 = FN(clahe_look_64)(v, l), l1 = FN(clahe_look_64)(v, l + 4);
            const __m512i r0 = FN(clahe_look_64)(v, r), r1 = FN(clahe_look_64)(v, r + 4);
            const __m512i out = _mm512_packus_epi16(
                FN(clahe_half)(l0, l1, r0, r1, FN(clahe_weights)(pairs + x + i, valid, 0), 0),
                FN(clahe_half)(l0, l1, r0, r1, FN(clahe_weights)(pairs + x + i, valid, 1), 1));
            if (~valid) _mm512_mask_storeu_epi8(dst + i, valid, out);
            else _mm512_storeu_si512(dst + i, out);
        }
        i = stop;
    }
}
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

/* table[v] for each sample: eight to a load where the order of bytes is known, because loads bound this loop. Gathers
   are slower. */
INLINE void FN(clahe_look_u8)(const u8 *src, ptrdiff_t n, const u32 *table, u32 *four) {
    ptrdiff_t i = 0;
#ifdef SIMD_X86
    for (; i + 8 <= n; i += 8) {
        u64 v;
        memcpy(&v, src + i, 8);
        for (int k = 0; k < 8; k++) four[i + k] = table[(u8)(v >> 8 * k)];
    }
#endif
    for (; i < n; i++) four[i] = table[src[i]];
}

#if LEVEL == LEVEL_AVX2
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
#if LEVEL == LEVEL_AVX2
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
#endif

static clahe_blend_u8 FN(clahe_blending_u8)(ptrdiff_t tile) {
#if LEVEL == LEVEL_AVX2
    /* A table takes as long as what it saves of 80 pixels. */
    if (tile >= 96) return (clahe_blend_u8){FN(clahe_prepare_wide), FN(clahe_row_wide)};
#endif
    (void)tile;
    return (clahe_blend_u8){FN(clahe_prepare_u8), FN(clahe_row_u8)};
}

#endif
