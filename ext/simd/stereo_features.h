/* What pixels are compared by: a code of 31 order relations around each, or the horizontal derivative of Sobel.

   Census: 31 bits in four planes of bytes; bit k tells whether the k-th pixel of the 9 × 7 window, in reading order and before
   the centre, is above its mirror image in the centre. Derivative: one plane, clipped to ±31 and stored plus 31. The
   image goes on beyond its border as its outermost pixels. */
#ifndef LEVEL
#ifndef IMGPROC_STEREO_FEATURES_H
#define IMGPROC_STEREO_FEATURES_H
#include "simd/common.h"

#define CENSUS_RX 4
#define CENSUS_RY 3
#define CENSUS_ROWS (2 * CENSUS_RY + 1)
#define CENSUS_PLANES 4
#define SOBEL_CLIP 31

typedef struct {
    const void *src;
    ptrdiff_t src_step; /* bytes */
    ptrdiff_t height, width;
    u8 *dst; /* row y begins at dst + y * planes * dst_width */
    ptrdiff_t dst_width;
    /* Whether rows run from the right to the left; what then stands beyond the width is the leftmost pixel again. */
    int reversed;
} Features;

#define SIMD_SOURCE "simd/stereo_features.h"
#include "simd/levels.h"

/* Rows [y0, y1); false where memory is short. */
DISPATCH(int, census_u8, (const Features *job, ptrdiff_t y0, ptrdiff_t y1), (job, y0, y1))
DISPATCH(int, census_u16, (const Features *job, ptrdiff_t y0, ptrdiff_t y1), (job, y0, y1))
DISPATCH(int, census_f32, (const Features *job, ptrdiff_t y0, ptrdiff_t y1), (job, y0, y1))
DISPATCH(int, sobel_u8, (const Features *job, ptrdiff_t y0, ptrdiff_t y1), (job, y0, y1))
DISPATCH(int, sobel_f32, (const Features *job, ptrdiff_t y0, ptrdiff_t y1), (job, y0, y1))
#endif

#else

INLINE void FN(put_feature_row)(const Features *job, const u8 *row, u8 *dst) {
    const ptrdiff_t n = job->width;
    if (!job->reversed) {
        memcpy(dst, row, (size_t)n);
        return;
    }
    for (ptrdiff_t x = 0; x < n; x++) dst[x] = row[n - 1 - x];
    memset(dst + n, row[0], (size_t)(job->dst_width - n));
}

INLINE u8 FN(clipped_u8)(i32 slope) {
    return (u8)((slope < -SOBEL_CLIP ? -SOBEL_CLIP : slope > SOBEL_CLIP ? SOBEL_CLIP : slope) + SOBEL_CLIP);
}

/* Rounded half up; what is no number counts as the lowest. */
INLINE u8 FN(clipped_f32)(f32 slope) {
    const f32 low = slope > -SOBEL_CLIP ? slope : (f32)-SOBEL_CLIP;
    return (u8)(i32)((low < SOBEL_CLIP ? low : (f32)SOBEL_CLIP) + (SOBEL_CLIP + 0.5f));
}

