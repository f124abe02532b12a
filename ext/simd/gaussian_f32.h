/* Gaussian blur and unsharp mask in float32, of float32 and of 16-bit samples less 32768.

   The kernel is folded: w[0] a[0] + sum w[k] (a[-k] + a[k]), the pairs from the outermost inwards in groups of 16, each of
   which is added to the total, so that few roundings are as large as the result. The order is the same for every sample, level
   and vector width, and left and right count alike. */
#ifndef LEVEL
#ifndef IMGPROC_GAUSSIAN_F32_H
#define IMGPROC_GAUSSIAN_F32_H
#include "simd/gaussian.h"

#define GAUSSIAN_GROUP 16
#define GAUSSIAN_FEW 4

#define SIMD_SOURCE "simd/gaussian_f32.h"
#include "simd/levels.h"

/* `vertical` and `horizontal` hold the weights from the centre outwards, radius + 1 of them.
   0, or -1 where there is no memory; then nothing was written. */
DISPATCH(int, gaussian_f32, (const GaussianJob *job, const f32 *vertical, const f32 *horizontal), (job, vertical, horizontal))
DISPATCH(int, gaussian_u16, (const GaussianJob *job, const f32 *vertical, const f32 *horizontal), (job, vertical, horizontal))
#endif

#else

#if LEVEL == LEVEL_AVX512
#define BYTES 64
#elif LEVEL == LEVEL_AVX2
#define BYTES 32
#else
#define BYTES 16
#endif
#if defined(__GNUC__)
typedef f32 FN(floats) __attribute__((vector_size(BYTES)));
typedef f32 FN(floats_at) __attribute__((vector_size(BYTES), aligned(4), may_alias));
#else
typedef f32 FN(floats), FN(floats_at);
#endif
#undef BYTES
#define LANES ((ptrdiff_t)(sizeof(FN(floats)) / 4))
#define CHUNK (4 * LANES)

INLINE FN(floats) FN(load_floats)(const f32 *p) {
    return *(const FN(floats_at) *)(const void *)p;
}

/* Four vectors of w (a[-k] + a[k]). */
INLINE void FN(pair_products)(const f32 *before, const f32 *after, f32 weight, FN(floats) *products) {
    for (int b = 0; b < 4; b++)
        products[b] = (FN(load_floats)(before + b * LANES) + FN(load_floats)(after + b * LANES)) * weight;
}

/* CHUNK sums of samples `step` apart around `centre`. */
INLINE void FN(weighted_sums)(const f32 *centre, ptrdiff_t step, const f32 *weights, ptrdiff_t radius, f32 *sums) {
    FN(floats) total[4], part[4], products[4];
    for (int b = 0; b < 4; b++) total[b] = FN(load_floats)(centre + b * LANES) * weights[0];
    for (ptrdiff_t k = radius; k > 0;) {
        const ptrdiff_t end = k > GAUSSIAN_GROUP ? k - GAUSSIAN_GROUP : 0;
        FN(pair_products)(centre - k * step, centre + k * step, weights[k], part);
        for (k--; k > end; k--) {
            FN(pair_products)(centre - k * step, centre + k * step, weights[k], products);
            for (int b = 0; b < 4; b++) part[b] += products[b];
        }
        for (int b = 0; b < 4; b++) total[b] += part[b];
    }
    for (int b = 0; b < 4; b++) *(FN(floats_at) *)(void *)(sums + b * LANES) = total[b];
}

/* The same for weights that sum to 1, as centre + sum w[k] ((a[-k] - centre) + (a[k] - centre)): of a few neighbours more
   precise, because only the last addition rounds as coarsely as the result. */
INLINE void FN(weighted_differences)(const f32 *centre, ptrdiff_t step, const f32 *weights, ptrdiff_t radius, f32 *sums) {
    FN(floats) total[4], middle[4];
    for (int b = 0; b < 4; b++) total[b] = middle[b] = FN(load_floats)(centre + b * LANES);
    for (ptrdiff_t k = radius; k > 0; k--) {
        const f32 *before = centre - k * step, *after = centre + k * step;
        for (int b = 0; b < 4; b++) {
            const FN(floats) one = FN(load_floats)(before + b * LANES) - middle[b];
            const FN(floats) product = (one + (FN(load_floats)(after + b * LANES) - middle[b])) * weights[k];
            total[b] = k == radius ? product : total[b] + product;
        }
    }
    if (radius > 0)
        for (int b = 0; b < 4; b++) total[b] += middle[b];
    for (int b = 0; b < 4; b++) *(FN(floats_at) *)(void *)(sums + b * LANES) = total[b];
}

