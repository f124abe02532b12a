/* Bilinear samples at given positions.

   value = left + fc (right - left), left = a + fr (c - a), right = b + fr (d - b), in float32, integers rounded half to
   even. A pixel of no weight has no part, be it NaN. Sixteen gray positions
   that follow a line, or eight positions whose pixels lie inside the image, or near it, go the vector way; others go one
   by one. All round alike. */
#ifndef LEVEL
#include "simd/warp_ahead.h"
#include "simd/warp_taps.h"
#include "simd/warp_windows.h"

#define WARP_PARAMETERS(kind) \
    (const Picture *picture, const void *positions, ptrdiff_t pitch, int doubles, kind *out, ptrdiff_t out_stride, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t n)
#define WARP_ARGUMENTS (picture, positions, pitch, doubles, out, out_stride, y0, y1, n)

#define SIMD_SOURCE "simd/warp.h"
#include "simd/levels.h"
/* Rows [y0, y1) of n output pixels at `positions`, pairs (row, column) of float32, or of float64 where `doubles`. */
DISPATCH(void, warp_u8, WARP_PARAMETERS(u8), WARP_ARGUMENTS)
DISPATCH(void, warp_u16, WARP_PARAMETERS(u16), WARP_ARGUMENTS)
DISPATCH(void, warp_f32, WARP_PARAMETERS(f32), WARP_ARGUMENTS)
#else

