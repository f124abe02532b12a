/* Bands of rows of gradients: which rows and pixels stand around a row, for the row kernels. */
#ifndef IMGPROC_GRADIENTS_H
#define IMGPROC_GRADIENTS_H
#include "simd/borders.h"
#include "simd/gradient_polar.h"
#include "simd/gradient_rows.h"

/* What surrounds an image by one pixel; see borders.h. `fill` is a row of the image's width, read where an index is -1. */
typedef struct {
    const i64 *rows, *columns;
    const void *fill;
    ptrdiff_t width;
    int channels;
} Around;

/* Samples of a row that are derived at a time where they are not what is asked for: they stay in the first cache. */
#define GRADIENT_STRIP 512

static const int outer_weights[4] UNUSED = {1, 3, 1, 0}, inner_weights[4] UNUSED = {2, 10, 1, 1};

#define GRADIENT_SPAN(suffix, type, result, sum)                                                                         \
    /* Pixel x, which has a neighbour outside; the arithmetic is that of the rows. */                                  \
    INLINE void derive_edge_##suffix(const type *const *three, const Around *around, ptrdiff_t x, result *gx,          \
                                     result *gy, GradientOperator operator) {                                          \
        const ptrdiff_t channels = around->channels, last = around->width - 1;                                         \
        const i64 left = x > 0 ? x - 1 : around->columns[0], right = x < last ? x + 1 : around->columns[1];            \
        const sum outer = (sum)outer_weights[operator], inner = (sum)inner_weights[operator];                          \
        const type *l[3], *r[3], *upper = three[0] + x * channels, *lower = three[2] + x * channels;                   \
        for (int row = 0; row < 3; row++) {                                                                            \
            l[row] = left < 0 ? around->fill : three[row] + left * channels;                                           \
            r[row] = right < 0 ? around->fill : three[row] + right * channels;                                         \
        }                                                                                                              \
        for (ptrdiff_t c = 0; c < channels; c++) {                                                                     \
            const sum p = (sum)r[2][c] - (sum)l[0][c], q = (sum)r[0][c] - (sum)l[2][c];                                \
            const sum across = inner * ((sum)r[1][c] - (sum)l[1][c]), down = inner * ((sum)lower[c] - (sum)upper[c]);  \
            /* Not times 0: infinity would become NaN. */                                                              \
            gx[c] = (result)((operator == CENTRAL ? across : outer * (p + q) + across) + (sum)0);                      \
            gy[c] = (result)((operator == CENTRAL ? down : outer * (p - q) + down) + (sum)0);                          \
        }                                                                                                              \
    }                                                                                                                  \
    /* Pixels [x0, x1) of the middle one of three rows; gx[0] is the first sample of pixel x0. */                      \
    static UNUSED void derive_span_##suffix(const type *const *three, const Around *around, ptrdiff_t x0,              \
                                            ptrdiff_t x1, result *gx, result *gy, GradientOperator operator) {         \
        const ptrdiff_t channels = around->channels, last = around->width - 1;                                        \
        const ptrdiff_t first = x0 > 0 ? x0 : 1, end = x1 > last ? last : x1;                                          \
        if (x0 == 0) derive_edge_##suffix(three, around, 0, gx, gy, operator);                                         \
        if (first < end)                                                                                               \
            derive_##suffix(three[0] + first * channels, three[1] + first * channels, three[2] + first * channels,     \
                            gx + (first - x0) * channels, gy + (first - x0) * channels, (end - first) * channels,      \
                            channels, operator);                                                                       \
        if (x1 > last && last > 0)                                                                                     \
            derive_edge_##suffix(three, around, last, gx + (last - x0) * channels, gy + (last - x0) * channels,        \
                                 operator);                                                                            \
    }