/* Rows of T with room for CENSUS_RX samples on both sides, as many as a window is high. */
#define DEFINE_FEATURES(T, W)                                                                                          \
    static void FN(census_plane_##T)(T *const *rows, ptrdiff_t n, int plane, u8 *restrict dst) {                       \
        const T *a[8], *b[8];                                                                                          \
        for (int k = 0; k < 8; k++) {                                                                                  \
            const int pair = 8 * plane + k, j = pair / 9 - CENSUS_RY, i = pair % 9 - CENSUS_RX;                        \
            a[k] = rows[CENSUS_RY + j] + i;                                                                            \
            b[k] = rows[CENSUS_RY - j] - i; /* pair 31 is the centre and itself: never above */                       \
        }                                                                                                              \
        const T *a0 = a[0], *a1 = a[1], *a2 = a[2], *a3 = a[3], *a4 = a[4], *a5 = a[5], *a6 = a[6], *a7 = a[7];        \
        const T *b0 = b[0], *b1 = b[1], *b2 = b[2], *b3 = b[3], *b4 = b[4], *b5 = b[5], *b6 = b[6], *b7 = b[7];        \
        for (ptrdiff_t x = 0; x < n; x++) {                                                                            \
            const u8 low = (u8)((a0[x] > b0[x] ? 1 : 0) | (a1[x] > b1[x] ? 2 : 0) | (a2[x] > b2[x] ? 4 : 0) |          \
                                (a3[x] > b3[x] ? 8 : 0));                                                              \
            const u8 high = (u8)((a4[x] > b4[x] ? 16 : 0) | (a5[x] > b5[x] ? 32 : 0) | (a6[x] > b6[x] ? 64 : 0) |      \
                                 (a7[x] > b7[x] ? 128 : 0));                                                           \
            dst[x] = low | high;                                                                                       \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static void FN(sobel_plane_##T)(T *const *rows, ptrdiff_t n, u8 *restrict dst) {                                   \
        const T *a = rows[CENSUS_RY - 1], *b = rows[CENSUS_RY], *c = rows[CENSUS_RY + 1];                              \
        for (ptrdiff_t x = 0; x < n; x++) {                                                                            \
            const W above = (W)a[x + 1] - (W)a[x - 1], here = (W)b[x + 1] - (W)b[x - 1];                               \
            const W below = (W)c[x + 1] - (W)c[x - 1];                                                                 \
            dst[x] = FN(clipped_##T)(here * 2 + above + below);                                                        \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static int FN(features_##T)(const Features *job, int planes, ptrdiff_t y0, ptrdiff_t y1) {                         \
        const ptrdiff_t n = job->width, step = n + 2 * CENSUS_RX;                                                      \
        T *ring = malloc(sizeof(T) * (size_t)(CENSUS_ROWS * step));                                                    \
        u8 *row = malloc((size_t)n);                                                                                   \
        const int done = ring && row;                                                                                  \
        ptrdiff_t next = y0 > CENSUS_RY ? y0 - CENSUS_RY : 0; /* the first row not yet in the ring */                  \
        for (ptrdiff_t y = y0; done && y < y1; y++) {                                                                  \
            T *rows[CENSUS_ROWS];                                                                                      \
            for (; next <= y + CENSUS_RY && next < job->height; next++) {                                              \
                T *to = ring + next % CENSUS_ROWS * step;                                                              \
                memcpy(to + CENSUS_RX, (const char *)job->src + next * job->src_step, sizeof(T) * (size_t)n);          \
                for (int i = 0; i < CENSUS_RX; i++) {                                                                  \
                    to[i] = to[CENSUS_RX];                                                                             \
                    to[CENSUS_RX + n + i] = to[CENSUS_RX + n - 1];                                                     \
                }                                                                                                      \
            }                                                                                                          \
            for (int j = 0; j < CENSUS_ROWS; j++) {                                                                    \
                const ptrdiff_t at = y + j - CENSUS_RY;                                                                \
                const ptrdiff_t inside = at < 0 ? 0 : at < job->height ? at : job->height - 1;                         \
                rows[j] = ring + inside % CENSUS_ROWS * step + CENSUS_RX;                                              \
            }                                                                                                          \
            for (int plane = 0; plane < planes; plane++) {                                                             \
                if (planes == 1) FN(sobel_plane_##T)(rows, n, row);                                                    \
                else FN(census_plane_##T)(rows, n, plane, row);                                                        \
                FN(put_feature_row)(job, row, job->dst + (y * planes + plane) * job->dst_width);                       \
            }                                                                                                          \
        }                                                                                                              \
        free(ring);                                                                                                    \
        free(row);                                                                                                     \
        return done;                                                                                                   \
    }
DEFINE_FEATURES(u8, i32)
DEFINE_FEATURES(f32, f32)
INLINE u8 FN(clipped_u16)(i32 slope) { return FN(clipped_u8)(slope); }
DEFINE_FEATURES(u16, i32)
#undef DEFINE_FEATURES

static int FN(census_u8)(const Features *job, ptrdiff_t y0, ptrdiff_t y1) { return FN(features_u8)(job, CENSUS_PLANES, y0, y1); }
static int FN(census_u16)(const Features *job, ptrdiff_t y0, ptrdiff_t y1) {
    return FN(features_u16)(job, CENSUS_PLANES, y0, y1);
}
static int FN(census_f32)(const Features *job, ptrdiff_t y0, ptrdiff_t y1) {
    return FN(features_f32)(job, CENSUS_PLANES, y0, y1);
}
static int FN(sobel_u8)(const Features *job, ptrdiff_t y0, ptrdiff_t y1) { return FN(features_u8)(job, 1, y0, y1); }
static int FN(sobel_f32)(const Features *job, ptrdiff_t y0, ptrdiff_t y1) { return FN(features_f32)(job, 1, y0, y1); }

#endif
