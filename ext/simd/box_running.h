/* Box means and sums of integer images whose windows sum up within 32 bits: running sums down and along. */
#ifndef LEVEL
#include "simd/box_columns.h"
#include "simd/box_sliding.h"
#define SIMD_SOURCE "simd/box_running.h"
#include "simd/levels.h"

/* Rows [y0, y1) of the means (the dtype of the image) or sums (u32) of samples of `sample_size` bytes. Windows sum up
   below 2^32, and for means plan_division found a multiplier of 32 bits. False where memory is short. */
DISPATCH(int, box_running, (const Box *box, const Division *division, int sample_size, ptrdiff_t y0, ptrdiff_t y1),
         (box, division, sample_size, y0, y1))

#else

static int FN(box_running)(const Box *box, const Division *division, int sample_size, ptrdiff_t y0, ptrdiff_t y1) {
    const ptrdiff_t n = box_samples(box), reach = box->rx * box->channels, height = 2 * box->ry + 1;
    const int size = sample_size == 1 && height <= 257 ? 2 : 4;
    const int output = !box->normalize ? BOX_SUM_U32 : sample_size == 1 ? BOX_MEAN_U8 : BOX_MEAN_U16;
    const size_t length = (size_t)(n + 2 * reach) + 4 + 32;
    char *memory = calloc(length * (size_t)size + (size_t)(n * sample_size), 1);
    if (!memory) return 0;
    char *sums = memory + 4 * size, *inside = sums + reach * size, *fill_row = memory + length * (size_t)size;
    union {
        u16 half[4];
        u32 whole[4];
    } fill;
    const u32 fill_sum = (u32)((f64)height * box->fill);
    for (int c = 0; c < 4; c++)
        if (size == 2) fill.half[c] = (u16)(fill_sum ^ BOX_BIAS);
        else fill.whole[c] = fill_sum;
    fill_samples(fill_row, n, box->fill, (size_t)sample_size);
    if (size == 2)
        for (ptrdiff_t i = 0; i < n; i++) ((u16 *)inside)[i] = BOX_BIAS;
    for (ptrdiff_t y = y0; y < y1; y++) {
        FN(next_sums)(box, inside, y, y0, fill_row, sample_size, size);
        extend_row(inside, box->width, box->columns, box->rx, box->rx, &fill, (size_t)(size * box->channels));
        FN(sliding_row)(sums, n, 2 * box->rx + 1, size, box->channels, output, division, box_output(box, y));
    }
    free(memory);
    return 1;
}
#endif
