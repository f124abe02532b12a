/* What is made of two flat operations, a batch of rows at a time, so that no whole image stands between them. */
#ifndef LEVEL
#ifndef IMGPROC_MORPHOLOGY_STEPS_H
#define IMGPROC_MORPHOLOGY_STEPS_H
#include "simd/morphology.h"

#define SIMD_SOURCE "simd/morphology_steps.h"
#include "simd/levels.h"

/* dst[x] -= other[x] for n samples; of integers not below 0. */
DISPATCH(void, subtract_u8, (void *dst, const void *other, ptrdiff_t n), (dst, other, n))
DISPATCH(void, subtract_u16, (void *dst, const void *other, ptrdiff_t n), (dst, other, n))
DISPATCH(void, subtract_f32, (void *dst, const void *other, ptrdiff_t n), (dst, other, n))

typedef void (*FlatFunction) FLAT_PARAMETERS;
typedef void (*SubtractFunction)(void *dst, const void *other, ptrdiff_t n);

static UNUSED int one_step(const Flat *f, size_t size, FlatFunction flat, ptrdiff_t y0, ptrdiff_t y1, void *dst,
                          ptrdiff_t stride) {
    void *scratch = malloc(flat_scratch(f, size));
    if (scratch == NULL) return 0;
    flat(f, y0, y1, dst, stride, PTRDIFF_MAX, scratch);
    free(scratch);
    return 1;
}

/* A flat operation starts anew with each batch and then reads a window's height of rows, so batches are higher. */
INLINE ptrdiff_t batch_rows(const Flat *f, ptrdiff_t least) {
    const ptrdiff_t several = 3 * (2 * f->ry + 1);
    return several > least ? several : least;
}

/* Rows [y0, y1) of `second` of the result of `first`; 0 where memory is short. Both have images of `height` rows.

   The rows of `first` that a batch of `second` sees are kept in a ring, each found once. Where the border wraps, what
   lies around the first result is computed like the result itself: then first->rows reaches second->ry rows further
   at both ends, and row v of the first result is row v + second->ry of that higher image. */
static UNUSED int two_steps(const Flat *first, const Flat *second, size_t size, FlatFunction flat, int wraps,
                            ptrdiff_t height, ptrdiff_t y0, ptrdiff_t y1, void *dst, ptrdiff_t stride) {
    const ptrdiff_t reach = second->ry, bias = wraps ? reach : 0, row = first->width * first->channels * (ptrdiff_t)size;
    const ptrdiff_t wanted = batch_rows(second, 64), batch = wanted < y1 - y0 ? wanted : y1 - y0, ring = batch + 2 * reach;
    const size_t one = flat_scratch(first, size), other = flat_scratch(second, size);
    i64 *rows = malloc((size_t)ring * sizeof *rows);
    char *between = malloc((size_t)ring * (size_t)row);
    void *scratch = malloc(one > other ? one : other);
    const int enough = rows != NULL && between != NULL && scratch != NULL;
    Flat step = *second;
    step.src = between;
    step.stride = row;
    step.rows = rows;
    for (ptrdiff_t y = y0, ready = 0; enough && y < y1; y += batch) {
        const ptrdiff_t end = y + batch < y1 ? y + batch : y1;
        ptrdiff_t low = y - reach + bias, high = end + reach + bias;
        if (!wraps && low < 0) low = 0;
        if (!wraps && high > height) high = height;
        flat(first, y > y0 ? ready : low, high, between, row, ring, scratch);
        ready = high;
        for (ptrdiff_t p = 0; p < end - y + 2 * reach; p++) {
            const i64 at = wraps ? y + p : second->rows[y + p];
            rows[p] = at < 0 ? -1 : at % ring;
        }
        flat(&step, 0, end - y, (char *)dst + y * stride, stride, PTRDIFF_MAX, scratch);
    }
    free(rows);
    free(between);
    free(scratch);
    return enough;
}

/* Rows [y0, y1) of `one` minus `other`; 0 where memory is short. */
static UNUSED int difference(const Flat *one, const Flat *other, size_t size, FlatFunction flat, SubtractFunction subtract,
                             ptrdiff_t y0, ptrdiff_t y1, void *dst, ptrdiff_t stride) {
    const ptrdiff_t n = one->width * one->channels, row = n * (ptrdiff_t)size, wanted = batch_rows(one, 16);
    const ptrdiff_t batch = wanted < y1 - y0 ? wanted : y1 - y0;
    const size_t a = flat_scratch(one, size), b = flat_scratch(other, size);
    char *between = malloc((size_t)batch * (size_t)row);
    void *scratch = malloc(a > b ? a : b);
    const int enough = between != NULL && scratch != NULL;
    for (ptrdiff_t y = y0; enough && y < y1; y += batch) {
        const ptrdiff_t end = y + batch < y1 ? y + batch : y1;
        flat(other, y, end, between, row, batch, scratch);
        flat(one, y, end, dst, stride, PTRDIFF_MAX, scratch);
        for (ptrdiff_t i = y; i < end; i++) subtract((char *)dst + i * stride, between + i % batch * row, n);
    }
    free(between);
    free(scratch);
    return enough;
}
#endif

#else

#define SUBTRACT(name, type, minuend)                                                                   \
    static void FN(name)(void *dst, const void *other, ptrdiff_t n) {                          \
        type *restrict a = (type *)dst;                                                        \
        const type *restrict b = (const type *)other;                                          \
        for (ptrdiff_t x = 0; x < n; x++) a[x] = (type)((minuend)-b[x]);                       \
    }
SUBTRACT(subtract_u8, u8, a[x] > b[x] ? a[x] : b[x])
SUBTRACT(subtract_u16, u16, a[x] > b[x] ? a[x] : b[x])
SUBTRACT(subtract_f32, f32, a[x])
#undef SUBTRACT

#endif
