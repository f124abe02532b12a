/* Kept boxes by size and place, so that a candidate meets only those that can overlap it by more than a threshold.

   Where the overlap (IoU) of two boxes exceeds t, the overlap of their sides along each axis does too. Sides of lengths v
   and w whose middles are d apart then have t < v / w < 1 / t and d < (v + w) / 2 * (1 - t) / (1 + t). A kept box stands
   in one cell: of its width's and its height's power of 4, and of its middle in steps of twice that power. A candidate
   looks into the cells within those bounds; where these are too many (t near 0, sizes far apart) it is faster to meet
   all kept boxes. A bound is widened by more than the arithmetic errs, so that either way gives the same answer. */
#ifndef IMGPROC_NEIGHBORHOOD_H
#define IMGPROC_NEIGHBORHOOD_H
#include "simd/groups.h"
#include "simd/rivals.h"

#define SIZES 12 /* powers of 4 that a candidate looks at along an axis */
#define CELLS 64 /* cells along an axis */

/* Boxes that are met in the time of one look into a cell, for each instruction set: only speed depends on it. */
static const int LOOKS_f32[] = {5, 10, 20}, LOOKS_f64[] = {3, 5, 10};

/* A box as doubles. `fits` where it is large enough for its middle, and its area, to be known to a few bits. */
typedef struct {
    f64 width, height, x, y;
    int fits;
} Place;

/* Which sizes and cells of an axis to look at. */
typedef struct {
    int first, sizes;
    i64 low[SIZES];
    int cells[SIZES];
} Reach;

typedef struct {
    f64 ratio, share; /* of sides, and of the distance of their middles */
    int cells;        /* log2 of the number of heads */
    u32 *heads;       /* 1 + the box last entered in a cell; behind them one for boxes that do not fit */
    int built, loose;
    int low_x, high_x, low_y, high_y;
    u8 sizes[64][64]; /* whether some box has these sizes, modulo 64 */
} Grid;

INLINE int size_of(f64 length) {
    u64 bits;
    memcpy(&bits, &length, sizeof bits);
    return (int)(bits >> 53); /* half the exponent */
}

INLINE f64 power_of_2(int exponent) {
    const u64 bits = (u64)(exponent + 1023) << 52;
    f64 value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* One step in the cells of a size is twice its smallest length. */
INLINE f64 steps_per_pixel(int size) {
    return power_of_2(1022 - 2 * size);
}

/* The integer at or below a number, which 64 bits must hold: with boxes that fit, and cells that far apart, 2^56 do. */
INLINE i64 whole(f64 value) {
    const i64 cut = (i64)value;
    return cut - ((f64)cut > value);
}

static Place place_of(f64 x1, f64 y1, f64 x2, f64 y2, f64 area, f64 least_area) {
    Place p = {x2 - x1, y2 - y1, x1 * 0.5 + x2 * 0.5, y1 * 0.5 + y2 * 0.5, 0};
    const f64 small = 0x1p-500, large = 0x1p500, far = 0x1p40;
    p.fits = area >= least_area && p.width > small && p.width < large && p.height > small && p.height < large &&
             fabs(p.x) + p.width < far * p.width && fabs(p.y) + p.height < far * p.height;
    return p;
}

INLINE u32 *cell_of(const Grid *grid, int size_x, int size_y, i64 x, i64 y) {
    const u64 key = (u64)x * 0x9e3779b97f4a7c15u + (u64)y * 0xc2b2ae3d27d4eb4fu + (u64)(size_x * 2048 + size_y);
    return grid->heads + (mixed(key) >> (64 - grid->cells));
}

/* 0 where an axis has too many cells to look at. */
static int reach_of(const Grid *grid, f64 length, f64 middle, int low, int high, Reach *reach) {
    const f64 longest = length / grid->ratio;
    int last = size_of(longest);
    reach->first = size_of(length * grid->ratio);
    if (reach->first < low) reach->first = low;
    if (last > high) last = high;
    reach->sizes = last - reach->first + 1;
    if (reach->sizes > SIZES) return 0;
    for (int i = 0; i < reach->sizes; i++) {
        const f64 per_pixel = steps_per_pixel(reach->first + i), top = 2 / per_pixel;
        const f64 sum = length + (top < longest ? top : longest), far = sum * (0.5 * grid->share + 0x1p-10);
        if (!(far * per_pixel < CELLS / 2)) return 0;
        reach->low[i] = whole((middle - far) * per_pixel);
        reach->cells[i] = (int)(whole((middle + far) * per_pixel) - reach->low[i]) + 1;
    }
    return 1;
}

static void prepare_grid(Grid *grid, f64 threshold) {
    /* The arithmetic of float32 overlaps errs by less than 2^-19 of them, but for those that are no normal numbers. */
    const f64 t = threshold < 0x1p-20 ? 0 : threshold * (1 - 0x1p-17);
    grid->ratio = t;
    grid->share = (1 - t) / (1 + t);
    grid->built = 0;
}

static void clear_grid(Grid *grid, i64 members) {
    grid->cells = 4;
    while ((i64)1 << grid->cells < members) grid->cells++;
    memset(grid->heads, 0, sizeof *grid->heads * (((size_t)1 << grid->cells) + 1));
    memset(grid->sizes, 0, sizeof grid->sizes);
    grid->low_x = grid->low_y = 1 << 20;
    grid->high_x = grid->high_y = -1;
    grid->loose = 0;
    grid->built = 1;
}

static u32 *enter_place(Grid *grid, const Place *p) {
    if (!p->fits) {
        grid->loose++;
        return grid->heads + ((size_t)1 << grid->cells);
    }
    const int size_x = size_of(p->width), size_y = size_of(p->height);
    grid->low_x = size_x < grid->low_x ? size_x : grid->low_x;
    grid->high_x = size_x > grid->high_x ? size_x : grid->high_x;
    grid->low_y = size_y < grid->low_y ? size_y : grid->low_y;
    grid->high_y = size_y > grid->high_y ? size_y : grid->high_y;
    grid->sizes[size_x & 63][size_y & 63] = 1;
    return cell_of(grid, size_x, size_y, whole(p->x * steps_per_pixel(size_x)), whole(p->y * steps_per_pixel(size_y)));
}

/* Cells that a candidate would look into, or more than `most`. */
static i64 plan_looks(const Grid *grid, const Place *p, i64 most, Reach *across, Reach *down) {
    i64 looks = grid->loose;
    if (!p->fits || looks > most) return most + 1;
    if (!reach_of(grid, p->width, p->x, grid->low_x, grid->high_x, across)) return most + 1;
    if (!reach_of(grid, p->height, p->y, grid->low_y, grid->high_y, down)) return most + 1;
    for (int i = 0; i < across->sizes; i++)
        for (int j = 0; j < down->sizes; j++)
            if (grid->sizes[(across->first + i) & 63][(down->first + j) & 63])
                looks += (i64)across->cells[i] * down->cells[j];
    return looks;
}

#endif
