/* Colour spaces of selective search, from and to planes of float32 in [0, 255]. */
#ifndef LEVEL
#ifndef IMGPROC_COLOR_SPACES_H
#define IMGPROC_COLOR_SPACES_H
#include "simd/common.h"

/* Of tables over [0, 1] that are read between their entries: one more entry than steps. */
#define TABLE_STEPS 4096

typedef struct {
    const f32 *linear; /* sRGB to linear light */
    const f32 *root;   /* the cube root of CIE Lab with its straight part */
} LabTables;

#define SIMD_SOURCE "simd/color_spaces.h"
#include "simd/levels.h"

/* n pixels of three planes to three planes. Samples beyond [0, 255] are clipped, NaN is 0. */
DISPATCH(void, hsv_planes, (const f32 *const *rgb, f32 *const *out, ptrdiff_t n), (rgb, out, n))
DISPATCH(void, lab_planes, (const f32 *const *rgb, f32 *const *out, ptrdiff_t n, const LabTables *tables), (rgb, out, n, tables))
/* Shares of red and green, and the luma; only that where `shares` is 0, into out[0]. */
DISPATCH(void, rgi_planes, (const f32 *const *rgb, f32 *const *out, ptrdiff_t n, int shares), (rgb, out, n, shares))
#endif

#else

INLINE f32 FN(clip_sample)(f32 v) { return v > 0 ? (v < 255.0f ? v : 255.0f) : 0.0f; }

static UNUSED void FN(hsv_planes)(const f32 *const *rgb, f32 *const *out, ptrdiff_t n) {
    const f32 *restrict red = rgb[0], *restrict green = rgb[1], *restrict blue = rgb[2];
    f32 *restrict hue = out[0], *restrict saturation = out[1], *restrict value = out[2];
    for (ptrdiff_t i = 0; i < n; i++) {
        const f32 r = FN(clip_sample)(red[i]), g = FN(clip_sample)(green[i]), b = FN(clip_sample)(blue[i]);
        const f32 high = r > g ? (r > b ? r : b) : (g > b ? g : b), low = r < g ? (r < b ? r : b) : (g < b ? g : b);
        const f32 delta = high - low, divisor = delta > 0 ? delta : 1.0f;
        const f32 sixth = high == r ? (g - b) / divisor : high == g ? 2.0f + (b - r) / divisor : 4.0f + (r - g) / divisor;
        hue[i] = (sixth < 0 ? sixth + 6.0f : sixth) * 42.5f;
        saturation[i] = 255.0f * delta / (high > 0 ? high : 1.0f);
        value[i] = high;
    }
}

/* table(v) for v in [0, 1]. */
INLINE f32 FN(look_up)(const f32 *table, f32 v) {
    const f32 at = v * TABLE_STEPS;
    i32 step = (i32)at;
    step = step < TABLE_STEPS ? step : TABLE_STEPS - 1;
    return table[step] + (at - (f32)step) * (table[step + 1] - table[step]);
}

static UNUSED void FN(lab_planes)(const f32 *const *rgb, f32 *const *out, ptrdiff_t n, const LabTables *tables) {
    const f32 *linear = tables->linear, *root = tables->root, scale = 1.0f / 255.0f;
    for (ptrdiff_t i = 0; i < n; i++) {
        const f32 r = FN(look_up)(linear, FN(clip_sample)(rgb[0][i]) * scale);
        const f32 g = FN(look_up)(linear, FN(clip_sample)(rgb[1][i]) * scale);
        const f32 b = FN(look_up)(linear, FN(clip_sample)(rgb[2][i]) * scale);
        /* BT.709 primaries over the white of D65, so that white is 1, 1, 1. */
        f32 x = 0.433953f * r + 0.376219f * g + 0.189828f * b;
        f32 y = 0.212671f * r + 0.715160f * g + 0.072169f * b;
        f32 z = 0.017758f * r + 0.109477f * g + 0.872765f * b;
        x = FN(look_up)(root, x < 1.0f ? x : 1.0f);
        y = FN(look_up)(root, y < 1.0f ? y : 1.0f);
        z = FN(look_up)(root, z < 1.0f ? z : 1.0f);
        out[0][i] = (116.0f * y - 16.0f) * 2.55f;
        out[1][i] = 500.0f * (x - y) + 128.0f;
        out[2][i] = 200.0f * (y - z) + 128.0f;
    }
}

static UNUSED void FN(rgi_planes)(const f32 *const *rgb, f32 *const *out, ptrdiff_t n, int shares) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const f32 r = FN(clip_sample)(rgb[0][i]), g = FN(clip_sample)(rgb[1][i]), b = FN(clip_sample)(rgb[2][i]);
        const f32 luma = 0.299f * r + 0.587f * g + 0.114f * b;
        if (shares) {
            const f32 sum = r + g + b, scale = 255.0f / (sum > 0 ? sum : 1.0f);
            out[0][i] = r * scale;
            out[1][i] = g * scale;
            out[2][i] = luma;
        } else {
            out[0][i] = luma;
        }
    }
}

#endif
