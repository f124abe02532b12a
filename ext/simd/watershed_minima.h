/* Regional minima: connected pixels of one height of which no neighbour lies lower, numbered in the order of memory. */
#ifndef IMGPROC_WATERSHED_MINIMA_H
#define IMGPROC_WATERSHED_MINIMA_H

#include "simd/watershed.h"

typedef struct {
    ptrdiff_t *pixels;
    size_t count, room;
} Stack;

INLINE int stack_add(Stack *stack, ptrdiff_t pixel) {
    if (stack->count == stack->room) {
        const size_t room = stack->room ? 2 * stack->room : 1024;
        ptrdiff_t *grown = realloc(stack->pixels, room * sizeof *grown);
        if (!grown) return 0;
        stack->pixels = grown;
        stack->room = room;
    }
    stack->pixels[stack->count++] = pixel;
    return 1;
}

enum { MINIMA_OPEN, MINIMA_NONE };

/* heights: framed, infinite in the frame. Marks what has a lower neighbour, and then what is as high as a neighbour that has. */
static UNUSED int rule_out(const Volume *v, const f64 *heights, u8 *state, Stack *stack) {
    const ptrdiff_t rows = volume_rows(v), width = v->shape[2];
    for (ptrdiff_t row = 0; row < rows; row++) {
        const f64 *here = heights + framed_row(v, row);
        u8 *to = state + framed_row(v, row);
        for (ptrdiff_t x = 0; x < width; x++) to[x] = MINIMA_OPEN;
        for (ptrdiff_t k = 0; k < v->count; k++) {
            const f64 *there = here + v->near[k];
            for (ptrdiff_t x = 0; x < width; x++) to[x] |= there[x] < here[x];
        }
    }
    for (ptrdiff_t row = 0; row < rows; row++)
        for (ptrdiff_t x = 0, start = framed_row(v, row); x < width; x++) {
            if (state[start + x] != MINIMA_NONE) continue;
            ptrdiff_t p = start + x;
            for (;;) {
                for (ptrdiff_t k = 0; k < v->count; k++) {
                    const ptrdiff_t n = p + v->near[k];
                    if (state[n] != MINIMA_OPEN || heights[n] != heights[p]) continue;
                    state[n] = MINIMA_NONE;
                    if (!stack_add(stack, n)) return 0;
                }
                if (!stack->count) break;
                p = stack->pixels[--stack->count];
            }
        }
    return 1;
}

/* Numbers the pixels that are open from 1 on, component by component, in framed labels; gives how many, -1 where memory is short. */
static UNUSED i64 number_minima(const Volume *v, u8 *state, i32 *labels, Stack *stack) {
    const ptrdiff_t rows = volume_rows(v), width = v->shape[2];
    i64 count = 0;
    for (ptrdiff_t row = 0; row < rows; row++)
        for (ptrdiff_t x = 0, start = framed_row(v, row); x < width; x++) {
            ptrdiff_t p = start + x;
            if (state[p] != MINIMA_OPEN) continue;
            state[p] = MINIMA_NONE;
            labels[p] = (i32)++count;
            for (;;) {
                for (ptrdiff_t k = 0; k < v->count; k++) {
                    const ptrdiff_t n = p + v->near[k];
                    if (state[n] != MINIMA_OPEN) continue;
                    state[n] = MINIMA_NONE;
                    labels[n] = (i32)count;
                    if (!stack_add(stack, n)) return -1;
                }
                if (!stack->count) break;
                p = stack->pixels[--stack->count];
            }
        }
    return count;
}

/* Labels of the minima, of what the mask leaves of them; none in a relief of one height. -1 where memory is short. Steps lead both
   ways. At most 2^31 - 1 minima: their number is at most half of the pixels. */
static UNUSED i64 regional_minima(const Volume *v, const void *relief, int kind, const u8 *mask, i32 *out) {
    const size_t size = (size_t)framed_size(v);
    const ptrdiff_t rows = volume_rows(v), width = v->shape[2];
    f64 *heights = malloc(size * sizeof *heights);
    u8 *state = malloc(size);
    i32 *labels = calloc(size, sizeof *labels);
    Stack stack = {NULL, 0, 0};
    i64 count = -1;
    if (!heights || !state || !labels) goto out;
    memset(state, MINIMA_NONE, size);
    framed_heights(v, relief, kind, heights);
    if (!rule_out(v, heights, state, &stack)) goto out;
    int flat = 1;
    for (ptrdiff_t row = 0; row < rows && flat; row++)
        for (ptrdiff_t x = 0; x < width; x++) flat &= heights[framed_row(v, row) + x] == heights[framed_row(v, 0)];
    for (ptrdiff_t row = 0; row < rows; row++)
        for (ptrdiff_t x = 0; x < width; x++)
            if (flat || (mask && !mask[row * width + x])) state[framed_row(v, row) + x] = MINIMA_NONE;
    count = number_minima(v, state, labels, &stack);
    if (count < 0) goto out;
    for (ptrdiff_t row = 0; row < rows; row++) memcpy(out + row * width, labels + framed_row(v, row), (size_t)width * sizeof *out);
out:
    free(heights);
    free(state);
    free(labels);
    free(stack.pixels);
    return count;
}

#endif
