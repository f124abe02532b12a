/* Gaussian blur and unsharp mask of 8-bit samples.

   Weights are 16-bit integers that sum to 2^bits. Two samples that meet two neighbouring weights stand in one 32-bit
   word, and one instruction multiplies both and adds: rows are paired before the vertical pass, neighbours in a row are
   paired as they are. The intermediate is (value - 128) 2^fraction in 16 bits. All sums are modulo 2^32, and the final
   ones, value 2^(fraction + bits) below 2^32, come out right because the 128 is put back modulo 2^32 too.

   The centre of a narrow kernel may weigh more than 16 signed bits hold; the rest of it is one step more.

   Where that would misround too many samples, the finer way is taken: vertical weights of 24 bits, in two steps, and a
   float32 intermediate and horizontal pass. Its values are within 1e-3 of the exact ones. */
#ifndef LEVEL
#ifndef IMGPROC_GAUSSIAN_U8_H
#define IMGPROC_GAUSSIAN_U8_H
#include "simd/gaussian_across.h"
#include "simd/gaussian_floats.h"

#define SIMD_SOURCE "simd/gaussian_u8.h"
#include "simd/levels.h"

/* Of `pairs` the horizontal weights are used where `floats` is NULL; else these are, from the centre outwards, and the vertical
   weights have 24 bits. 0, or -1 where there is no memory; then nothing was written. */
DISPATCH(int, gaussian_u8, (const GaussianJob *job, const GaussianPairs *pairs, const f32 *floats), (job, pairs, floats))
#endif

#else

static int FN(gaussian_u8)(const GaussianJob *job, const GaussianPairs *taps, const f32 *floats) {
    const ptrdiff_t n = job->width * job->channels, ry = job->ry, lead = job->rx * job->channels;
    const ptrdiff_t row_pitch = gaussian_pitch(job), block_rows = gaussian_block(ry);
    const ptrdiff_t size = floats ? 4 : 2; /* of an intermediate sample */
    const size_t pair_bytes = (size_t)((block_rows / 2 + ry + 1) * GAUSSIAN_PAIR_PITCH) * 4;
    const size_t row_bytes = (size_t)(block_rows * row_pitch * size), spare_bytes = (size_t)(row_pitch + 16) * 4;
    void *block;
    char *memory = gaussian_memory(pair_bytes + row_bytes + spare_bytes + GAUSSIAN_STRIP, &block);
    if (!memory) return -1;
    u32 *pairs = (u32 *)memory;
    char *intermediate = memory + pair_bytes, *spare = intermediate + row_bytes;
    u8 *fill_row = (u8 *)spare + spare_bytes;
    memset(fill_row, (int)job->fill, GAUSSIAN_STRIP);
    i16 fill_pixel[4];
    f32 fill_floats[4];
    for (int c = 0; c < 4; c++) {
        fill_floats[c] = job->fill - 128;
        fill_pixel[c] = (i16)(((int)job->fill - 128) * (1 << taps->fraction));
    }
    for (ptrdiff_t y = job->y0; y < job->y1; y += block_rows) {
        const ptrdiff_t rows = gaussian_min(block_rows, job->y1 - y);
        for (ptrdiff_t x = 0; x < n; x += GAUSSIAN_STRIP) {
            const ptrdiff_t columns = gaussian_min(GAUSSIAN_STRIP, n - x);
            char *to = intermediate + (lead + x) * size;
            FN(pair_strip)(job, y, rows + 2 * ry, x, columns, fill_row, pairs);
            if (floats) FN(vertical_strip_fine)(pairs, job, taps, (f32 *)(void *)to, row_pitch, columns);
            else FN(vertical_strip)(pairs, job, taps, (i16 *)(void *)to, row_pitch, columns);
        }
        for (ptrdiff_t q = 0; q < rows; q++) {
            char *row = intermediate + q * row_pitch * size, *inner = row + lead * size;
            extend_row(inner, job->width, job->columns, job->rx, job->rx, floats ? (const void *)fill_floats : fill_pixel,
                       (size_t)(job->channels * size));
            if (floats) FN(horizontal_floats)((const f32 *)(const void *)inner, (f32 *)(void *)spare, floats, job, y + q, 1);
            else FN(horizontal_row)((const i16 *)(const void *)row, (u32 *)(void *)spare, job, taps, y + q);
        }
    }
    free(block);
    return 0;
}

#endif
