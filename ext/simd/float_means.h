/* Channel statistics of RGB and RGBA images of floats, in float64; alpha never counts.

   A block of rows gives one partial result. Within it samples join fixed lanes in a fixed order, and the caller joins
   the blocks in order: the bits depend on the image alone.

   A pixel counts where its colours are finite, mask != 0 (any where mask is NULL) and, with saturation below 1,
   max > 0 and (max - min) / max <= saturation. */
#ifndef LEVEL
#include "simd/common.h"

typedef struct {
    const f32 *src;
    const u8 *mask;
    ptrdiff_t rows, n, stride, mask_stride; /* n pixels a row; strides in bytes */
    int channels;
    f64 saturation;
} float_block;

#define SIMD_SOURCE "simd/float_means.h"
#include "simd/levels.h"

/* sums[c] of the block. */
DISPATCH(void, sums_f32, (const float_block *block, f64 *sums), (block, sums))
/* peaks[c]: the largest absolute value. */
DISPATCH(void, peaks_f32, (const float_block *block, f64 *peaks), (block, peaks))
/* sums[c] of (|sample| * scale[c]) ** power. */
DISPATCH(void, powers_f32, (const float_block *block, const f64 *scale, f64 power, f64 *sums), (block, scale, power, sums))

#else

enum { FN(PLANE) = 64, FN(LANES) = 48 };

/* Up to 64 pixels by channel; 0 where a pixel does not count, and behind the last one. */
INLINE void FN(counted_planes)(const float_block *block, ptrdiff_t y, ptrdiff_t x, f32 (*plane)[FN(PLANE)]) {
    const f32 *src = (const f32 *)((const char *)block->src + y * block->stride) + x * block->channels;
    const u8 *mask = block->mask ? block->mask + y * block->mask_stride + x : NULL;
    const int m = block->n - x < FN(PLANE) ? (int)(block->n - x) : FN(PLANE);
    for (int c = 0; c < 3; c++)
        for (int k = m; k < FN(PLANE); k++) plane[c][k] = 0;
    if (block->channels == 3) {
        for (int k = 0; k < m; k++)
            for (int c = 0; c < 3; c++) plane[c][k] = src[3 * k + c];
    } else {
        for (int k = 0; k < m; k++)
            for (int c = 0; c < 3; c++) plane[c][k] = src[4 * k + c];
    }
    for (int k = 0; k < FN(PLANE); k++) {
        const f32 r = plane[0][k], g = plane[1][k], b = plane[2][k];
        const int finite = (r - r == 0) & (g - g == 0) & (b - b == 0);
        plane[0][k] = finite ? r : 0;
        plane[1][k] = finite ? g : 0;
        plane[2][k] = finite ? b : 0;
    }
    if (mask)
        for (int k = 0; k < m; k++)
            for (int c = 0; c < 3; c++) plane[c][k] = mask[k] ? plane[c][k] : 0;
    if (block->saturation < 1)
        for (int k = 0; k < FN(PLANE); k++) {
            const f32 r = plane[0][k], g = plane[1][k], b = plane[2][k];
            f32 high = r > g ? r : g, low = r < g ? r : g;
            high = high > b ? high : b;
            low = low < b ? low : b;
            const int counts = (high > 0) & (((f64)high - low) / (high > 0 ? high : 1) <= block->saturation);
            plane[0][k] = counts ? r : 0;
            plane[1][k] = counts ? g : 0;
            plane[2][k] = counts ? b : 0;
        }
}

/* Lane k holds channel k % channels. */
INLINE void FN(lane_sums)(const float_block *block, int channels, f64 *sums) {
    f64 lanes[FN(LANES)] = {0};
    for (ptrdiff_t y = 0; y < block->rows; y++) {
        const f32 *src = (const f32 *)((const char *)block->src + y * block->stride);
        ptrdiff_t size = block->n * channels, i = 0;
        for (; i + FN(LANES) <= size; i += FN(LANES))
            for (int k = 0; k < FN(LANES); k++) lanes[k] += src[i + k];
        for (int k = 0; k < size - i; k++) lanes[k] += src[i + k];
    }
    for (int c = 0; c < 3; c++) {
        sums[c] = 0;
        for (int k = c; k < FN(LANES); k += channels) sums[c] += lanes[k];
    }
}

