/* The two ends of correlation: source rows, extended and converted to what sums are made from, and sums, rounded to samples. */
#ifndef LEVEL
#ifndef IMGPROC_CORRELATE_ROWS_H
#define IMGPROC_CORRELATE_ROWS_H
#include "simd/borders.h"
#include "simd/common.h"

enum { SAMPLES_U8, SAMPLES_U16, SAMPLES_F32 };

/* One correlation, as Python hands it over; the buffers are read only. */
typedef struct {
    ptrdiff_t width;        /* pixels in a row */
    ptrdiff_t positions;    /* rows of the padded image */
    const i64 *rows;        /* see borders.h */
    const i64 *columns;
    ptrdiff_t reach;        /* pixels that a row is extended by at each end */
    ptrdiff_t row_step;     /* dilation down */
    ptrdiff_t column_step;  /* dilation across, in samples */
    ptrdiff_t kernel_height, kernel_width;
    ptrdiff_t terms;        /* 0: weights are the kernel; n: they are n columns, then n rows, of separable kernels */
    ptrdiff_t taps;         /* 0, or the number of taps that are listed */
    const i64 *tap_rows;    /* of each listed tap, the kernel row */
    const i64 *tap_offsets; /* and its distance from the row's begin, in samples */
    const void *weights;    /* f32, f64, or pairs of 16 bits: row q holds the kernel's rows q - 1 and q */
    f64 fill;
    int channels;
    int samples;            /* SAMPLES_... */
    int shift;              /* of i32 sums: they are 2^shift times the result */
} Correlation;

INLINE ptrdiff_t sample_bytes(int samples) { return samples == SAMPLES_U8 ? 1 : samples == SAMPLES_U16 ? 2 : 4; }

/* A pixel of fill. */
static UNUSED void fill_pixel(const Correlation *c, void *pixel) {
    for (int i = 0; i < 4; i++) {
        if (c->samples == SAMPLES_U8) ((u8 *)pixel)[i] = (u8)c->fill;
        if (c->samples == SAMPLES_U16) ((u16 *)pixel)[i] = (u16)c->fill;
        if (c->samples == SAMPLES_F32) ((f32 *)pixel)[i] = (f32)c->fill;
    }
}

/* Row `position` of the padded image, extended at both ends, in the dtype of the image. Of its pixels only the first
   `head` and the last `tail` are wanted; they include those that the row is extended by. */
static UNUSED void extended_row(const Correlation *c, const void *src, ptrdiff_t stride, ptrdiff_t position, ptrdiff_t head,
                                ptrdiff_t tail, void *row) {
    f32 pixel[4];
    const size_t bytes = (size_t)(sample_bytes(c->samples) * c->channels);
    char *begin = (char *)row + (size_t)c->reach * bytes;
    const void *from = row_at(src, stride, c->rows, position < c->positions ? position : c->positions - 1, NULL);
    fill_pixel(c, pixel);
    if (from && head + tail < c->width) {
        const size_t skipped = (size_t)(c->width - tail) * bytes;
        memcpy(begin, from, (size_t)head * bytes);
        memcpy(begin + skipped, (const char *)from + skipped, (size_t)tail * bytes);
    } else if (from)
        memcpy(begin, from, (size_t)c->width * bytes);
    else
        for (ptrdiff_t x = 0; x < c->width; x++) memcpy(begin + (size_t)x * bytes, pixel, bytes);
    extend_row(begin, c->width, c->columns, c->reach, c->reach, pixel, bytes);
}

#define SIMD_SOURCE "simd/correlate_rows.h"
#include "simd/levels.h"
#endif

#else

static UNUSED void FN(widen_f32)(const Correlation *c, const void *const *rows, f32 *restrict out, ptrdiff_t n) {
    const u8 *restrict row = (const u8 *)rows[0];
    (void)c; /* only uint8 is summed in float32 after a conversion */
    for (ptrdiff_t x = 0; x < n; x++) out[x] = row[x];
}

static UNUSED void FN(widen_f64)(const Correlation *c, const void *const *rows, f64 *restrict out, ptrdiff_t n) {
    if (c->samples == SAMPLES_U8) {
        const u8 *restrict row = (const u8 *)rows[0];
        for (ptrdiff_t x = 0; x < n; x++) out[x] = row[x];
    } else if (c->samples == SAMPLES_U16) {
        const u16 *restrict row = (const u16 *)rows[0];
        for (ptrdiff_t x = 0; x < n; x++) out[x] = row[x];
    } else {
        const f32 *restrict row = (const f32 *)rows[0];
        for (ptrdiff_t x = 0; x < n; x++) out[x] = row[x];
    }
}

static UNUSED void FN(widen_i32)(const Correlation *c, const void *const *rows, u32 *restrict out, ptrdiff_t n) {
    const u8 *restrict even = (const u8 *)rows[0], *restrict odd = (const u8 *)rows[1];
    (void)c; /* only uint8 */
    for (ptrdiff_t x = 0; x < n; x++) out[x] = even[x] | (u32)odd[x] << 16;
}

/* Half to even by adding 1.5 times the power of two whose last digit is the integers'. */
static UNUSED void FN(finish_f32)(const Correlation *c, const f32 *restrict sums, void *out, ptrdiff_t n) {
    if (c->samples == SAMPLES_F32) {
        memcpy(out, sums, (size_t)n * sizeof(f32));
        return;
    }
    u8 *restrict bytes = (u8 *)out;
    for (ptrdiff_t x = 0; x < n; x++) {
        f32 v = sums[x];
        i32 bits;
        v = v > 0 ? v : 0;
        v = (v < 255 ? v : 255) + 12582912.0f;
        memcpy(&bits, &v, sizeof bits);
        bytes[x] = (u8)bits;
    }
}

INLINE u16 FN(rounded)(f64 v, f64 top) {
    u64 bits;
    v = v > 0 ? v : 0; /* NaN as 0: a sum of weights that overflow */
    v = (v < top ? v : top) + 6755399441055744.0;
    memcpy(&bits, &v, sizeof bits);
    return (u16)bits;
}

static UNUSED void FN(finish_f64)(const Correlation *c, const f64 *restrict sums, void *out, ptrdiff_t n) {
    if (c->samples == SAMPLES_U8) {
        u8 *restrict row = (u8 *)out;
        for (ptrdiff_t x = 0; x < n; x++) row[x] = (u8)FN(rounded)(sums[x], 255);
    } else if (c->samples == SAMPLES_U16) {
        u16 *restrict row = (u16 *)out;
        for (ptrdiff_t x = 0; x < n; x++) row[x] = FN(rounded)(sums[x], 65535);
    } else {
        f32 *restrict row = (f32 *)out;
        for (ptrdiff_t x = 0; x < n; x++) row[x] = (f32)sums[x];
    }
}

/* Half to even: just below a half is added, and one more where the integer part is odd. */
static UNUSED void FN(finish_i32)(const Correlation *c, const i32 *restrict sums, void *out, ptrdiff_t n) {
    u8 *restrict bytes = (u8 *)out;
    const int shift = c->shift;
    const i32 below = shift ? (i32)((1u << (shift - 1)) - 1) : 0, odd = shift != 0;
    for (ptrdiff_t x = 0; x < n; x++) {
        i32 v = (sums[x] + below + (sums[x] >> shift & odd)) >> shift;
        v = v > 0 ? v : 0;
        bytes[x] = (u8)(v < 255 ? v : 255);
    }
}

#endif
