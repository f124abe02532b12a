/* Sums of a vector of pixels of bytes that count. Included by means.h at each level above the baseline. */

/* Three planes of one vector of pixels. The pixels may stand in any order, as they are only summed: `order` gives a
   mask the same one.

   RGB: byte k of load j (of each 16-byte lane's loads with AVX2) is of channel (j + k) % 3, and 3 is invertible modulo
   the vector: blending the three loads gathers a channel whole, and green and blue lie one and two bytes after red. */
#if LEVEL == LEVEL_AVX2

typedef __m256i FN(bytes);

INLINE __m256i FN(load2)(const u8 *low, const u8 *high) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const void *)low)), _mm_loadu_si128((const void *)high), 1);
}

INLINE void FN(planes)(const u8 *src, int channels, __m256i *plane) {
    if (channels == 3) {
        const __m256i one = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, -1, 0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0));
        const __m256i two = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0, -1, 0));
        __m256i a = FN(load2)(src, src + 48), b = FN(load2)(src + 16, src + 64), c = FN(load2)(src + 32, src + 80);
        __m256i green = _mm256_blendv_epi8(_mm256_blendv_epi8(b, a, one), c, two);
        __m256i blue = _mm256_blendv_epi8(_mm256_blendv_epi8(c, b, one), a, two);
        plane[0] = _mm256_blendv_epi8(_mm256_blendv_epi8(a, c, one), b, two);
        plane[1] = _mm256_alignr_epi8(green, green, 1);
        plane[2] = _mm256_alignr_epi8(blue, blue, 2);
    } else {
        const __m256i group = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
        __m256i v[4];
        for (int j = 0; j < 4; j++) v[j] = _mm256_shuffle_epi8(_mm256_loadu_si256((const void *)(src + 32 * j)), group);
        __m256i low = _mm256_unpacklo_epi32(v[0], v[1]), high = _mm256_unpacklo_epi32(v[2], v[3]);
        plane[0] = _mm256_unpacklo_epi64(low, high);
        plane[1] = _mm256_unpackhi_epi64(low, high);
        plane[2] = _mm256_unpacklo_epi64(_mm256_unpackhi_epi32(v[0], v[1]), _mm256_unpackhi_epi32(v[2], v[3]));
    }
}

INLINE __m256i FN(order)(const u8 *mask, int channels) {
    __m256i v = _mm256_loadu_si256((const void *)mask);
    if (channels == 4) return _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7));
    return _mm256_shuffle_epi8(v, _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 11, 6, 1, 12, 7, 2, 13, 8, 3, 14, 9, 4, 15, 10, 5)));
}

/* Adds one vector of pixels to sums: 64-bit lanes. */
INLINE void FN(add_pixels)(const u8 *src, int channels, const u8 *mask, u32 factor, __m256i *sums) {
    const __m256i zero = _mm256_setzero_si256();
    __m256i p[3], keep = _mm256_set1_epi8(-1);
    FN(planes)(src, channels, p);
    if (factor < 1 << 16) {
        const __m256i scale = _mm256_set1_epi16((short)factor);
        __m256i high = _mm256_max_epu8(_mm256_max_epu8(p[0], p[1]), p[2]);
        __m256i spread = _mm256_sub_epi8(high, _mm256_min_epu8(_mm256_min_epu8(p[0], p[1]), p[2]));
        __m256i bound = _mm256_packus_epi16(_mm256_mulhi_epu16(_mm256_unpacklo_epi8(high, zero), scale),
                                            _mm256_mulhi_epu16(_mm256_unpackhi_epi8(high, zero), scale));
        keep = _mm256_cmpeq_epi8(_mm256_subs_epu8(spread, bound), zero);
    }
    if (mask) keep = _mm256_andnot_si256(_mm256_cmpeq_epi8(FN(order)(mask, channels), zero), keep);
    for (int c = 0; c < 3; c++) sums[c] = _mm256_add_epi64(sums[c], _mm256_sad_epu8(_mm256_and_si256(p[c], keep), zero));
}

#else

typedef __m512i FN(bytes);

INLINE __m512i FN(modular)(int step, int start) {
    u8 index[64];
    for (int k = 0; k < 64; k++) index[k] = (u8)((step * k + start) & 63);
    return _mm512_loadu_si512(index);
}

INLINE void FN(planes)(const u8 *src, int channels, __m512i *plane) {
    if (channels == 3) {
        const __mmask64 one = 0x2492492492492492, two = 0x4924924924924924; /* k % 3 == 1, 2 */
        __m512i a = _mm512_loadu_si512(src), b = _mm512_loadu_si512(src + 64), c = _mm512_loadu_si512(src + 128);
        __m512i green = _mm512_mask_blend_epi8(two, _mm512_mask_blend_epi8(one, b, a), c);
        __m512i blue = _mm512_mask_blend_epi8(two, _mm512_mask_blend_epi8(one, c, b), a);
        plane[0] = _mm512_mask_blend_epi8(two, _mm512_mask_blend_epi8(one, a, c), b);
        plane[1] = _mm512_permutexvar_epi8(FN(modular)(1, 1), green);
        plane[2] = _mm512_permutexvar_epi8(FN(modular)(1, 2), blue);
    } else {
        const __m512i group = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
        __m512i v[4];
        for (int j = 0; j < 4; j++) v[j] = _mm512_shuffle_epi8(_mm512_loadu_si512(src + 64 * j), group);
        __m512i low = _mm512_unpacklo_epi32(v[0], v[1]), high = _mm512_unpacklo_epi32(v[2], v[3]);
        plane[0] = _mm512_unpacklo_epi64(low, high);
        plane[1] = _mm512_unpackhi_epi64(low, high);
        plane[2] = _mm512_unpacklo_epi64(_mm512_unpackhi_epi32(v[0], v[1]), _mm512_unpackhi_epi32(v[2], v[3]));
    }
}

INLINE __m512i FN(order)(const u8 *mask, int channels) {
    __m512i v = _mm512_loadu_si512(mask);
    if (channels == 4) return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), v);
    return _mm512_permutexvar_epi8(FN(modular)(43, 0), v); /* 3 * 43 = 1 modulo 64 */
}

INLINE void FN(add_pixels)(const u8 *src, int channels, const u8 *mask, u32 factor, __m512i *sums) {
    const __m512i zero = _mm512_setzero_si512();
    __m512i p[3];
    __mmask64 keep = ~(__mmask64)0;
    FN(planes)(src, channels, p);
    if (factor < 1 << 16) {
        const __m512i scale = _mm512_set1_epi16((short)factor);
        __m512i high = _mm512_max_epu8(_mm512_max_epu8(p[0], p[1]), p[2]);
        __m512i spread = _mm512_sub_epi8(high, _mm512_min_epu8(_mm512_min_epu8(p[0], p[1]), p[2]));
        keep = _mm512_cmple_epu8_mask(spread, _mm512_packus_epi16(_mm512_mulhi_epu16(_mm512_unpacklo_epi8(high, zero), scale),
                                                                  _mm512_mulhi_epu16(_mm512_unpackhi_epi8(high, zero), scale)));
    }
    if (mask) {
        __m512i m = FN(order)(mask, channels);
        keep &= _mm512_test_epi8_mask(m, m);
    }
    for (int c = 0; c < 3; c++) sums[c] = _mm512_add_epi64(sums[c], _mm512_sad_epu8(_mm512_maskz_mov_epi8(keep, p[c]), zero));
}

#endif
