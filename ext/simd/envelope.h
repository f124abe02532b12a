/* The lower envelope of parabolas (x - p)^2 + height(p), in integers.

   P. F. Felzenszwalb, D. P. Huttenlocher, Distance transforms of sampled functions, Theory of Computing 8 (2012) 415-428. */
#ifndef IMGPROC_ENVELOPE_H
#define IMGPROC_ENVELOPE_H

#include "simd/common.h"

#define NO_SQUARE UINT32_MAX   /* the height of a place without a parabola */
#define NO_SQUARE_WIDE INT64_MAX

/* One parabola of the envelope. */
typedef struct {
    ptrdiff_t place; /* its lowest point */
    ptrdiff_t from;  /* where it begins to be the lowest */
    i64 height;
} Parabola;

/* The parabolas of `squares` that are somewhere the lowest, from left to right; `stack` has room for n. Squares are of u32,
   or where `wide` of i64; sides are at most 2^20, so that no product exceeds 2^62. */
INLINE ptrdiff_t envelope(const void *squares, int wide, ptrdiff_t n, Parabola *stack) {
    ptrdiff_t size = 0;
    for (ptrdiff_t x = 0; x < n; x++) {
        const i64 height = wide ? ((const i64 *)squares)[x] : (i64)((const u32 *)squares)[x];
        if (height == (wide ? NO_SQUARE_WIDE : (i64)NO_SQUARE)) continue;
        const i64 level = height + (i64)x * x;
        while (size > 1) {
            /* The last one is the lowest nowhere if it meets the new one no later than the one before it. */
            const Parabola *last = stack + size - 1, *before = last - 1;
            const i64 own = last->height + (i64)last->place * last->place;
            const i64 other = before->height + (i64)before->place * before->place;
            if ((level - own) * (last->place - before->place) > (own - other) * (x - last->place)) break;
            size--;
        }
        stack[size].place = x;
        stack[size].height = height;
        size++;
    }
    for (ptrdiff_t k = 0; k < size; k++) {
        stack[k].from = 0;
        if (k == 0) continue;
        const Parabola *last = stack + k, *before = last - 1;
        const i64 rise = last->height - before->height + (i64)last->place * last->place - (i64)before->place * before->place;
        const i64 run = 2 * (i64)(last->place - before->place);
        const i64 from = rise <= 0 ? 0 : (rise + run - 1) / run;
        stack[k].from = from < n ? (ptrdiff_t)from : n;
    }
    return size;
}

#endif
