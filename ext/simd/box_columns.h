/* Sums of 2 ry + 1 samples down the columns of uint8 and uint16 images, kept from row to row: exact in any order. */
#ifndef LEVEL
#ifndef IMGPROC_BOX_COLUMNS_H
#define IMGPROC_BOX_COLUMNS_H
#include "simd/box.h"
#define SIMD_SOURCE "simd/box_columns.h"
#include "simd/levels.h"
#endif
#else

#define SLIDING(name, sample, sum)                                                                        \
    INLINE void FN(name)(sum *restrict sums, const sample *restrict in, const sample *restrict out, ptrdiff_t n) { \
        if (out)                                                                                          \
            for (ptrdiff_t i = 0; i < n; i++) sums[i] = (sum)(sums[i] + in[i] - out[i]);                  \
        else                                                                                              \
            for (ptrdiff_t i = 0; i < n; i++) sums[i] = (sum)(sums[i] + in[i]);                           \
    }
SLIDING(slide_u8_u16, u8, u16)
SLIDING(slide_u8_u32, u8, u32)
SLIDING(slide_u16_u32, u16, u32)
#undef SLIDING

/* One row into the sums, and, where `out` is not NULL, one out of them. */
INLINE void FN(slide)(void *sums, const void *in, const void *out, ptrdiff_t n, int sample_size, int sum_size) {
    if (sum_size == 2)
        FN(slide_u8_u16)(sums, in, out, n);
    else if (sample_size == 1)
        FN(slide_u8_u32)(sums, in, out, n);
    else
        FN(slide_u16_u32)(sums, in, out, n);
}

/* The sums of row y - 1 become those of row y; at `first` they are added up anew. */
INLINE void FN(next_sums)(const Box *box, void *sums, ptrdiff_t y, ptrdiff_t first, const void *fill_row, int sample_size,
                          int sum_size) {
    const ptrdiff_t height = 2 * box->ry + 1, n = box_samples(box);
#define ROW(k) row_at(box->src, box->src_step, box->rows, y + (k), fill_row)
    if (y > first)
        FN(slide)(sums, ROW(height - 1), ROW(-1), n, sample_size, sum_size);
    else
        for (ptrdiff_t k = 0; k < height; k++) FN(slide)(sums, ROW(k), NULL, n, sample_size, sum_size);
#undef ROW
}
#endif
