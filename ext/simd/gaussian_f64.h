/* Unsharp mask of 16-bit samples in float64, for amounts that would make float32's errors visible. Plain loops over short strips,
   which compilers vectorise; every sample is summed in the same order. */
#ifndef LEVEL
#ifndef IMGPROC_GAUSSIAN_F64_H
#define IMGPROC_GAUSSIAN_F64_H
#include "simd/gaussian.h"

#define SIMD_SOURCE "simd/gaussian_f64.h"
#include "simd/levels.h"

/* `vertical` and `horizontal` hold the weights from the centre outwards, radius + 1 of them.
   0, or -1 where there is no memory; then nothing was written. */
DISPATCH(int, sharpen_u16, (const GaussianJob *job, const f64 *vertical, const f64 *horizontal), (job, vertical, horizontal))
#endif

#else

/* The weights of the samples k and k - 1 away, of the centre once for both its sides; there may be no k - 1. */
INLINE void FN(two_weights)(const f64 *weights, ptrdiff_t k, f64 *two) {
    two[0] = k ? weights[k] : weights[0] / 2;
    two[1] = k > 1 ? weights[k - 1] : k ? weights[0] / 2 : 0.0;
}

/* sums[i] += two[0] (a[i] + b[i]) + two[1] (c[i] + d[i]), one after the other. */
INLINE void FN(add_four_u16)(const u16 *const *rows, const f64 *two, f64 *restrict sums, ptrdiff_t n) {
    const u16 *a = rows[0], *b = rows[1], *c = rows[2], *d = rows[3];
    const f64 outer = two[0], inner = two[1];
    for (ptrdiff_t i = 0; i < n; i++)
        sums[i] = (sums[i] + outer * (f64)((i32)a[i] + (i32)b[i])) + inner * (f64)((i32)c[i] + (i32)d[i]);
}

INLINE void FN(add_four_f64)(const f64 *centre, ptrdiff_t outermost, ptrdiff_t innermost, const f64 *two, f64 *restrict sums,
                             ptrdiff_t n) {
    const f64 *a = centre - outermost, *b = centre + outermost, *c = centre - innermost, *d = centre + innermost;
    const f64 outer = two[0], inner = two[1];
    for (ptrdiff_t i = 0; i < n; i++) sums[i] = (sums[i] + outer * (a[i] + b[i])) + inner * (c[i] + d[i]);
}

INLINE void FN(sharpen_f64)(const u16 *restrict image, const f64 *restrict blurred, f64 amount, u16 *restrict out, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const f64 v = image[i] + amount * (image[i] - blurred[i]);
        out[i] = (u16)(i32)rint(v > 0 ? (v < 65535 ? v : 65535.0) : 0.0);
    }
}

static int FN(sharpen_u16)(const GaussianJob *job, const f64 *vertical, const f64 *horizontal) {
    const ptrdiff_t n = job->width * job->channels, channels = job->channels, lead = job->rx * channels;
    const size_t row_bytes = (size_t)(n + 2 * lead + GAUSSIAN_SLACK) * 8;
    const f64 fill_pixel[4] = {job->fill, job->fill, job->fill, job->fill};
    void *block;
    char *memory = gaussian_memory(row_bytes + GAUSSIAN_STRIP * 2, &block);
    if (!memory) return -1;
    f64 *row = (f64 *)(void *)memory + lead;
    u16 *fill_row = (u16 *)(void *)(memory + row_bytes);
    for (int i = 0; i < GAUSSIAN_STRIP; i++) fill_row[i] = (u16)job->fill;

    for (ptrdiff_t y = job->y0; y < job->y1; y++) {
        for (ptrdiff_t x = 0; x < n; x += GAUSSIAN_STRIP) {
            const ptrdiff_t columns = gaussian_min(GAUSSIAN_STRIP, n - x);
            for (ptrdiff_t i = 0; i < columns; i++) row[x + i] = 0;
            for (ptrdiff_t k = job->ry; k >= 0; k -= 2) {
                const ptrdiff_t next = k > 0 ? k - 1 : 0, places[4] = {-k, k, -next, next};
                const u16 *rows[4];
                f64 two[2];
                for (int i = 0; i < 4; i++)
                    rows[i] = (const u16 *)row_at((const u16 *)job->src + x, job->src_stride, job->rows, y + job->ry + places[i],
                                                  fill_row);
                FN(two_weights)(vertical, k, two);
                FN(add_four_u16)(rows, two, row + x, columns);
            }
        }
        extend_row(row, job->width, job->columns, job->rx, job->rx, fill_pixel, (size_t)channels * 8);
        const u16 *src = (const u16 *)(const void *)((const char *)job->src + y * job->src_stride);
        u16 *dst = (u16 *)(void *)((char *)job->dst + y * job->dst_stride);
        for (ptrdiff_t x = 0; x < n; x += GAUSSIAN_STRIP) {
            const ptrdiff_t columns = gaussian_min(GAUSSIAN_STRIP, n - x);
            f64 blurred[GAUSSIAN_STRIP] = {0};
            for (ptrdiff_t k = job->rx; k >= 0; k -= 2) {
                f64 two[2];
                FN(two_weights)(horizontal, k, two);
                FN(add_four_f64)(row + x, k * channels, (k > 0 ? k - 1 : 0) * channels, two, blurred, columns);
            }
            FN(sharpen_f64)(src + x, blurred, job->amount, dst + x, columns);
        }
    }
    free(block);
    return 0;
}

#endif