static void FN(sums_f32)(const float_block *block, f64 *sums) {
    f32 plane[3][FN(PLANE)];
    f64 lanes[3][8] = {{0}};
    if (!block->mask && block->saturation >= 1) {
        if (block->channels == 3) FN(lane_sums)(block, 3, sums);
        else FN(lane_sums)(block, 4, sums);
        /* Finite sums mean that every sample was: float64 holds any sum of floats. */
        if (isfinite(sums[0]) && isfinite(sums[1]) && isfinite(sums[2])) return;
    }
    for (ptrdiff_t y = 0; y < block->rows; y++)
        for (ptrdiff_t x = 0; x < block->n; x += FN(PLANE)) {
            FN(counted_planes)(block, y, x, plane);
            for (int c = 0; c < 3; c++)
                for (int k = 0; k < FN(PLANE); k += 8)
                    for (int j = 0; j < 8; j++) lanes[c][j] += plane[c][k + j];
        }
    for (int c = 0; c < 3; c++) {
        sums[c] = 0;
        for (int j = 0; j < 8; j++) sums[c] += lanes[c][j];
    }
}

static void FN(peaks_f32)(const float_block *block, f64 *peaks) {
    f32 plane[3][FN(PLANE)], high[3][FN(PLANE)] = {{0}};
    for (ptrdiff_t y = 0; y < block->rows; y++)
        for (ptrdiff_t x = 0; x < block->n; x += FN(PLANE)) {
            FN(counted_planes)(block, y, x, plane);
            for (int c = 0; c < 3; c++)
                for (int k = 0; k < FN(PLANE); k++) {
                    const f32 v = fabsf(plane[c][k]);
                    high[c][k] = v > high[c][k] ? v : high[c][k];
                }
        }
    for (int c = 0; c < 3; c++) {
        peaks[c] = 0;
        for (int k = 0; k < FN(PLANE); k++) peaks[c] = high[c][k] > peaks[c] ? high[c][k] : peaks[c];
    }
}

static void FN(powers_f32)(const float_block *block, const f64 *scale, f64 power, f64 *sums) {
    f32 plane[3][FN(PLANE)];
    f64 lanes[3][8] = {{0}};
    const int whole = power <= 1024 && power == (int)power ? (int)power : 0;
    for (ptrdiff_t y = 0; y < block->rows; y++)
        for (ptrdiff_t x = 0; x < block->n; x += FN(PLANE)) {
            FN(counted_planes)(block, y, x, plane);
            for (int c = 0; c < 3; c++) {
                f64 base[FN(PLANE)], result[FN(PLANE)];
                for (int k = 0; k < FN(PLANE); k++) {
                    base[k] = fabs(plane[c][k] * scale[c]);
                    result[k] = 1;
                }
                if (!whole)
                    for (int k = 0; k < FN(PLANE); k++) result[k] = pow(base[k], power);
                for (int rest = whole; rest > 0; rest >>= 1) {
                    if (rest & 1)
                        for (int k = 0; k < FN(PLANE); k++) result[k] *= base[k];
                    for (int k = 0; k < FN(PLANE); k++) base[k] *= base[k];
                }
                for (int k = 0; k < FN(PLANE); k += 8)
                    for (int j = 0; j < 8; j++) lanes[c][j] += result[k + j];
            }
        }
    for (int c = 0; c < 3; c++) {
        sums[c] = 0;
        for (int j = 0; j < 8; j++) sums[c] += lanes[c][j];
    }
}

#endif
