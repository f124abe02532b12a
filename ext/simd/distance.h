/* Exact Euclidean distances: down the columns to the nearest zero, then along lines the least sum of squares.

   Squares are exact integers; the only rounding is that of the root. */
#ifndef LEVEL
#include "simd/distance_few.h"
#include "simd/envelope.h"

#ifndef IMGPROC_DISTANCE_H
#define IMGPROC_DISTANCE_H

enum {
    NO_DISTANCE = 65535,
    BY_FEW = 2,
    LINE_PANEL = 32 /* columns that are turned to lines at a time: 64 bytes of the distances */
};

/* Room for one line of n. */
typedef struct {
    u16 *near_squares; /* n, with LINE_REACH + 1 before and LINE_REACH + 1 + LINE_BLOCK behind it */
    u32 *squares;      /* n, filled up to whole blocks */
    u32 *lows;         /* the least of each of `blocks` blocks, which are 0 until it is asked for */
    Parabola *stack;   /* n */
    ptrdiff_t blocks;
} Line;

static UNUSED int line_start(Line *line, ptrdiff_t n) {
    const size_t length = (size_t)n + 2 * (LINE_REACH + 1) + LINE_BLOCK;
    line->near_squares = malloc(length * sizeof(u16));
    line->squares = malloc(((size_t)n + LINE_BLOCK) * sizeof(u32));
    line->lows = malloc(((size_t)n / LINE_BLOCK + 1) * sizeof(u32));
    line->stack = malloc((size_t)n * sizeof(Parabola));
    if (!line->near_squares || !line->squares || !line->lows || !line->stack) {
        free(line->near_squares), free(line->squares), free(line->lows), free(line->stack);
        return 0;
    }
    for (size_t i = 0; i < length; i++) line->near_squares[i] = LINE_FAR;
    line->near_squares += LINE_REACH + 1;
    return 1;
}

static UNUSED void line_free(Line *line) {
    free(line->near_squares - LINE_REACH - 1), free(line->squares), free(line->lows), free(line->stack);
}

#endif
#define SIMD_SOURCE "simd/distance.h"
#include "simd/levels.h"

/* Distances down columns [x0, x1) of a mask to the nearest zero, NO_DISTANCE without one; at most 65534 rows. */
DISPATCH(void, distance_columns,
         (const u8 *mask, ptrdiff_t mask_step, ptrdiff_t height, u16 *out, ptrdiff_t out_step, ptrdiff_t x0, ptrdiff_t x1),
         (mask, mask_step, height, out, out_step, x0, x1))

/* Distances in one plane from those across it: along its columns where there are `height` > 1 rows to be joined, and along
   its rows. `plane` has room for height * width where `both`, which is not looked at else. Returns 0 without memory. */
DISPATCH(int, distance_plane,
         (const u16 *across, ptrdiff_t height, ptrdiff_t width, int both, u32 *plane, f32 *out),
         (across, height, width, both, plane, out))
#else

static void FN(distance_columns)(const u8 *mask, ptrdiff_t mask_step, ptrdiff_t height, u16 *out, ptrdiff_t out_step,
                                 ptrdiff_t x0, ptrdiff_t x1) {
    /* Strips that stay in the second cache from the way down to the way up. */
    const ptrdiff_t strip = 256;
    for (ptrdiff_t left = x0; left < x1; left += strip) {
        const ptrdiff_t n = left + strip < x1 ? strip : x1 - left;
        for (ptrdiff_t y = 0; y < height; y++) {
            const u8 *restrict from = mask + y * mask_step + left;
            u16 *restrict to = out + y * out_step + left;
            const u16 *above = y ? to - out_step : NULL;
            if (!above)
                for (ptrdiff_t x = 0; x < n; x++) to[x] = from[x] ? NO_DISTANCE : 0;
            else
                for (ptrdiff_t x = 0; x < n; x++) {
                    const u16 next = (u16)(above[x] + (above[x] != NO_DISTANCE));
                    to[x] = from[x] ? next : 0;
                }
        }
        for (ptrdiff_t y = height - 2; y >= 0; y--) {
            u16 *restrict to = out + y * out_step + left;
            const u16 *below = to + out_step;
            for (ptrdiff_t x = 0; x < n; x++) {
                const u16 next = (u16)(below[x] + (below[x] != NO_DISTANCE));
                to[x] = to[x] < next ? to[x] : next;
            }
        }
    }
}

/* The roots of exact squares, each rounded to float32 once: of what 24 bits hold at once, else by way of float64. */
INLINE void FN(roots)(const u32 *squares, ptrdiff_t n, f32 *out) {
    for (ptrdiff_t at = 0; at < n; at += LINE_BLOCK) {
        const ptrdiff_t end = at + LINE_BLOCK < n ? at + LINE_BLOCK : n;
        u32 bits = 0;
        for (ptrdiff_t x = at; x < end; x++) bits |= squares[x];
        if (bits < (u32)1 << 24)
            for (ptrdiff_t x = at; x < end; x++) out[x] = sqrtf((f32)(i32)squares[x]);
        else
            for (ptrdiff_t x = at; x < end; x++)
                out[x] = squares[x] == NO_SQUARE ? INFINITY : (f32)sqrt((f64)squares[x]);
    }
}

