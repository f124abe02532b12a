/* Eight positions near the image: each of the four pixels around them lies somewhere else, mirrored or the fill, and is taken
   by itself. */
#ifndef LEVEL
#ifndef IMGPROC_WARP_NEAR_H
#define IMGPROC_WARP_NEAR_H
#include "simd/warp_samples.h"
#define SIMD_SOURCE "simd/warp_near.h"
#include "simd/levels.h"
#endif

#elif LEVEL >= LEVEL_AVX2

/* One pixel in each half, ordered; `from` is a number, as the fill is no part of the image. */
INLINE __m256i FN(tap_u8)(uintptr_t from, const i64 *far, __m256i order) {
    i32 first, second;
    memcpy(&first, (const void *)(from + (uintptr_t)far[0]), 4);
    memcpy(&second, (const void *)(from + (uintptr_t)far[4]), 4);
    return _mm256_shuffle_epi8(_mm256_blend_epi32(_mm256_set1_epi32(first), _mm256_set1_epi32(second), 0xf0), order);
}
INLINE __m256i FN(tap_u16)(uintptr_t from, const i64 *far, __m256i order) {
    __m256i first = _mm256_broadcastq_epi64(_mm_loadl_epi64((const __m128i *)(from + (uintptr_t)far[0])));
    __m256i second = _mm256_broadcastq_epi64(_mm_loadl_epi64((const __m128i *)(from + (uintptr_t)far[4])));
    return _mm256_shuffle_epi8(_mm256_blend_epi32(first, second, 0xf0), order);
}
INLINE __m256i FN(tap_f32)(uintptr_t from, const i64 *far, __m256i order) {
    __m256 v = _mm256_loadu2_m128((const f32 *)(from + (uintptr_t)far[4]), (const f32 *)(from + (uintptr_t)far[0]));
    return _mm256_castps_si256(_mm256_permutevar_ps(v, order));
}
#define NEAR(kind, one, masked)                                                                                           \
    INLINE i32 FN(sample_##kind)(uintptr_t from, i64 far) {                                                               \
        kind sample;                                                                                                      \
        i32 lane = 0;                                                                                                     \
        memcpy(&sample, (const void *)(from + (uintptr_t)far), sizeof sample);                                            \
        memcpy(&lane, &sample, sizeof sample);                                                                            \
        return lane;                                                                                                      \
    }                                                                                                                     \
    INLINE __m256i FN(samples_##kind)(uintptr_t from, const i64 far[8]) {                                                 \
        return _mm256_setr_epi32(FN(sample_##kind)(from, far[0]), FN(sample_##kind)(from, far[1]), FN(sample_##kind)(from, far[2]), \
                                 FN(sample_##kind)(from, far[3]), FN(sample_##kind)(from, far[4]), FN(sample_##kind)(from, far[5]), \
                                 FN(sample_##kind)(from, far[6]), FN(sample_##kind)(from, far[7]));                       \
    }                                                                                                                     \
    INLINE void FN(near_gray_##kind)(const Picture *picture, const FN(Places) *places, kind *out) {                       \
        const uintptr_t from = (uintptr_t)picture->pixels;                                                                \
        const __m256 fr = _mm256_loadu_ps(places->row_share), fc = _mm256_loadu_ps(places->column_share);                 \
        __m256 side[2];                                                                                                   \
        for (int x = 0; x < 2; x++)                                                                                       \
            side[x] = FN(down_##kind)(FN(samples_##kind)(from, places->far[x]), FN(samples_##kind)(from, places->far[2 + x]), fr); \
        FN(put8_##kind)(out, FN(between8)(side[0], side[1], fc, masked));                                                 \
    }                                                                                                                     \
    INLINE void FN(near_colors_##kind)(const Picture *picture, const FN(Places) *places, kind *out, const int channels) { \
        const uintptr_t from = (uintptr_t)picture->pixels;                                                                \
        const __m256i twice = _mm256_setr_epi32(0, 0, 0, 0, 4, 4, 4, 4);                                                  \
        const __m256 row_share = _mm256_loadu_ps(places->row_share), column_share = _mm256_loadu_ps(places->column_share); \
        __m256i order[2] = {FN(order_##kind)(), FN(order_##kind)()};                                                      \
        __m256 two[4];                                                                                                    \
        for (int k = 0; k < 4; k++) {                                                                                     \
            const __m256i lane = _mm256_add_epi32(twice, _mm256_set1_epi32(k));                                           \
            __m256 side[2], fr = _mm256_permutevar8x32_ps(row_share, lane), fc = _mm256_permutevar8x32_ps(column_share, lane); \
            for (int x = 0; x < 2; x++) {                                                                                 \
                if (channels == 3) {                                                                                      \
                    __m256i first = _mm256_permutevar8x32_epi32(_mm256_loadu_si256((const __m256i *)places->first_column[x]), lane); \
                    order[x] = _mm256_add_epi32(FN(order_##kind)(), _mm256_andnot_si256(first, _mm256_set1_epi32(one)));  \
                }                                                                                                         \
                side[x] = FN(down_##kind)(FN(tap_##kind)(from, places->far[x] + k, order[x]),                             \
                                          FN(tap_##kind)(from, places->far[2 + x] + k, order[x]), fr);                    \
            }                                                                                                             \
            two[k] = FN(between8)(side[0], side[1], fc, masked);                                                          \
        }                                                                                                                 \
        FN(put_colors_##kind)(out, two, channels);                                                                        \
    }
NEAR(u8, 0x1, 0)
NEAR(u16, 0x202, 0)
NEAR(f32, 0x1, 1)
#undef NEAR

#endif
