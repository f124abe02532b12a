/* Colours and derivatives of a row of pixels as numbers of bins. */
#ifndef LEVEL
#ifndef IMGPROC_REGION_CODES_H
#define IMGPROC_REGION_CODES_H
#include "simd/common.h"

#define COLOR_BINS 25
#define TEXTURE_BINS 10
/* Axes of derivatives, each with two directions: 0, 45, 90 and 135 degrees. */
#define AXES 4
/* Levels of a texture bin. The last takes all that is larger. */
#define TEXTURE_STEP 4.0f

#define SIMD_SOURCE "simd/region_codes.h"
#include "simd/levels.h"

/* codes[x] = the bin of row[x], of samples in [0, 255]. */
DISPATCH(void, color_codes, (const f32 *row, ptrdiff_t n, u8 *codes), (row, n, codes))

/* codes[axis * n + x] = the bin of the derivative along the axis, from -9 to 9, plus 9; above and below are the next rows. */
DISPATCH(void, texture_codes, (const f32 *above, const f32 *row, const f32 *below, ptrdiff_t n, u8 *codes),
         (above, row, below, n, codes))
#endif

#else

static UNUSED void FN(color_codes)(const f32 *restrict row, ptrdiff_t n, u8 *restrict codes) {
    for (ptrdiff_t x = 0; x < n; x++) {
        const f32 v = row[x] > 0 ? row[x] : 0.0f;
        const i32 bin = (i32)((v < 255.0f ? v : 255.0f) * (COLOR_BINS / 256.0f));
        codes[x] = (u8)bin;
    }
}

/* A bin up to 9 on either side of 0. */
INLINE u8 FN(texture_bin)(f32 derivative) {
    const f32 most = TEXTURE_BINS - 0.5f, step = derivative * (1.0f / TEXTURE_STEP);
    return (u8)((i32)(step > -most ? (step < most ? step : most) : -most) + TEXTURE_BINS - 1);
}

INLINE void FN(texture_span)(const f32 *restrict above, const f32 *restrict row, const f32 *restrict below, ptrdiff_t x0,
                             ptrdiff_t x1, ptrdiff_t left, ptrdiff_t right, ptrdiff_t n, u8 *restrict codes) {
    const f32 diagonal = 0.70710678f;
    for (ptrdiff_t x = x0; x < x1; x++) {
        const f32 gx = (row[x + right] - row[x - left]) * 0.5f, gy = (below[x] - above[x]) * 0.5f;
        codes[x] = FN(texture_bin)(gx);
        codes[n + x] = FN(texture_bin)((gx + gy) * diagonal);
        codes[2 * n + x] = FN(texture_bin)(gy);
        codes[3 * n + x] = FN(texture_bin)((gy - gx) * diagonal);
    }
}

static UNUSED void FN(texture_codes)(const f32 *above, const f32 *row, const f32 *below, ptrdiff_t n, u8 *codes) {
    FN(texture_span)(above, row, below, 0, 1, 0, n > 1, n, codes);
    FN(texture_span)(above, row, below, 1, n - 1, 1, 1, n, codes);
    if (n > 1) FN(texture_span)(above, row, below, n - 1, n, 1, 0, n, codes);
}

#endif
