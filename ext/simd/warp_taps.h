/* Colours near the border: taps wherever they lie, loaded to the byte. */
#ifndef LEVEL
#ifndef IMGPROC_WARP_TAPS_H
#define IMGPROC_WARP_TAPS_H
#include "simd/between.h"
#include "simd/warp_vectors.h"
#define SIMD_SOURCE "simd/warp_taps.h"
#include "simd/levels.h"
#endif

#elif LEVEL >= LEVEL_AVX2

/* One pixel of three or four samples, and no byte more; and where it goes. */
INLINE __m128 FN(tap_u8)(const u8 *p, const int channels) {
    u16 two;
    memcpy(&two, p, 2);
    i32 rest = p[2] | (channels == 4 ? p[3] << 8 : 0);
    return _mm_cvtepi32_ps(_mm_cvtepu8_epi32(_mm_cvtsi32_si128((i32)((u32)rest << 16 | two))));
}
INLINE __m128 FN(tap_u16)(const u16 *p, const int channels) {
    u32 two;
    memcpy(&two, p, 4);
    u64 rest = p[2] | (channels == 4 ? (u64)p[3] << 16 : 0);
    return _mm_cvtepi32_ps(_mm_cvtepu16_epi32(_mm_cvtsi64_si128((i64)(rest << 32 | two))));
}
INLINE __m128 FN(tap_f32)(const f32 *p, const int channels) {
    return channels == 4 ? _mm_loadu_ps(p) : _mm_movelh_ps(_mm_loadl_pi(_mm_setzero_ps(), (const __m64 *)p), _mm_load_ss(p + 2));
}
INLINE void FN(put_tap_u8)(u8 *out, __m128 v, const int channels) {
    __m128i words = _mm_packus_epi32(_mm_cvtps_epi32(v), _mm_setzero_si128());
    i32 bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
    memcpy(out, &bytes, (size_t)channels);
}
INLINE void FN(put_tap_u16)(u16 *out, __m128 v, const int channels) {
    i64 words = _mm_cvtsi128_si64(_mm_packus_epi32(_mm_cvtps_epi32(v), _mm_setzero_si128()));
    memcpy(out, &words, 2 * (size_t)channels);
}
INLINE void FN(put_tap_f32)(f32 *out, __m128 v, const int channels) {
    f32 samples[4];
    _mm_storeu_ps(samples, v);
    memcpy(out, samples, 4 * (size_t)channels);
}
/* One position from the pixels r and c around it, -1 for fill: what `warp_taps` gives, all samples of a colour at once. */
#define TAPS(kind, masked)                                                                                                \
    INLINE void FN(taps_##kind)(const Picture *picture, const i64 r[2], const i64 c[2], f32 fr, f32 fc, kind *out, const int channels) { \
        if (channels == 1) {                                                                                              \
            warp_taps_##kind(picture, r, c, fr, fc, out, 1);                                                              \
            return;                                                                                                       \
        }                                                                                                                 \
        __m128 tap[2][2], row_share = _mm_set1_ps(fr);                                                                    \
        for (int j = 0; j < 2; j++)                                                                                       \
            for (int i = 0; i < 2; i++)                                                                                   \
                tap[j][i] = FN(tap_##kind)(warp_tap_##kind(picture, r[j], c[i], channels), channels);                     \
        __m128 left = FN(between4)(tap[0][0], tap[1][0], row_share, masked), right = FN(between4)(tap[0][1], tap[1][1], row_share, masked); \
        FN(put_tap_##kind)(out, FN(between4)(left, right, _mm_set1_ps(fc), masked), channels);                            \
    }
TAPS(u8, 0)
TAPS(u16, 0)
TAPS(f32, 1)
#undef TAPS

#endif
