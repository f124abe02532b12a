/* Distances where sides are so long that squares exceed 32 bits: one axis after the other, line by line. */
#ifndef IMGPROC_DISTANCE_WIDE_H
#define IMGPROC_DISTANCE_WIDE_H

#include "simd/envelope.h"

/* squares[i] = 0 where the mask is 0, else none; then the least sums along each of three axes, and their roots.
   Returns 0 without memory. */
static UNUSED int distance_wide(const u8 *mask, const ptrdiff_t *shape, f32 *out) {
    const ptrdiff_t steps[3] = {shape[1] * shape[2], shape[2], 1}, total = shape[0] * steps[0];
    ptrdiff_t longest = 1;
    for (int axis = 0; axis < 3; axis++) longest = shape[axis] > longest ? shape[axis] : longest;
    i64 *squares = malloc((size_t)total * sizeof *squares), *line = malloc((size_t)longest * sizeof *line);
    Parabola *stack = malloc((size_t)longest * sizeof *stack);
    const int done = squares && line && stack;
    for (ptrdiff_t i = 0; done && i < total; i++) squares[i] = mask[i] ? NO_SQUARE_WIDE : 0;
    for (int axis = 0; done && axis < 3; axis++) {
        const ptrdiff_t n = shape[axis], step = steps[axis];
        if (n == 1) continue;
        for (ptrdiff_t number = 0; number < total / n; number++) {
            /* The lines of an axis begin at all places where its own index is 0. */
            i64 *first = squares + number / step * step * n + number % step;
            for (ptrdiff_t x = 0; x < n; x++) line[x] = first[x * step];
            const ptrdiff_t size = envelope(line, 1, n, stack);
            for (ptrdiff_t k = 0; k < size; k++) {
                const ptrdiff_t end = k + 1 < size ? stack[k + 1].from : n, place = stack[k].place;
                for (ptrdiff_t x = stack[k].from; x < end; x++)
                    first[x * step] = stack[k].height + (i64)(x - place) * (x - place);
            }
        }
    }
    for (ptrdiff_t i = 0; done && i < total; i++)
        out[i] = squares[i] == NO_SQUARE_WIDE ? INFINITY : (f32)sqrt((f64)squares[i]);
    free(squares), free(line), free(stack);
    return done;
}

#endif