/* A block that `near_block` left: BY_FEW where few places decide, which are then in `few`, else what `near_block` gives. */
static int FN(still_block)(Line *line, ptrdiff_t n, ptrdiff_t x, ptrdiff_t wanted, u16 *best, u32 *few) {
    if (line->squares[x] != NO_SQUARE) {
        if (!line->blocks) {
            line->blocks = (n + LINE_BLOCK - 1) / LINE_BLOCK;
            for (ptrdiff_t i = n; i < line->blocks * LINE_BLOCK; i++) line->squares[i] = NO_SQUARE;
            FN(block_lows)(line->squares, line->blocks, line->lows);
        }
        if (FN(few_block)(line->squares, line->lows, line->blocks, x, wanted, few)) return BY_FEW;
    }
    return FN(near_rest)(line->near_squares + x, best);
}

/* The least of squares[p] + (x - p)^2 at each x of line->squares, in its place or as roots. */
INLINE void FN(join_line)(Line *line, ptrdiff_t n, u32 *out, f32 *roots) {
    u16 *restrict near_squares = line->near_squares;
    u32 *restrict squares = line->squares;
    u16 best[LINE_BLOCK];
    u32 few[LINE_BLOCK];
    ptrdiff_t x = 0;
    line->blocks = 0;
    for (ptrdiff_t i = 0; i < n; i++) near_squares[i] = (u16)(squares[i] < LINE_FAR ? squares[i] : LINE_FAR);
    for (; x < n; x += LINE_BLOCK) {
        const ptrdiff_t wanted = n - x < LINE_BLOCK ? n - x : LINE_BLOCK;
        int found = FN(near_block)(near_squares + x, wanted, best);
        if (found < 0) found = FN(still_block)(line, n, x, wanted, best, few);
        if (!found) break;
        if (found == BY_FEW) {
            if (roots) FN(roots)(few, wanted, roots + x);
            else memcpy(out + x, few, (size_t)wanted * sizeof *out);
            continue;
        }
        if (wanted == LINE_BLOCK) {
            if (roots)
                for (int i = 0; i < LINE_BLOCK; i++) roots[x + i] = sqrtf((f32)best[i]);
            else
                for (int i = 0; i < LINE_BLOCK; i++) out[x + i] = best[i];
        } else {
            if (roots)
                for (int i = 0; i < wanted; i++) roots[x + i] = sqrtf((f32)best[i]);
            else
                for (int i = 0; i < wanted; i++) out[x + i] = best[i];
        }
    }
    if (x >= n) return;
    const ptrdiff_t size = envelope(squares, 0, n, line->stack);
    u32 *to = roots ? squares : out;
    if (!size)
        for (ptrdiff_t i = 0; i < n; i++) to[i] = NO_SQUARE;
    for (ptrdiff_t k = 0; k < size; k++) {
        const Parabola *own = line->stack + k;
        const ptrdiff_t end = k + 1 < size ? own[1].from : n;
        const u32 height = (u32)own->height;
        /* Modulo 2^32 the square of what is below zero is right as well. */
        for (ptrdiff_t i = own->from; i < end; i++) to[i] = height + (u32)(i - own->place) * (u32)(i - own->place);
    }
    if (roots) FN(roots)(squares, n, roots);
}

static int FN(distance_plane)(const u16 *across, ptrdiff_t height, ptrdiff_t width, int both, u32 *plane, f32 *out) {
    Line line;
    if (!line_start(&line, height > width ? height : width)) return 0;
    if (both) {
        u32 *panel = malloc((size_t)(height * LINE_PANEL) * sizeof *panel);
        if (!panel) {
            line_free(&line);
            return 0;
        }
        for (ptrdiff_t left = 0; left < width; left += LINE_PANEL) {
            const ptrdiff_t n = left + LINE_PANEL < width ? LINE_PANEL : width - left;
            for (ptrdiff_t y = 0; y < height; y++)
                for (ptrdiff_t x = 0; x < n; x++) {
                    const u32 distance = across[y * width + left + x];
                    panel[x * height + y] = distance == NO_DISTANCE ? NO_SQUARE : distance * distance;
                }
            for (ptrdiff_t x = 0; x < n; x++) {
                memcpy(line.squares, panel + x * height, (size_t)height * sizeof *panel);
                FN(join_line)(&line, height, panel + x * height, NULL);
            }
            for (ptrdiff_t y = 0; y < height; y++)
                for (ptrdiff_t x = 0; x < n; x++) plane[y * width + left + x] = panel[x * height + y];
        }
        free(panel);
        /* What lies beyond a shorter line is no part of it. */
        for (ptrdiff_t i = width; i < height; i++) line.near_squares[i] = LINE_FAR;
    }
    for (ptrdiff_t y = 0; y < height; y++) {
        u32 *restrict squares = line.squares;
        const u16 *restrict from = across + y * width;
        if (both)
            memcpy(squares, plane + y * width, (size_t)width * sizeof *squares);
        else
            for (ptrdiff_t x = 0; x < width; x++)
                squares[x] = from[x] == NO_DISTANCE ? NO_SQUARE : (u32)from[x] * from[x];
        FN(join_line)(&line, width, NULL, out + y * width);
    }
    line_free(&line);
    return 1;
}

#endif
