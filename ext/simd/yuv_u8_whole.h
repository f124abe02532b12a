/* RGB <-> YUV of 64 packed 8-bit pixels of three channels in byte permutations and words, for AVX-512: the arithmetic of yuv_u8.h,
   twice as fast as with pixels in dwords. */
#ifndef LEVEL
#ifndef IMGPROC_YUV_U8_WHOLE_H
#define IMGPROC_YUV_U8_WHOLE_H
#include "simd/past_caches.h"

#define YUV_U8_WHOLE 2048 /* pixels from which the tables, 70 ns, pay */

#define SIMD_SOURCE "simd/yuv_u8_whole.h"
#include "simd/levels.h"
#endif

#elif LEVEL == LEVEL_AVX512

/* Place p of vector k of three holds channel (p + k) % 3. Blended into one vector, the first channel of 64 pixels stays where
   it is; the second and third are brought beside it, and back. */
typedef struct {
    u64 places[3]; /* p % 3 = 0, 1, 2 */
    __m512i beside[2], back[2];
} FN(Thirds);

static FN(Thirds) FN(thirds)(void) {
    FN(Thirds) t;
    u8 beside[2][64], back[2][64];
    for (int c = 0; c < 3; c++) {
        t.places[c] = 0;
        for (int p = c; p < 64; p += 3) t.places[c] |= (u64)1 << p;
    }
    for (int p = 0; p < 64; p++)
        for (int c = 0; c < 2; c++) {
            const int place = (64 * ((3 - p % 3) % 3) + p + c + 1) % 64;
            beside[c][p] = (u8)place;
            back[c][place] = (u8)p;
        }
    for (int c = 0; c < 2; c++) t.beside[c] = _mm512_loadu_si512(beside[c]), t.back[c] = _mm512_loadu_si512(back[c]);
    return t;
}

/* Places of `second` from b, those of `third` from c. */
INLINE __m512i FN(blend_thirds)(__m512i a, __m512i b, __m512i c, u64 second, u64 third) {
    return _mm512_mask_blend_epi8(third, _mm512_mask_blend_epi8(second, a, b), c);
}

INLINE void FN(load_thirds)(const u8 *src, const FN(Thirds) *t, __m512i *plane) {
    const __m512i a = _mm512_loadu_si512(src), b = _mm512_loadu_si512(src + 64), c = _mm512_loadu_si512(src + 128);
    const u64 *m = t->places;
    plane[0] = FN(blend_thirds)(a, b, c, m[2], m[1]);
    plane[1] = _mm512_permutexvar_epi8(t->beside[0], FN(blend_thirds)(a, b, c, m[0], m[2]));
    plane[2] = _mm512_permutexvar_epi8(t->beside[1], FN(blend_thirds)(a, b, c, m[1], m[0]));
}

INLINE void FN(store_thirds)(u8 *dst, const FN(Thirds) *t, __m512i a, __m512i b, __m512i c, int past) {
    const u64 *m = t->places;
    b = _mm512_permutexvar_epi8(t->back[0], b);
    c = _mm512_permutexvar_epi8(t->back[1], c);
    FN(store_vector)(dst, FN(blend_thirds)(a, b, c, m[1], m[2]), past);
    FN(store_vector)(dst + 64, FN(blend_thirds)(a, b, c, m[0], m[1]), past);
    FN(store_vector)(dst + 128, FN(blend_thirds)(a, b, c, m[2], m[0]), past);
}

/* (4899 r + 9617 g + 1868 b + 2^13) >> 14 with the weights as 128 high + low: the low products are divided by 128 first. */
INLINE __m512i FN(luma_words)(__m512i rg, __m512i b) {
    const __m512i high = _mm512_add_epi16(_mm512_maddubs_epi16(rg, _mm512_set1_epi16(75 << 8 | 38)),
                                          _mm512_maddubs_epi16(b, _mm512_set1_epi16(14)));
    const __m512i low = _mm512_add_epi16(_mm512_maddubs_epi16(rg, _mm512_set1_epi16(17 << 8 | 35)),
                                         _mm512_maddubs_epi16(b, _mm512_set1_epi16(76)));
    const __m512i sum = _mm512_add_epi16(_mm512_srli_epi16(low, 7), _mm512_set1_epi16(64));
    return _mm512_srli_epi16(_mm512_add_epi16(high, sum), 7);
}

/* (weight d + 2^13 >> 14) + 128 for the words d of color - y. */
INLINE __m512i FN(chroma_words)(__m512i color, __m512i y, int weight) {
    return _mm512_add_epi16(_mm512_mulhrs_epi16(_mm512_sub_epi16(color, y), _mm512_set1_epi16((i16)(2 * weight))),
                            _mm512_set1_epi16(128));
}

