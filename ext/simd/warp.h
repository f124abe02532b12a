/* Bilinear samples at given positions.

   value = left + fc (right - left), left = a + fr (c - a), right = b + fr (d - b), in float32, integers rounded half to
   even. A pixel of no weight has no part, be it NaN. Eight positions whose pixels lie inside the image, or near it, go
   the vector way; others go one by one. Both round alike. */
#ifndef LEVEL
#include "simd/warp_vectors.h"
#define SIMD_SOURCE "simd/warp.h"
#include "simd/levels.h"
/* n output pixels at `positions`, pairs (row, column) of float32, or of float64 where `doubles`. */
DISPATCH(void, warp_u8, (const Picture *picture, const void *positions, int doubles, u8 *out, ptrdiff_t n), (picture, positions, doubles, out, n))
DISPATCH(void, warp_u16, (const Picture *picture, const void *positions, int doubles, u16 *out, ptrdiff_t n), (picture, positions, doubles, out, n))
DISPATCH(void, warp_f32, (const Picture *picture, const void *positions, int doubles, f32 *out, ptrdiff_t n), (picture, positions, doubles, out, n))
#else

#if LEVEL >= LEVEL_AVX2
#define EIGHT(kind, masked)                                                                                                   \
    INLINE void FN(eight_##kind)(const Picture *picture, const FN(Places) *places, kind *out, const int channels) {        \
        const kind *at[8];                                                                                                \
        ptrdiff_t stride = picture->stride;                                                                               \
        for (int k = 0; k < 8; k++)                                                                                       \
            at[k] = (const kind *)((const char *)picture->pixels + places->first[2 * k]);                                 \
        if (channels == 1) {                                                                                              \
            __m256 fc = _mm256_loadu_ps(places->column_share), fr = _mm256_loadu_ps(places->row_share), a, b, c, d;       \
            FN(pairs_##kind)(at, 0, &a, &b);                                                                              \
            FN(pairs_##kind)(at, stride, &c, &d);                                                                         \
            FN(put8_##kind)(out, FN(between8)(FN(between8)(a, c, fr, masked), FN(between8)(b, d, fr, masked), fc, masked));     \
            return;                                                                                                       \
        }                                                                                                                 \
        const __m256i second = _mm256_setr_epi32(channels, channels + 1, channels + 2, 7, 0, 0, 0, 0);                    \
        for (int k = 0; k < 8; k++) {                                                                                     \
            __m256 both = FN(between8)(FN(pixels_##kind)(at[k]), FN(pixels_##kind)((const kind *)((const char *)at[k] + stride)), \
                                     _mm256_broadcast_ss(&places->row_share[k]), masked);                                 \
            __m128 left = _mm256_castps256_ps128(both);                                                                   \
            __m128 right = channels == 4 ? _mm256_extractf128_ps(both, 1)                                                 \
                                         : _mm256_castps256_ps128(_mm256_permutevar8x32_ps(both, second));                \
            FN(put4_##kind)(out + k * channels, FN(between4)(left, right, _mm_broadcast_ss(&places->column_share[k]), masked)); \
        }                                                                                                                 \
    }
EIGHT(u8, 0)
EIGHT(u16, 0)
EIGHT(f32, 1)
#undef EIGHT

/* Vectors of four and eight samples reach beyond pixels of three: that takes another column at the right, and a pixel
   behind the last of the eight. Images of 2^31 bytes and more, and of 2^23 rows or columns, go pixel by pixel. */
#define EIGHTS(kind)                                                                                                      \
    const ptrdiff_t spare = channels == 3;                                                                                \
    const f64 far = fabs((f64)picture->stride) * (f64)picture->height;                                                    \
    const int small = far < 0x1p31 && picture->height < 8388608 && picture->width < 8388608;                              \
    const f32 last[2] = {small ? (f32)(picture->height - 1) : 0, small ? (f32)(picture->width - 1) : 0};                  \
    const f32 end[2] = {last[0], last[1] - (f32)spare};                                                                   \
    const i32 across = channels * (i32)sizeof(kind), down = small ? (i32)picture->stride : 0;                             \
    const __m256i steps = _mm256_setr_epi32(down, across, down, across, down, across, down, across);                      \
    for (; i + 8 + spare <= n; i += 8) {                                                                                  \
        FN(Places) places;                                                                                                \
        if (FN(places_inside)(positions, doubles, i, end, steps, &places))                                                \
            FN(eight_##kind)(picture, &places, out + i * channels, channels);                                             \
        else if (FN(places_near)(positions, doubles, i, last, picture->border, &places))                                  \
            for (int k = 0; k < 8; k++) {                                                                                 \
                const i64 r[2] = {places.first[2 * k], places.second[2 * k]};                                             \
                const i64 c[2] = {places.first[2 * k + 1], places.second[2 * k + 1]};                                     \
                warp_taps_##kind(picture, r, c, places.row_share[k], places.column_share[k], out + (i + k) * channels, channels); \
            }                                                                                                             \
        else                                                                                                              \
            for (ptrdiff_t k = i; k < i + 8; k++)                                                                         \
                warp_pixel_##kind(picture, FN(position)(positions, doubles, 2 * k), FN(position)(positions, doubles, 2 * k + 1), out + k * channels, channels); \
    }
#else
#define EIGHTS(kind)
#endif

#define WARP(kind)                                                                                                        \
    INLINE void FN(warp_by_##kind)(const Picture *picture, const void *positions, int doubles, kind *out, ptrdiff_t n,     \
                                   const int channels) {                                                                  \
        ptrdiff_t i = 0;                                                                                                  \
        EIGHTS(kind)                                                                                                      \
        for (; i < n; i++)                                                                                                \
            warp_pixel_##kind(picture, FN(position)(positions, doubles, 2 * i), FN(position)(positions, doubles, 2 * i + 1), out + i * channels, channels); \
    }                                                                                                                     \
    static void FN(warp_##kind)(const Picture *picture, const void *positions, int doubles, kind *out, ptrdiff_t n) {      \
        if (picture->channels == 1) FN(warp_by_##kind)(picture, positions, doubles, out, n, 1);                           \
        else if (picture->channels == 3) FN(warp_by_##kind)(picture, positions, doubles, out, n, 3);                      \
        else FN(warp_by_##kind)(picture, positions, doubles, out, n, 4);                                                  \
    }
WARP(u8)
WARP(u16)
WARP(f32)
#undef WARP
#undef EIGHTS
#endif
