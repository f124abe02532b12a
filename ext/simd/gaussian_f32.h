/* Gaussian blur and unsharp mask in float32, of float32 and of 16-bit samples less 32768. */
#ifndef LEVEL
#ifndef IMGPROC_GAUSSIAN_F32_H
#define IMGPROC_GAUSSIAN_F32_H
#include "simd/gaussian_floats.h"

#define SIMD_SOURCE "simd/gaussian_f32.h"
#include "simd/levels.h"

/* `vertical` and `horizontal` hold the weights from the centre outwards, radius + 1 of them.
   0, or -1 where there is no memory; then nothing was written. */
DISPATCH(int, gaussian_f32, (const GaussianJob *job, const f32 *vertical, const f32 *horizontal), (job, vertical, horizontal))
DISPATCH(int, gaussian_u16, (const GaussianJob *job, const f32 *vertical, const f32 *horizontal), (job, vertical, horizontal))
#endif

#else

/* Whether the vertical pass may read the image itself: not so many rows that they push each other out of the cache, none of
   them from a border, of a stride that does not bring them all into the same cache sets. Copies of the rows of a strip are
   a sixth of the time at sigma 5. */
INLINE int FN(reads_image)(const GaussianJob *job, ptrdiff_t y, ptrdiff_t rows) {
    return job->ry <= 32 && job->width * job->channels >= FLOATS_CHUNK && job->src_stride % 4096 != 0 &&
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
    char *memory = gaussian_memory(strip_bytes + (size_t)((block_rows + 1) * row_pitch + 16) * 4, &block);
    if (!memory) return -1;
    f32 *strip = (f32 *)memory, *intermediate = (f32 *)(memory + strip_bytes);

    for (ptrdiff_t y = job->y0; y < job->y1; y += block_rows) {
        const ptrdiff_t rows = gaussian_min(block_rows, job->y1 - y);
        const int direct = size == 4 && FN(reads_image)(job, y, rows);
        for (ptrdiff_t j = 0; direct && j < n; j += FLOATS_CHUNK) {
            const ptrdiff_t x = gaussian_min(j, n - FLOATS_CHUNK);
            const f32 *src = (const f32 *)(const void *)((const char *)job->src + y * job->src_stride) + x;
            for (ptrdiff_t q = 0; q < rows; q++) prefetch_read((const char *)src + (q + ry) * job->src_stride, 4 * FLOATS_CHUNK);
            FN(blur_rows)(src, job->src_stride / 4, vertical, ry, intermediate + lead + x, row_pitch, rows, size);
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
            for (ptrdiff_t j = 0; j < columns; j += FLOATS_CHUNK)
                FN(blur_rows)(strip + ry * strip_pitch + j, strip_pitch, vertical, ry, intermediate + lead + x + j, row_pitch,
                              rows, size);
        }
        for (ptrdiff_t q = 0; q < rows; q++) {
            f32 *row = intermediate + q * row_pitch + lead;
            extend_row(row, job->width, job->columns, job->rx, job->rx, fill_pixel, (size_t)job->channels * 4);
            FN(horizontal_floats)(row, intermediate + block_rows * row_pitch, horizontal, job, y + q, size);
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

#endif