#if LEVEL >= LEVEL_AVX2
#if LEVEL >= LEVEL_AVX512
#define COLORS(kind) return FN(eight_colors_##kind)(picture, places, out, channels);
#else
#define COLORS(kind)
#endif
#define EIGHT(kind, masked)                                                                                               \
    INLINE void FN(eight_##kind)(const Picture *picture, const FN(Places) *places, kind *out, const int channels) {        \
        const char *from = picture->pixels, *under = from + picture->stride;                                              \
        if (channels == 1) {                                                                                              \
            __m256 fc = _mm256_loadu_ps(places->column_share), fr = _mm256_loadu_ps(places->row_share), a, b, c, d;       \
            FN(pairs_##kind)(from, places->first, &a, &b);                                                                \
            FN(pairs_##kind)(under, places->first, &c, &d);                                                               \
            FN(put8_##kind)(out, FN(between8)(FN(between8)(a, c, fr, masked), FN(between8)(b, d, fr, masked), fc, masked)); \
            return;                                                                                                       \
        }                                                                                                                 \
        COLORS(kind)                                                                                                      \
        const __m256i twice = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);                                                  \
        const __m256 row_share = _mm256_loadu_ps(places->row_share), column_share = _mm256_loadu_ps(places->column_share); \
        __m256 two[4];                                                                                                    \
        for (int k = 0; k < 4; k++) {                                                                                     \
            const __m256i lane = _mm256_add_epi32(twice, _mm256_set1_epi32(2 * k));                                       \
            __m256 fr = _mm256_permutevar8x32_ps(row_share, lane), fc = _mm256_permutevar8x32_ps(column_share, lane);     \
            __m256 a, b, c, d;                                                                                            \
            FN(colors_##kind)(from, places->first + 4 * k, channels, &a, &b);                                             \
            FN(colors_##kind)(under, places->first + 4 * k, channels, &c, &d);                                            \
            two[k] = FN(between8)(FN(between8)(a, c, fr, masked), FN(between8)(b, d, fr, masked), fc, masked);            \
        }                                                                                                                 \
        FN(put_colors_##kind)(out, two, channels);                                                                        \
    }
EIGHT(u8, 0)
EIGHT(u16, 0)
EIGHT(f32, 1)
#undef EIGHT
#undef COLORS

/* Eight positions from the i-th on. */
#define SOME(kind)                                                                                                        \
    INLINE void FN(some_##kind)(const Picture *picture, const Line *line, ptrdiff_t i, const f32 end[2], const f32 last[2], \
                                __m256i steps, kind *out, const int channels) {                                           \
        FN(Places) places;                                                                                                \
        const void *positions = line->positions;                                                                         \
        const int doubles = line->doubles;                                                                               \
        if (FN(places_inside)(positions, doubles, i, end, steps, &places)) FN(eight_##kind)(picture, &places, out, channels); \
        else if (FN(places_near)(positions, doubles, i, last, picture->border, &places))                                  \
            for (int k = 0; k < 8; k++) {                                                                                 \
                const i64 r[2] = {places.first[2 * k], places.second[2 * k]};                                             \
                const i64 c[2] = {places.first[2 * k + 1], places.second[2 * k + 1]};                                     \
                FN(taps_##kind)(picture, r, c, places.row_share[k], places.column_share[k], out + k * channels, channels); \
            }                                                                                                             \
        else                                                                                                              \
            for (int k = 0; k < 8; k++)                                                                                   \
                warp_pixel_##kind(picture, FN(position)(positions, doubles, 2 * (i + k)), FN(position)(positions, doubles, 2 * (i + k) + 1), \
                                  out + k * channels, channels);                                                          \
    }
SOME(u8)
SOME(u16)
SOME(f32)
#undef SOME

#if LEVEL >= LEVEL_AVX512
/* Windows pay where positions follow a line; where some did not, the next 512 are not tried. */
#define SIXTEENS(kind)                                                                                                    \
    const i32 lasts[2] = {(i32)last[0], (i32)last[1]};                                                                    \
    const int windows = channels == 1 && small && !line->doubles && FN(windows_fit)(lasts);                              \
    ptrdiff_t next = windows ? 0 : line->n;                                                                              \
    for (; i + 16 <= line->n;) {                                                                                         \
        if (i >= next) {                                                                                                  \
            if (FN(sixteen_##kind)(picture, (const f32 *)line->positions + 2 * i, lasts, out + i)) {                     \
                FN(ahead)(picture, line, i, steps, out + i, sizeof(kind));                                                \
                FN(ahead)(picture, line, i + 8, steps, out + i + 8, sizeof(kind));                                        \
                i += 16;                                                                                                  \
                continue;                                                                                                 \
            }                                                                                                             \
            next = i + 512;                                                                                               \
        }                                                                                                                 \
        ONCE(kind)                                                                                                        \
    }
#else
#define SIXTEENS(kind)
#endif

#define ONCE(kind)                                                                                                        \
    if (i + 8 + spare <= line->n) {                                                                                   \
        FN(ahead)(picture, line, i, steps, out + i * channels, channels * (int)sizeof(kind));                             \
        FN(some_##kind)(picture, line, i, end, last, steps, out + i * channels, channels);                               \
        i += 8;                                                                                                           \
    }
/* Vectors of four and eight samples reach beyond pixels of three: that takes another column at the right, and two pixels
   behind the last of the eight. Images of 2^31 bytes and more, and of 2^23 rows or columns, go pixel by pixel. */
#define EIGHTS(kind)                                                                                                      \
    const ptrdiff_t spare = channels == 3 ? 2 : 0;                                                                        \
    const f64 far = fabs((f64)picture->stride) * (f64)picture->height;                                                    \
    const int small = far < 0x1p31 && picture->height < 8388608 && picture->width < 8388608;                              \
    const f32 last[2] = {small ? (f32)(picture->height - 1) : 0, small ? (f32)(picture->width - 1) : 0};                  \
    const f32 end[2] = {last[0], last[1] - (f32)(channels == 3)};                                                         \
    const i32 across = channels * (i32)sizeof(kind), down = small ? (i32)picture->stride : 0;                             \
    const __m256i steps = _mm256_setr_epi32(down, across, down, across, down, across, down, across);                      \
    SIXTEENS(kind)                                                                                                        \
    while (i + 8 + spare <= line->n) ONCE(kind)
#else
#define EIGHTS(kind)
#endif

#define WARP(kind)                                                                                                        \
    INLINE void FN(warp_by_##kind)(const Picture *picture, const Line *line, kind *out, const int channels) {            \
        ptrdiff_t i = 0;                                                                                                  \
        EIGHTS(kind)                                                                                                      \
        for (; i < line->n; i++)                                                                                         \
            warp_pixel_##kind(picture, FN(position)(line->positions, line->doubles, 2 * i),                             \
                              FN(position)(line->positions, line->doubles, 2 * i + 1), out + i * channels, channels);   \
    }                                                                                                                     \
    static void FN(warp_##kind) WARP_PARAMETERS(kind) {                                                                   \
        const int channels = picture->channels;                                                                           \
        const int distant = fabs((f64)picture->stride) * (f64)picture->height > NEAR_BYTES;                               \
        for (ptrdiff_t y = y0; y < y1; y++) {                                                                             \
            const char *row = (const char *)positions + y * pitch;                                                        \
            const Line line = {row, distant && y + ROWS_AHEAD < y1 ? row + ROWS_AHEAD * pitch : NULL, doubles, n, pitch, out_stride}; \
            kind *to = (kind *)((char *)out + y * out_stride);                                                            \
            if (channels == 1) FN(warp_by_##kind)(picture, &line, to, 1);                                                 \
            else if (channels == 3) FN(warp_by_##kind)(picture, &line, to, 3);                                            \
            else FN(warp_by_##kind)(picture, &line, to, 4);                                                               \
        }                                                                                                                 \
    }
WARP(u8)
WARP(u16)
WARP(f32)
#undef WARP
#undef EIGHTS
#undef SIXTEENS
#undef ONCE
#endif
