/* Depth probes: the difference of two depths whose places shift with the depth of the pixel itself,

       f(x) = D[x + u / D[x]] - D[x + v / D[x]]

   (Shotton et al. 2011, equation 1), offsets rounded to whole pixels, half to even. Images are prepared: depth in metres, a
   large constant wherever there is no reading, and the same constant one cell before the first pixel, which stands for all
   that lies outside. */
#ifndef LEVEL
typedef struct {
    const f32 *pixels; /* the first; pixels[-1] is the constant */
    i32 height, width;
} Depth;

/* A node of a tree; its children are left and left + 1, and a leaf has ~left for its row of probabilities. */
typedef struct {
    f32 u_row, u_column, v_row, v_column, threshold;
    i32 left;
} ForestNode;

/* Where a probe looks, relative to the first pixel. */
INLINE i32 probe(i32 height, i32 width, f32 row, f32 column, f32 row_offset, f32 column_offset, f32 inverse) {
    /* Adding 1.5 2^23 rounds to whole numbers. Offsets beyond 2^20 pixels are outside of any image. */
    const f32 r = row_offset * inverse, c = column_offset * inverse;
    const f32 y = row + ((r + 12582912.0f) - 12582912.0f), x = column + ((c + 12582912.0f) - 12582912.0f);
    const int inside = (y >= 0) & (y < (f32)height) & (x >= 0) & (x < (f32)width);
    return inside ? (i32)y * width + (i32)x : -1;
}

#define SIMD_SOURCE "simd/forest.h"
#include "simd/levels.h"
/* Values of `count` features, given as rows of four offsets one array each, at one pixel. */
DISPATCH(void, probe_features, (const Depth *image, i32 row, i32 column, const f32 *const offsets[4], ptrdiff_t count, f32 *values), (image, row, column, offsets, count, values))
/* For each of n <= 64 pixels the sum of the leaves it reaches in `trees` trees, times scale. */
DISPATCH(void, forest_pixels, (const Depth *image, const i32 *rows, const i32 *columns, ptrdiff_t n, const ForestNode *const *trees, const f32 *const *leaves, int count, int parts, f32 scale, f32 *out), (image, rows, columns, n, trees, leaves, count, parts, scale, out))
#else

enum { FN(block) = 64 };

static void FN(probe_features)(const Depth *image, i32 row, i32 column, const f32 *const offsets[4], ptrdiff_t count, f32 *values) {
    const f32 *pixels = image->pixels, inverse = 1.0f / pixels[(ptrdiff_t)row * image->width + column];
    const i32 height = image->height, width = image->width;
    i32 first[FN(block)], second[FN(block)];
    for (ptrdiff_t at = 0; at < count; at += FN(block)) {
        const ptrdiff_t n = count - at < FN(block) ? count - at : FN(block);
        const f32 *ur = offsets[0] + at, *uc = offsets[1] + at, *vr = offsets[2] + at, *vc = offsets[3] + at;
        for (ptrdiff_t i = 0; i < n; i++) first[i] = probe(height, width, (f32)row, (f32)column, ur[i], uc[i], inverse);
        for (ptrdiff_t i = 0; i < n; i++) second[i] = probe(height, width, (f32)row, (f32)column, vr[i], vc[i], inverse);
        for (ptrdiff_t i = 0; i < n; i++) values[at + i] = pixels[first[i]] - pixels[second[i]];
    }
}

static void FN(forest_pixels)(const Depth *image, const i32 *rows, const i32 *columns, ptrdiff_t n, const ForestNode *const *trees, const f32 *const *leaves, int count, int parts, f32 scale, f32 *out) {
    const f32 *pixels = image->pixels;
    const i32 height = image->height, width = image->width;
    f32 inverse[64], row[64], column[64], near[64], r[64], c[64], ur[64], uc[64], vr[64], vc[64], threshold[64];
    i32 node[64], open[64], left[64], first[64], second[64];
    for (ptrdiff_t i = 0; i < n; i++) {
        inverse[i] = 1.0f / pixels[(ptrdiff_t)rows[i] * width + columns[i]];
        row[i] = (f32)rows[i], column[i] = (f32)columns[i];
    }
    for (ptrdiff_t i = 0; i < n * parts; i++) out[i] = 0;
    for (int t = 0; t < count; t++) {
        const ForestNode *tree = trees[t];
        for (ptrdiff_t i = 0; i < n; i++) node[i] = 0, open[i] = (i32)i;
        /* All pixels go down one level before any goes down the next, so that their waits for memory overlap, and in three
           passes: the nodes of those that are not at a leaf, their probes in vectors, their way. */
        for (ptrdiff_t going = n; going;) {
            ptrdiff_t still = 0;
            for (ptrdiff_t j = 0; j < going; j++) {
                const i32 i = open[j];
                const ForestNode *at = &tree[node[i]];
                open[still] = i, left[still] = at->left, threshold[still] = at->threshold;
                ur[still] = at->u_row, uc[still] = at->u_column, vr[still] = at->v_row, vc[still] = at->v_column;
                r[still] = row[i], c[still] = column[i], near[still] = inverse[i];
                still += at->left >= 0;
            }
            going = still;
            for (ptrdiff_t j = 0; j < going; j++) first[j] = probe(height, width, r[j], c[j], ur[j], uc[j], near[j]);
            for (ptrdiff_t j = 0; j < going; j++) second[j] = probe(height, width, r[j], c[j], vr[j], vc[j], near[j]);
            for (ptrdiff_t j = 0; j < going; j++) node[open[j]] = left[j] + (pixels[first[j]] - pixels[second[j]] >= threshold[j]);
        }
        for (ptrdiff_t i = 0; i < n; i++) {
            const f32 *leaf = leaves[t] + (ptrdiff_t)~tree[node[i]].left * parts;
            for (int c = 0; c < parts; c++) out[i * parts + c] += leaf[c];
        }
    }
    for (ptrdiff_t i = 0; i < n * parts; i++) out[i] *= scale;
}
#endif
