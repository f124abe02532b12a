/* Windows of a training set: their norms and their integral images, and where in those a feature has its corners. */
#ifndef IMGPROC_BOOST_WINDOWS_H
#define IMGPROC_BOOST_WINDOWS_H
#include "simd/boost_source.h"
#include "simd/integral_tilted.h"

/* One over the standard deviation of a window without its border, times its area; 0 where it is flat. The arithmetic of
   cascade.h, where windows of an image have theirs. */
static f32 window_norm(const u8 *window, ptrdiff_t height, ptrdiff_t width) {
    const f64 area = (f64)(width - 2) * (f64)(height - 2);
    u32 sum = 0, squares = 0;
    for (ptrdiff_t y = 1; y < height - 1; y++)
        for (ptrdiff_t x = 1; x < width - 1; x++) {
            const u32 v = window[y * width + x];
            sum += v;
            squares += v * v;
        }
    const f64 spread = area * (f64)squares - (f64)(i32)sum * (f64)(i32)sum;
    const f32 norm = (f32)(1.0 / sqrt(spread > 0 ? spread : 1.0));
    return spread > 0 && area * norm < 0.1 ? norm : 0;
}

/* Corners as rows of a group; tilted sums follow the upright ones. */
static void boost_feature(const i32 *boxes, const f32 *weights, int tilted, int height, int width, int lbp, BoostFeature *f) {
    const i32 pitch = width + 1, first = tilted ? (height + 1) * pitch : 0;
    memset(f, 0, sizeof *f);
    if (lbp) {
        for (int i = 0; i < 16; i++) f->corners[i] = (boxes[1] + i / 4 * boxes[3]) * pitch + boxes[0] + i % 4 * boxes[2];
        return;
    }
    for (int r = 0; r < 3; r++) {
        const i32 x = boxes[4 * r], y = boxes[4 * r + 1], w = boxes[4 * r + 2], h = boxes[4 * r + 3];
        i32 *c = f->corners + 4 * r;
        f->weights[r] = weights[r];
        if (weights[r] == 0) continue;
        f->rectangles = r + 1;
        c[0] = first + y * pitch + x;
        c[1] = tilted ? first + (y + h) * pitch + x - h : first + y * pitch + x + w;
        c[2] = tilted ? first + (y + w) * pitch + x + w : first + (y + h) * pitch + x;
        c[3] = tilted ? first + (y + w + h) * pitch + x + w - h : first + (y + h) * pitch + x + w;
    }
}

/* The sums of one group: `planes` rows, upright and where asked tilted ones. Gives 0 where memory ends. */
static int boost_sums(const u8 *windows, const i64 *order, ptrdiff_t height, ptrdiff_t width, ptrdiff_t planes, int tilted,
                      u32 *out) {
    const ptrdiff_t pitch = width + 1, corners = (height + 1) * pitch;
    u32 *upright = calloc((size_t)(2 * corners + 2 * pitch), sizeof *upright), *cones = upright + corners;
    if (!upright) return 0;
    for (ptrdiff_t k = 0; k < BOOST_GROUP; k++) {
        if (order[k] < 0) {
            for (ptrdiff_t i = 0; i < planes; i++) out[i * BOOST_GROUP + k] = 0;
            continue;
        }
        const u8 *window = windows + order[k] * height * width;
        for (ptrdiff_t y = 0; y < height; y++) {
            u32 sum = 0, *row = upright + (y + 1) * pitch + 1;
            for (ptrdiff_t x = 0; x < width; x++) {
                sum += window[y * width + x];
                row[x] = row[x - pitch] + sum;
            }
        }
        for (ptrdiff_t i = 0; i < corners; i++) out[i * BOOST_GROUP + k] = upright[i];
        if (!tilted) continue;
        u32 *diagonals = cones + corners;
        memset(diagonals, 0, (size_t)(width + 2) * sizeof *diagonals);
        tilted_u8_u32(window, width, cones + pitch, height, width, 1, 0, diagonals);
        for (ptrdiff_t i = 0; i < corners; i++) out[(corners + i) * BOOST_GROUP + k] = cones[i];
    }
    free(upright);
    return 1;
}

#endif
