/* The greatest value of a map enlarged by cubic convolution, found without enlarging it.

   An output pixel is a sum over four by four pixels of the map whose weights sum to 1 and of which the negative ones sum
   to no less than -0.4453 (two axes, each -0.1875 at most, halfway). So it is no greater than the greatest of the
   sixteen and 0.4453 of their range more. Where that is below what was found, all output pixels between the same
   sixteen are passed over: of a map with one peak nearly all. */
#ifndef IMGPROC_CUBIC_PEAK_H
#define IMGPROC_CUBIC_PEAK_H
#include "simd/common.h"

#define CUBIC_OVERSHOOT 0.4454f

/* The four pixels of the map that an output pixel lies between along an axis, held at the ends, and their weights. */
typedef struct {
    i32 at[4];
    f32 weight[4];
} CubicTap;

/* Keys' kernel with a = -3/4, as torch and OpenCV have it, in torch's order of float32 operations. */
INLINE f32 cubic_near(f32 x) {
    const f32 a = -0.75f;
    return ((a + 2) * x - (a + 3)) * x * x + 1;
}
INLINE f32 cubic_far(f32 x) {
    const f32 a = -0.75f;
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}

/* Fills the taps of `to` output pixels over `from`, and in cells[c] the first output pixel of cell c or one beyond, for
   the from + 1 cells and their end. Cell c is what lies between pixels c - 1 and c of the map. */
static UNUSED void cubic_axis(ptrdiff_t from, ptrdiff_t to, CubicTap *taps, i32 *cells) {
    const f32 scale = (f32)from / (f32)to;
    ptrdiff_t next = 0;
    for (ptrdiff_t i = 0; i < to; i++) {
        const f32 place = scale * ((f32)i + 0.5f) - 0.5f, whole = floorf(place), t = place - whole, rest = 1 - t;
        ptrdiff_t low = (ptrdiff_t)whole;
        low = low < -1 ? -1 : low > from - 1 ? from - 1 : low;
        while (next <= low + 1) cells[next++] = (i32)i;
        for (int k = 0; k < 4; k++) {
            const ptrdiff_t at = low - 1 + k;
            taps[i].at[k] = (i32)(at < 0 ? 0 : at > from - 1 ? from - 1 : at);
        }
        taps[i].weight[0] = cubic_far(t + 1), taps[i].weight[1] = cubic_near(t);
        taps[i].weight[2] = cubic_near(rest), taps[i].weight[3] = cubic_far(rest + 1);
    }
    while (next <= from + 1) cells[next++] = (i32)to;
}

typedef struct {
    const f32 *map;
    ptrdiff_t height, width, out_width;
    const CubicTap *down, *across;
    const i32 *down_cells, *across_cells;
} CubicMap;

typedef struct {
    f32 value;
    i64 at; /* by rows of the output; -1 before any */
} CubicBest;

/* Floats that cubic_peak works in. */
INLINE ptrdiff_t cubic_room(ptrdiff_t height, ptrdiff_t width) {
    return (3 * height + 2) * (width + 1) + width + 4;
}

/* What no output pixel of each cell exceeds; what float32 loses is far below the margin. -INFINITY where there are no
   output pixels. `room` holds the greatest and the least of four in a row before. */
static UNUSED void cubic_bounds(const CubicMap *m, f32 *room, f32 *bounds) {
    const ptrdiff_t height = m->height, width = m->width, cells = width + 1;
    f32 *high = room, *low = high + height * cells, *padded = low + height * cells;
    for (ptrdiff_t y = 0; y < height; y++) {
        const f32 *row = m->map + y * width;
        padded[0] = padded[1] = row[0];
        memcpy(padded + 2, row, (size_t)width * sizeof *row);
        padded[width + 2] = padded[width + 3] = row[width - 1];
        for (ptrdiff_t c = 0; c < cells; c++) {
            f32 most = padded[c], least = padded[c];
            for (int k = 1; k < 4; k++) {
                most = padded[c + k] > most ? padded[c + k] : most;
                least = padded[c + k] < least ? padded[c + k] : least;
            }
            high[y * cells + c] = most, low[y * cells + c] = least;
        }
    }
    for (ptrdiff_t y = 0; y <= height; y++, bounds += cells) {
        ptrdiff_t at[4];
        for (ptrdiff_t k = 0; k < 4; k++) {
            const ptrdiff_t row = y - 2 + k;
            at[k] = (row < 0 ? 0 : row > height - 1 ? height - 1 : row) * cells;
        }
        const int none = m->down_cells[y] == m->down_cells[y + 1];
        for (ptrdiff_t c = 0; c < cells; c++) {
            f32 most = high[at[0] + c], least = low[at[0] + c];
            for (int k = 1; k < 4; k++) {
                most = high[at[k] + c] > most ? high[at[k] + c] : most;
                least = low[at[k] + c] < least ? low[at[k] + c] : least;
            }
            const f32 bound = most + (most - least) * CUBIC_OVERSHOOT + 1e-5f * (fabsf(most) + fabsf(least));
            bounds[c] = none ? -INFINITY : bound;
        }
        for (ptrdiff_t c = 0; c < cells; c++)
            if (m->across_cells[c] == m->across_cells[c + 1]) bounds[c] = -INFINITY;
    }
}

INLINE f32 cubic_sum(const f32 *values, const f32 *weights) {
    return values[0] * weights[0] + values[1] * weights[1] + values[2] * weights[2] + values[3] * weights[3];
}

/* The output pixels of a cell; the first by rows counts of equal ones. */
static UNUSED void cubic_cell(const CubicMap *m, ptrdiff_t cell_y, ptrdiff_t cell_x, CubicBest *best) {
    const CubicTap *first = m->down + m->down_cells[cell_y];
    for (ptrdiff_t x = m->across_cells[cell_x]; x < m->across_cells[cell_x + 1]; x++) {
        f32 mixed[4];
        for (int i = 0; i < 4; i++) {
            f32 beside[4];
            for (int j = 0; j < 4; j++) beside[j] = m->map[first->at[i] * m->width + m->across[x].at[j]];
            mixed[i] = cubic_sum(beside, m->across[x].weight);
        }
        for (ptrdiff_t y = m->down_cells[cell_y]; y < m->down_cells[cell_y + 1]; y++) {
            const f32 value = cubic_sum(mixed, m->down[y].weight);
            const i64 at = (i64)y * m->out_width + x;
            if (best->at < 0 || value > best->value || (value == best->value && at < best->at))
                best->value = value, best->at = at;
        }
    }
}

static UNUSED CubicBest cubic_peak(const CubicMap *m, f32 *room) {
    const ptrdiff_t cells = (m->height + 1) * (m->width + 1);
    f32 *bounds = room + 2 * m->height * (m->width + 1) + m->width + 4;
    CubicBest best = {-INFINITY, -1};
    ptrdiff_t start = 0;
    cubic_bounds(m, room, bounds);
    for (ptrdiff_t c = 1; c < cells; c++)
        if (bounds[c] > bounds[start]) start = c;
    cubic_cell(m, start / (m->width + 1), start % (m->width + 1), &best);
    for (ptrdiff_t c = 0; c < cells; c++)
        if (bounds[c] >= best.value && bounds[c] > -INFINITY) cubic_cell(m, c / (m->width + 1), c % (m->width + 1), &best);
    return best;
}

#endif