/* The first n / 64 * 64 of n pixels; gives their number. */
static ptrdiff_t FN(rgb_to_yuv_whole)(const u8 *src, u8 *dst, ptrdiff_t n, int past) {
    const FN(Thirds) t = FN(thirds)();
    const __m512i zero = _mm512_setzero_si512();
    ptrdiff_t i = 0;
    for (; i + 64 <= n; i += 64) {
        __m512i rgb[3], y[2], u[2], v[2];
        prefetch_read(src + 3 * i, 192);
        if (!past) prefetch_write(dst + 3 * i, 192);
        FN(load_thirds)(src + 3 * i, &t, rgb);
        for (int h = 0; h < 2; h++) {
#define WORDS_OF(a, b) (h ? _mm512_unpackhi_epi8(a, b) : _mm512_unpacklo_epi8(a, b))
            const __m512i blue = WORDS_OF(rgb[2], zero);
            y[h] = FN(luma_words)(WORDS_OF(rgb[0], rgb[1]), blue);
            u[h] = FN(chroma_words)(blue, y[h], 8061);
            v[h] = FN(chroma_words)(WORDS_OF(rgb[0], zero), y[h], 14369);
#undef WORDS_OF
        }
        FN(store_thirds)(dst + 3 * i, &t, _mm512_packus_epi16(y[0], y[1]), _mm512_packus_epi16(u[0], u[1]),
                         _mm512_packus_epi16(v[0], v[1]), past);
    }
    return i;
}

/* What chroma adds to Y is a table of it: the first half for 128 and more, the second what is taken off below. */
static void FN(chroma_table)(int weight, __m512i *table) {
    u8 bytes[256];
    for (int k = 0; k < 128; k++) {
        const int up = (k * weight + 8192) >> 14, down = -(((k - 128) * weight + 8192) >> 14);
        bytes[k] = (u8)(up < 255 ? up : 255);
        bytes[128 + k] = (u8)(down < 255 ? down : 255);
    }
    for (int q = 0; q < 4; q++) table[q] = _mm512_loadu_si512(bytes + 64 * q);
}

INLINE __m512i FN(add_chroma)(__m512i y, __m512i chroma, const __m512i *table) {
    const __mmask64 above = _mm512_movepi8_mask(chroma);
    return _mm512_subs_epu8(_mm512_adds_epu8(y, _mm512_maskz_permutex2var_epi8(above, table[0], chroma, table[1])),
                            _mm512_maskz_permutex2var_epi8(~above, table[2], chroma, table[3]));
}

/* (-6472 (u - 128) - 9519 (v - 128) + 2^13) >> 14, as luma_words; what is taken off is rounded up. */
INLINE __m512i FN(green_words)(__m512i uv) {
    const __m512i high = _mm512_maddubs_epi16(uv, _mm512_set1_epi16(74 << 8 | 50));
    const __m512i low = _mm512_maddubs_epi16(uv, _mm512_set1_epi16(47 << 8 | 72));
    const __m512i part = _mm512_srli_epi16(_mm512_add_epi16(low, _mm512_set1_epi16(127)), 7);
    return _mm512_srai_epi16(_mm512_sub_epi16(_mm512_sub_epi16(_mm512_set1_epi16(16055), part), high), 7);
}

static ptrdiff_t FN(yuv_to_rgb_whole)(const u8 *src, u8 *dst, ptrdiff_t n, int past) {
    const FN(Thirds) t = FN(thirds)();
    const __m512i sign = _mm512_set1_epi8(-128);
    __m512i of_v[4], of_u[4];
    ptrdiff_t i = 0;
    FN(chroma_table)(18678, of_v);
    FN(chroma_table)(33292, of_u);
    for (; i + 64 <= n; i += 64) {
        __m512i p[3];
        prefetch_read(src + 3 * i, 192);
        if (!past) prefetch_write(dst + 3 * i, 192);
        FN(load_thirds)(src + 3 * i, &t, p);
        const __m512i shift = _mm512_packs_epi16(FN(green_words)(_mm512_unpacklo_epi8(p[1], p[2])),
                                                 FN(green_words)(_mm512_unpackhi_epi8(p[1], p[2])));
        const __m512i green = _mm512_xor_si512(_mm512_adds_epi8(_mm512_xor_si512(p[0], sign), shift), sign);
        FN(store_thirds)(dst + 3 * i, &t, FN(add_chroma)(p[0], p[2], of_v), green, FN(add_chroma)(p[0], p[1], of_u), past);
    }
    return i;
}

#endif