#define GRADIENT_BAND(suffix, type, result, sum, polar)                                                                \
    GRADIENT_SPAN(suffix, type, result, sum)                                                                             \
    INLINE void three_rows_##suffix(const type *src, ptrdiff_t stride, const Around *around, ptrdiff_t y,              \
                                    const type **three) {                                                              \
        for (int k = 0; k < 3; k++) three[k] = row_at(src, stride, around->rows, y + k, around->fill);                 \
    }                                                                                                                  \
    /* Rows [y0, y1) of magnitude and direction, which are packed. */                                                  \
    static UNUSED void polar_band_##suffix(const type *src, ptrdiff_t stride, const Around *around,                    \
                                           GradientOperator operator, f32 *magnitude, f32 *direction, ptrdiff_t y0,    \
                                           ptrdiff_t y1) {                                                             \
        const ptrdiff_t width = around->width, channels = around->channels, strip = GRADIENT_STRIP / channels;         \
        result gx[GRADIENT_STRIP], gy[GRADIENT_STRIP];                                                                 \
        for (ptrdiff_t y = y0; y < y1; y++) {                                                                          \
            const type *three[3];                                                                                      \
            three_rows_##suffix(src, stride, around, y, three);                                                        \
            for (ptrdiff_t x0 = 0; x0 < width; x0 += strip) {                                                          \
                const ptrdiff_t x1 = x0 + strip < width ? x0 + strip : width, at = (y * width + x0) * channels;        \
                derive_span_##suffix(three, around, x0, x1, gx, gy, operator);                                         \
                polar(gx, gy, magnitude + at, direction + at, (x1 - x0) * channels);                                   \
            }                                                                                                          \
        }                                                                                                              \
    }

GRADIENT_BAND(u8, u8, i16, i32, polar_i16)
GRADIENT_BAND(u16, u16, f32, i32, polar_whole)
GRADIENT_BAND(f32, f32, f32, f32, polar_f32)

/* Rows [y0, y1) of gx and gy, which are packed. */
#define GRADIENT_ROWS(suffix, type, result)                                                                            \
    static UNUSED void gradient_band_##suffix(const type *src, ptrdiff_t stride, const Around *around,                 \
                                              GradientOperator operator, result *gx, result *gy, ptrdiff_t y0,         \
                                              ptrdiff_t y1) {                                                          \
        const ptrdiff_t pitch = around->width * around->channels;                                                      \
        for (ptrdiff_t y = y0; y < y1; y++) {                                                                          \
            const type *three[3];                                                                                      \
            three_rows_##suffix(src, stride, around, y, three);                                                        \
            derive_span_##suffix(three, around, 0, around->width, gx + y * pitch, gy + y * pitch, operator);           \
        }                                                                                                              \
    }

GRADIENT_ROWS(u16, u16, f32)
GRADIENT_ROWS(f32, f32, f32)

/* 8-bit rows four by four, which share what they need of each row. */
static UNUSED void gradient_band_u8(const u8 *src, ptrdiff_t stride, const Around *around, GradientOperator operator,
                                    i16 *gx, i16 *gy, ptrdiff_t y0, ptrdiff_t y1) {
    const ptrdiff_t channels = around->channels, last = around->width - 1, pitch = around->width * channels;
    for (ptrdiff_t y = y0; y < y1; y += 4) {
        const ptrdiff_t count = y + 4 < y1 ? 4 : y1 - y, at = y * pitch;
        const u8 *rows[6], *inner[6];
        for (ptrdiff_t k = 0; k < count + 2; k++) {
            rows[k] = row_at(src, stride, around->rows, y + k, around->fill);
            inner[k] = rows[k] + (last > 0 ? channels : 0);
        }
        if (last > 1)
            derive_rows_u8(inner, count, gx + at + channels, gy + at + channels, pitch, (last - 1) * channels, channels,
                           operator);
        for (ptrdiff_t row = 0; row < count; row++) {
            i16 *x = gx + at + row * pitch, *y_ = gy + at + row * pitch;
            derive_edge_u8(rows + row, around, 0, x, y_, operator);
            if (last > 0) derive_edge_u8(rows + row, around, last, x + last * channels, y_ + last * channels, operator);
        }
    }
}

#undef GRADIENT_ROWS
#undef GRADIENT_BAND
#undef GRADIENT_SPAN
#endif
