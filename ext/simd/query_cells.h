/* Masks of queries between the samples a network gives: what the kernels of query_masks share.

   A cell is what lies between four neighbouring samples, and the pixels of the image whose centres are in it. Interpolated
   values lie between those at its corners, and scores grow with them, so that the corners bound every score in the cell. */
#ifndef IMGPROC_QUERY_CELLS_H
#define IMGPROC_QUERY_CELLS_H
#include "simd/common.h"

/* Pixels of a cell are taken row after row in blocks of so many; cells have at most MOST of them. */
enum { BLOCK = 16, MOST = 1024 };

/* Whether logits become probabilities after they are interpolated, or before. */
enum { LOGITS = 0, CHANCES = 1 };

/* Runs of pixels between the same two samples, three numbers each: the first sample, first pixel, last pixel + 1; and what
   the second sample counts at each pixel. */
typedef struct {
    const i32 *runs;
    const f32 *weights;
    ptrdiff_t count, size; /* of runs; of samples */
} Axis;

/* Values of query q at row y: values + q * plane + y * row. */
typedef struct {
    const f32 *values;
    ptrdiff_t plane, row;
    Axis down, across;
} Grid;

/* Bounds are widened by this share of themselves. It covers the roundings of interpolation, which may leave the range of
   the corners by 2^-21 of it, where a logit of 60 is off by 3e-5, and those of exp_minus. */
#define SLACK 1e-4f

/* e^-x for x limited to -60 .. 60, within 2 units in the last place; coefficients of Cephes' expf. */
INLINE f32 exp_minus(f32 x) {
    const f32 t = x > -60 ? (x < 60 ? -x : -60.0f) : 60.0f, shifted = t * 1.44269504f + 12582912.0f;
    const f32 whole = shifted - 12582912.0f; /* rounded: 1.5 * 2^23 leaves no digits behind the point */
    const f32 r = t - whole * 0.693359375f - whole * -2.12194440e-4f;
    f32 p = 1.9875691500e-4f, power;
    u32 bits;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    memcpy(&bits, &shifted, 4);
    bits = (bits + 127) << 23; /* the bits above the integer are shifted out */
    memcpy(&power, &bits, 4);
    return p * power;
}

/* A row of samples, with the last one twice: e^-value of logits, or their probability. */
INLINE void soft_row(const f32 *values, f32 *restrict soft, ptrdiff_t width, int kind) {
    if (kind == LOGITS)
        for (ptrdiff_t x = 0; x < width; x++) soft[x] = exp_minus(values[x]);
    else
        for (ptrdiff_t x = 0; x < width; x++) soft[x] = 1.0f / (1.0f + exp_minus(values[x]));
    soft[width] = soft[width - 1];
}

INLINE ptrdiff_t next_sample(const Axis *axis, ptrdiff_t low) { return low + 1 < axis->size ? low + 1 : low; }

/* The rows of samples about a row of cells, soft, one of each query (of `chosen`, if there is any); rows that are held stay. */
INLINE void hold_rows(const Grid *grid, const i64 *chosen, ptrdiff_t count, int kind, ptrdiff_t low, f32 **soft, ptrdiff_t *held,
                      ptrdiff_t stride) {
    const ptrdiff_t wanted[2] = {low, next_sample(&grid->down, low)};
    if (held[1] == low && held[0] != low) { /* going down, the second becomes the first */
        f32 *second = soft[1];
        soft[1] = soft[0], soft[0] = second;
        held[1] = held[0], held[0] = low;
    }
    for (int i = 0; i < 2; i++) {
        for (ptrdiff_t k = 0; k < count && held[i] != wanted[i]; k++)
            soft_row(grid->values + (chosen ? chosen[k] : k) * grid->plane + wanted[i] * grid->row, soft[i] + k * stride,
                     grid->across.size, kind);
        held[i] = wanted[i];
    }
}

/* The least and the greatest corner of each cell between two such rows. */
INLINE void corner_bounds(const f32 *a, const f32 *b, f32 *restrict least, f32 *restrict most, ptrdiff_t width) {
    for (ptrdiff_t x = 0; x < width; x++) {
        const f32 low = a[x] < b[x] ? a[x] : b[x], high = a[x] < b[x] ? b[x] : a[x];
        const f32 low_next = a[x + 1] < b[x + 1] ? a[x + 1] : b[x + 1], high_next = a[x + 1] < b[x + 1] ? b[x + 1] : a[x + 1];
        least[x] = low < low_next ? low : low_next;
        most[x] = high < high_next ? high_next : high;
    }
}

INLINE ptrdiff_t whole_blocks(ptrdiff_t pixels) { return (pixels + BLOCK - 1) / BLOCK * BLOCK; }

/* Weights of the pixels of cells in a row of cells, each cell's row after row and filled up to whole blocks; laid when they
   are asked for. */
typedef struct {
    f32 *u, *v;
    i32 *at, *laid; /* where those of a column begin, and the row of cells for which they are laid */
} Pixels;

/* Zeros where memory is short. */
INLINE Pixels hold_pixels(const Grid *grid, ptrdiff_t n0, ptrdiff_t n1) {
    const size_t columns = (size_t)grid->across.count;
    Pixels pixels = {NULL, NULL, malloc(2 * columns * sizeof(i32)), NULL};
    i32 tallest = 0, at = 0;
    if (!pixels.at) return pixels;
    for (ptrdiff_t i = n0; i < n1; i++) {
        const i32 tall = grid->down.runs[3 * i + 2] - grid->down.runs[3 * i + 1];
        tallest = tall > tallest ? tall : tallest;
    }
    pixels.laid = pixels.at + columns;
    for (size_t i = 0; i < columns; i++) {
        pixels.at[i] = at, pixels.laid[i] = -1;
        at += (i32)whole_blocks((grid->across.runs[3 * i + 2] - grid->across.runs[3 * i + 1]) * tallest);
    }
    pixels.u = malloc(2 * (size_t)at * sizeof(f32));
    pixels.v = pixels.u ? pixels.u + at : NULL;
    return pixels;
}

INLINE void free_pixels(Pixels *pixels) { free(pixels->u), free(pixels->at); }

/* Lays those of a cell, of the column `run` in the row of cells `row`; gives how many there are. */
INLINE ptrdiff_t lay_pixels(const Grid *grid, Pixels *pixels, const i32 *row, ptrdiff_t run) {
    const i32 *column = grid->across.runs + 3 * run;
    const ptrdiff_t wide = column[2] - column[1], n = wide * (row[2] - row[1]);
    f32 *restrict u = pixels->u + pixels->at[run], *restrict v = pixels->v + pixels->at[run];
    if (pixels->laid[run] == row[1]) return n;
    pixels->laid[run] = row[1];
    for (ptrdiff_t y = row[1]; y < row[2]; y++)
        for (ptrdiff_t i = 0; i < wide; i++) *u++ = grid->across.weights[column[1] + i], *v++ = grid->down.weights[y];
    for (ptrdiff_t i = n; i < whole_blocks(n); i++) *u++ = *v++ = 0;
    return n;
}

/* Across first, then down, as torch does it; the order of the corners is that of reading. */
INLINE f32 between_corners(const f32 *corners, f32 u, f32 v) {
    const f32 upper = corners[0] * (1.0f - u) + corners[1] * u, lower = corners[2] * (1.0f - u) + corners[3] * u;
    return upper * (1.0f - v) + lower * v;
}

#endif
