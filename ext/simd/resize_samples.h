/* Samples of a source row for linear resampling as float32, and float32 as samples of the result; by vectors too. */
#ifndef LEVEL
#ifndef IMGPROC_RESIZE_SAMPLES_H
#define IMGPROC_RESIZE_SAMPLES_H
#include "simd/resize_plan.h"
#define SIMD_SOURCE "simd/resize_samples.h"
#include "simd/levels.h"
#endif

#else

/* Adding 2^23 leaves the integer, rounded half to even, in the low bits. */
INLINE void FN(put_u16)(u16 *out, f32 v) {
    f32 shifted = v + 8388608.0f;
    u32 bits;
    memcpy(&bits, &shifted, sizeof bits);
    *out = (u16)bits;
}
INLINE void FN(put_f32)(f32 *out, f32 v) { *out = v; }
INLINE f32 FN(between)(f32 a, f32 b, f32 f) { return f != 0 ? a + f * (b - a) : a; }

#if LEVEL >= LEVEL_AVX2
INLINE void FN(put8_f32)(f32 *out, __m256 v) { _mm256_storeu_ps(out, v); }
INLINE void FN(put4_f32)(f32 *out, __m128 v) { _mm_storeu_ps(out, v); }
INLINE void FN(put4_u16)(u16 *out, __m128 v) {
    __m128i codes = _mm_cvtps_epi32(v);
    _mm_storel_epi64((__m128i *)out, _mm_packus_epi32(codes, codes));
}
INLINE void FN(put8_u16)(u16 *out, __m256 v) {
    __m256i codes = _mm256_cvtps_epi32(v);
    _mm_storeu_si128((__m128i *)out, _mm_packus_epi32(_mm256_castsi256_si128(codes), _mm256_extracti128_si256(codes, 1)));
}

INLINE void FN(parts_u16)(__m256i pairs, __m256 *a, __m256 *b) {
    *a = _mm256_cvtepi32_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(0xffff)));
    *b = _mm256_cvtepi32_ps(_mm256_srli_epi32(pairs, 16));
}
/* Left and next samples of eight targets, from the windows of targets [4 g, 4 g + 8); `wide` are those of two vectors. */
#if LEVEL >= LEVEL_AVX512
INLINE void FN(window_u16)(const u16 *row, const Linear *plan, ptrdiff_t g, const int wide, __m256 *a, __m256 *b) {
    const u16 *from = row + plan->window[g / 2];
    __m512i order = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(plan->order + 16 * g))), low = _mm512_loadu_si512(from);
    low = wide ? _mm512_permutex2var_epi16(low, order, _mm512_loadu_si512(from + 32)) : _mm512_permutexvar_epi16(order, low);
    FN(parts_u16)(_mm512_castsi512_si256(low), a, b);
}
INLINE void FN(window_f32)(const f32 *row, const Linear *plan, ptrdiff_t g, const int wide, __m256 *a, __m256 *b) {
    const f32 *from = row + plan->window[g / 2];
    __m512i order = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(plan->order + 8 * g)));
    __m512 low = _mm512_loadu_ps(from);
    low = wide ? _mm512_permutex2var_ps(low, order, _mm512_loadu_ps(from + 16)) : _mm512_permutexvar_ps(order, low);
    *a = _mm512_castps512_ps256(low);
    *b = _mm512_extractf32x8_ps(low, 1);
}
#else
INLINE void FN(window_u16)(const u16 *row, const Linear *plan, ptrdiff_t g, const int wide, __m256 *a, __m256 *b) {
    (void)wide;
    const i64 *window = plan->window + g;
    __m256i pairs = _mm256_loadu2_m128i((const __m128i *)(row + window[1]), (const __m128i *)(row + window[0]));
    FN(parts_u16)(_mm256_shuffle_epi8(pairs, _mm256_loadu_si256((const __m256i *)(plan->order + 16 * g))), a, b);
}
INLINE void FN(window_f32)(const f32 *row, const Linear *plan, ptrdiff_t g, const int wide, __m256 *a, __m256 *b) {
    (void)wide;
    const i64 *window = plan->window + g;
    const __m256i *order = (const __m256i *)(plan->order + 32 * g);
    __m256 p = _mm256_permutevar8x32_ps(_mm256_loadu_ps(row + window[0]), _mm256_loadu_si256(order));
    __m256 q = _mm256_permutevar8x32_ps(_mm256_loadu_ps(row + window[1]), _mm256_loadu_si256(order + 1));
    *a = _mm256_permute2f128_ps(p, q, 0x20);
    *b = _mm256_permute2f128_ps(p, q, 0x31);
}
#endif
/* The same from anywhere; by way of registers: a vector load of what was just stored in parts would stall. */
INLINE __m128i FN(pairs4)(const u16 *row, const i64 *left) {
    i32 pair[4];
    for (int k = 0; k < 4; k++) memcpy(&pair[k], row + left[k], 4);
    __m128i pairs = _mm_insert_epi32(_mm_cvtsi32_si128(pair[0]), pair[1], 1);
    return _mm_insert_epi32(_mm_insert_epi32(pairs, pair[2], 2), pair[3], 3);
}
INLINE void FN(pairs_u16)(const u16 *row, const i64 *left, __m256 *a, __m256 *b) {
    FN(parts_u16)(_mm256_set_m128i(FN(pairs4)(row, left + 4), FN(pairs4)(row, left)), a, b);
}
INLINE __m128 FN(pairs2)(const f32 *first, const f32 *second) {
    return _mm_loadh_pi(_mm_loadl_pi(_mm_setzero_ps(), (const __m64 *)first), (const __m64 *)second);
}
INLINE void FN(pairs_f32)(const f32 *row, const i64 *left, __m256 *a, __m256 *b) {
    __m256 p = _mm256_set_m128(FN(pairs2)(row + left[4], row + left[5]), FN(pairs2)(row + left[0], row + left[1]));
    __m256 q = _mm256_set_m128(FN(pairs2)(row + left[6], row + left[7]), FN(pairs2)(row + left[2], row + left[3]));
    *a = _mm256_shuffle_ps(p, q, 0x88);
    *b = _mm256_shuffle_ps(p, q, 0xdd);
}