INLINE void FN(blur_any)(const f32 *centre, ptrdiff_t step, const f32 *weights, ptrdiff_t radius, f32 *sums, const int size) {
    if (size == 2 && radius <= GAUSSIAN_FEW) FN(weighted_differences)(centre, step, weights, radius, sums);
    else FN(weighted_sums)(centre, step, weights, radius, sums);
}

/* A constant radius lets the compiler unroll: worth a third of the time of small ones. */
INLINE void FN(blur_chunk)(const f32 *centre, ptrdiff_t step, const f32 *weights, ptrdiff_t radius, f32 *sums, const int size) {
    switch (radius) {
    case 2: FN(blur_any)(centre, step, weights, 2, sums, size); break;
    case 3: FN(blur_any)(centre, step, weights, 3, sums, size); break;
    case 4: FN(blur_any)(centre, step, weights, 4, sums, size); break;
    default: FN(blur_any)(centre, step, weights, radius, sums, size);
    }
}

/* Samples of a source row as float32; those of 16 bits are centred, for one bit more of precision. */
static void FN(load_strip)(const void *src, f32 *dst, ptrdiff_t n, const int size) {
    if (size == 4) { /* not by memcpy, which compilers turn into a slow string instruction here */
        const f32 *samples = src;
        ptrdiff_t i = 0;
        for (; i + LANES <= n; i += LANES) *(FN(floats_at) *)(void *)(dst + i) = FN(load_floats)(samples + i);
        for (; i < n; i++) dst[i] = samples[i];
        return;
    }
    const u16 *samples = src;
    for (ptrdiff_t i = 0; i < n; i++) dst[i] = (f32)samples[i] - 32768.0f;
}

/* The final step for n samples; blurred and dst do not overlap. */
INLINE void FN(finish)(const f32 *blurred, const void *src, void *dst, ptrdiff_t n, const GaussianJob *job, const int size) {
    if (size == 4) {
        const f32 *image = src;
        f32 *out = dst;
        for (ptrdiff_t i = 0; i < n; i++)
            out[i] = job->sharpen ? image[i] + job->amount * (image[i] - blurred[i]) : blurred[i];
        return;
    }
    const u16 *image = src;
    u16 *out = dst;
    for (ptrdiff_t i = 0; i < n; i++) {
        f32 v = blurred[i];
        u32 word;
        if (job->sharpen) {
            const f32 centred = (f32)image[i] - 32768.0f;
            v = centred + job->amount * (centred - v);
        }
        v = v > -32768.0f ? v : -32768.0f;
        v = (v < 32767.0f ? v : 32767.0f) + 12582912.0f; /* the integer, rounded half to even, in the low bits */
        memcpy(&word, &v, 4);
        out[i] = (u16)(word + 32768u);
    }
}

static void FN(horizontal_floats)(const f32 *row, const f32 *weights, const GaussianJob *job, ptrdiff_t y, const int size) {
    const ptrdiff_t n = job->width * job->channels;
    const char *src = (const char *)job->src + y * job->src_stride;
    char *dst = (char *)job->dst + y * job->dst_stride;
    ptrdiff_t x = 0;
    f32 sums[4 * sizeof(FN(floats)) / 4];
    for (; x + CHUNK <= n; x += CHUNK) {
        if (size == 4 && !job->sharpen) {
            prefetch_write(dst + x * 4, 4 * CHUNK);
            FN(blur_chunk)(row + x, job->channels, weights, job->rx, (f32 *)(void *)(dst + x * 4), size);
        } else {
            FN(blur_chunk)(row + x, job->channels, weights, job->rx, sums, size);
            FN(finish)(sums, src + x * size, dst + x * size, CHUNK, job, size);
        }
    }
    if (x < n) {
        FN(blur_chunk)(row + x, job->channels, weights, job->rx, sums, size);
        FN(finish)(sums, src + x * size, dst + x * size, n - x, job, size);
    }
}

