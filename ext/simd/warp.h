/* Bilinear samples at given positions.

   value = left + fc (right - left), left = a + fr (c - a), right = b + fr (d - b), in float32, integers rounded half to
   even. A pixel of no weight has no part, be it NaN. Eight positions whose pixels lie inside the image, or near it, go the
   vector way; others go one by one. All round alike. */
#ifndef LEVEL
#include "simd/warp_ahead.h"
#include "simd/warp_colors.h"
#include "simd/warp_near.h"
#include "simd/warp_samples.h"

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
/* Eight positions inside the image. */
#if LEVEL >= LEVEL_AVX512
#define COLORS(kind) FN(eight_colors_##kind)
#else
#define COLORS(kind) FN(eight_pixels_##kind)
#endif
#define EIGHT(kind)                                                                                                       \
    INLINE void FN(eight_##kind)(const Picture *picture, const FN(Places) *places, kind *out, const int channels) {        \
        if (channels == 1) FN(eight_gray_##kind)(picture, places, out);                                                   \
        else COLORS(kind)(picture, places, out, channels);                                                                \
    }
EIGHT(u8)
EIGHT(u16)
EIGHT(f32)
#undef EIGHT
#undef COLORS

/* Eight positions from the i-th on, which were found to lie at `places`. */
#define SOME(kind)                                                                                                        \
    INLINE void FN(some_##kind)(const Picture *picture, const Line *line, ptrdiff_t i, const FN(Places) *places, kind *out, const int channels) { \
        if (places->way == PLACES_INSIDE) FN(eight_##kind)(picture, places, out, channels);                               \
        else if (places->way == PLACES_NEAR && channels == 1) FN(near_gray_##kind)(picture, places, out);                  \
        else if (places->way == PLACES_NEAR) FN(near_colors_##kind)(picture, places, out, channels);                      \
        else                                                                                                              \
            for (int k = 0; k < 8; k++)                                                                                   \
                warp_pixel_##kind(picture, FN(position)(line->positions, line->doubles, 2 * (i + k)),                     \
                                  FN(position)(line->positions, line->doubles, 2 * (i + k) + 1), out + k * channels, channels); \
    }
SOME(u8)
SOME(u16)
SOME(f32)
#undef SOME

/* Places are found for some groups of eight before their pixels are read: addresses that wait in memory let the loads of one
   group run beside the arithmetic of others, where vectors on their way to addresses would fill the schedulers. */
#define GROUPS 16

/* The vectors of eight pixels of three samples write two pixels more: at the end of the row, somewhere else. */
#define VECTORS(kind)                                                                                                     \
    const FN(Reach) reach = FN(reach)(picture, channels, sizeof(kind));                                                   \
    const ptrdiff_t end = channels == 3 ? line->n - 2 : line->n;                                                          \
    FN(Places) places[GROUPS];                                                                                            \
    while (i + 8 <= end) {                                                                                                \
        const ptrdiff_t left = (end - i) / 8, count = left < GROUPS ? left : GROUPS;                                      \
        for (ptrdiff_t g = 0; g < count; g++) FN(find)(picture->border, line->positions, line->doubles, i + 8 * g, &reach, places + g); \
        for (ptrdiff_t g = 0; g < count; g++, i += 8) {                                                                   \
            FN(ahead)(picture, line, i, reach.steps, out + i * channels, channels * (int)sizeof(kind));                   \
            FN(some_##kind)(picture, line, i, places + g, out + i * channels, channels);                                  \
        }                                                                                                                 \
    }                                                                                                                     \
    while (i < line->n && line->n >= 8) {                                                                                 \
        kind pixels[48];                                                                                                  \
        if (i > line->n - 8) i = line->n - 8;                                                                             \
        FN(find)(picture->border, line->positions, line->doubles, i, &reach, places);                                     \
        FN(some_##kind)(picture, line, i, places, pixels, channels);                                                      \
        memcpy(out + i * channels, pixels, 8 * (size_t)channels * sizeof(kind));                                          \
        i += 8;                                                                                                           \
    }
#else
#define VECTORS(kind)
#endif

#define WARP(kind)                                                                                                        \
    INLINE void FN(warp_by_##kind)(const Picture *picture, const Line *line, kind *out, const int channels) {             \
        ptrdiff_t i = 0;                                                                                                  \
        VECTORS(kind)                                                                                                     \
        for (; i < line->n; i++)                                                                                          \
            warp_pixel_##kind(picture, FN(position)(line->positions, line->doubles, 2 * i),                               \
                              FN(position)(line->positions, line->doubles, 2 * i + 1), out + i * channels, channels);     \
    }                                                                                                                     \
    static void FN(warp_##kind) WARP_PARAMETERS(kind) {                                                                   \
        const int channels = picture->channels;                                                                           \
        const int distant = fabs((f64)picture->stride) * (f64)picture->height > NEAR_BYTES;                               \
        /* Vectors take four samples of the fill at once. */                                                              \
        Picture filled = *picture;                                                                                        \
        kind fill[4];                                                                                                     \
        for (int k = 0; k < 4; k++) fill[k] = *(const kind *)picture->fill;                                               \
        filled.fill = fill;                                                                                               \
        for (ptrdiff_t y = y0; y < y1; y++) {                                                                             \
            const char *row = (const char *)positions + y * pitch;                                                        \
            const Line line = {row, distant && y + ROWS_AHEAD < y1 ? row + ROWS_AHEAD * pitch : NULL, doubles, n, pitch, out_stride}; \
            kind *to = (kind *)((char *)out + y * out_stride);                                                            \
            if (channels == 1) FN(warp_by_##kind)(&filled, &line, to, 1);                                                 \
            else if (channels == 3) FN(warp_by_##kind)(&filled, &line, to, 3);                                            \
            else FN(warp_by_##kind)(&filled, &line, to, 4);                                                               \
        }                                                                                                                 \
    }
WARP(u8)
WARP(u16)
WARP(f32)
#undef WARP
#if LEVEL >= LEVEL_AVX2
#undef GROUPS
#endif
#undef VECTORS
#endif