/* Eight shares of samples from those of pixels. */
INLINE __m256 FN(shares)(const f32 *share, ptrdiff_t sample, const int channels) {
    if (channels == 1) return _mm256_loadu_ps(share + sample);
    const f32 *from = share + sample / channels;
    if (channels == 4) return _mm256_set_m128(_mm_broadcast_ss(from + 1), _mm_broadcast_ss(from));
    const int k = (int)(sample % 3);
    __m256i lane = k == 0 ? _mm256_setr_epi32(0, 0, 0, 1, 1, 1, 2, 2) : k == 1 ? _mm256_setr_epi32(0, 0, 1, 1, 1, 2, 2, 2) : _mm256_setr_epi32(0, 1, 1, 1, 2, 2, 2, 3);
    return _mm256_permutevar8x32_ps(_mm256_castps128_ps256(_mm_loadu_ps(from)), lane);
}
/* Two pixels of three or four samples and those next to them, from eight samples each, and a share for each. */
INLINE __m256 FN(eight_u16)(const u16 *p) { return _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p))); }
INLINE __m256 FN(eight_f32)(const f32 *p) { return _mm256_loadu_ps(p); }
INLINE void FN(two_pixels)(__m256 p, __m256 q, const int channels, __m256 *a, __m256 *b) {
    __m256 behind = _mm256_permute2f128_ps(p, q, 0x31);
    *a = _mm256_permute2f128_ps(p, q, 0x20);
    *b = channels == 4 ? behind : _mm256_castsi256_ps(_mm256_alignr_epi8(_mm256_castps_si256(behind), _mm256_castps_si256(*a), 12));
}
INLINE __m256 FN(two_shares)(const f32 *share) { return _mm256_set_m128(_mm_broadcast_ss(share + 1), _mm_broadcast_ss(share)); }

#endif
#endif