/* Whether the vertical pass may read the image itself: few rows, none of them from a border, of a stride that does not
   bring them all into the same cache sets. */
INLINE int FN(reads_image)(const GaussianJob *job, ptrdiff_t y, ptrdiff_t rows) {
    return job->ry <= GAUSSIAN_FEW && job->width * job->channels >= CHUNK && job->src_stride % 4096 != 0 &&
           y >= job->ry && job->rows[y] == y - job->ry &&
           job->rows[y + rows - 1 + 2 * job->ry] == y + rows - 1 + job->ry;
}

INLINE int FN(gaussian_floats)(const GaussianJob *job, const f32 *vertical, const f32 *horizontal, const int size) {
    const ptrdiff_t n = job->width * job->channels, ry = job->ry, lead = job->rx * job->channels;
    const ptrdiff_t row_pitch = gaussian_pitch(job), strip_pitch = GAUSSIAN_STRIP + 16;
    const ptrdiff_t block_rows = gaussian_block(ry);
    const size_t strip_bytes = (size_t)((block_rows + 2 * ry) * strip_pitch) * 4;
    const f32 fill = size == 4 ? job->fill : job->fill - 32768.0f;
    const f32 fill_pixel[4] = {fill, fill, fill, fill};
    void *block;
    char *memory = gaussian_memory(strip_bytes + (size_t)(block_rows * row_pitch) * 4, &block);
    if (!memory) return -1;
    f32 *strip = (f32 *)memory, *intermediate = (f32 *)(memory + strip_bytes);

    for (ptrdiff_t y = job->y0; y < job->y1; y += block_rows) {
        const ptrdiff_t rows = gaussian_min(block_rows, job->y1 - y);
        const int direct = size == 4 && FN(reads_image)(job, y, rows);
        for (ptrdiff_t j = 0; direct && j < n; j += CHUNK) {
            const ptrdiff_t x = gaussian_min(j, n - CHUNK);
            const f32 *src = (const f32 *)(const void *)((const char *)job->src + y * job->src_stride) + x;
            for (ptrdiff_t q = 0; q < rows; q++) {
                prefetch_read((const char *)src + (q + ry) * job->src_stride, 4 * CHUNK);
                FN(blur_chunk)(src + q * (job->src_stride / 4), job->src_stride / 4, vertical, ry,
                               intermediate + q * row_pitch + lead + x, size);
            }
        }
        for (ptrdiff_t x = 0; !direct && x < n; x += GAUSSIAN_STRIP) {
            const ptrdiff_t columns = gaussian_min(GAUSSIAN_STRIP, n - x);
            for (ptrdiff_t i = 0; i < rows + 2 * ry; i++) {
                const i64 row = job->rows[y + i];
                f32 *to = strip + i * strip_pitch;
                if (row >= 0) FN(load_strip)((const char *)job->src + row * job->src_stride + x * size, to, columns, size);
                else
                    for (ptrdiff_t j = 0; j < columns; j++) to[j] = fill;
            }
            for (ptrdiff_t j = 0; j < columns; j += CHUNK)
                for (ptrdiff_t q = 0; q < rows; q++)
                    FN(blur_chunk)(strip + (q + ry) * strip_pitch + j, strip_pitch, vertical, ry,
                                   intermediate + q * row_pitch + lead + x + j, size);
        }
        for (ptrdiff_t q = 0; q < rows; q++) {
            f32 *row = intermediate + q * row_pitch + lead;
            extend_row(row, job->width, job->columns, job->rx, job->rx, fill_pixel, (size_t)job->channels * 4);
            FN(horizontal_floats)(row, horizontal, job, y + q, size);
        }
    }
    free(block);
    return 0;
}

static int FN(gaussian_f32)(const GaussianJob *job, const f32 *vertical, const f32 *horizontal) {
    return FN(gaussian_floats)(job, vertical, horizontal, 4);
}

static int FN(gaussian_u16)(const GaussianJob *job, const f32 *vertical, const f32 *horizontal) {
    return FN(gaussian_floats)(job, vertical, horizontal, 2);
}

#undef LANES
#undef CHUNK
#endif
