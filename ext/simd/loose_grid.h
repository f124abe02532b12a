/* A grid of items by centre and size: each stands in one cell, of the level that its size asks for.

   An item whose half extents are at most 2^e lies on a level with cells 2^(e + 1) wide, in the cell of its centre. Who
   looks for items near a place asks each level for the cells that a rectangle meets, the rectangle being as much larger
   than the place as items of that level may reach. Cells are heads of chains in a table with as many places as items,
   rounded up; cells may share a chain, so a caller tests what it finds, and may find an item twice. */
#ifndef IMGPROC_LOOSE_GRID_H
#define IMGPROC_LOOSE_GRID_H

#include <float.h>

#include "simd/common.h"

/* The coarsest level holds whatever is as large as the space; the finest has some 2^40 cells across it, and takes all
   that is smaller, so that the number of a cell is exact in float64. */
enum { GRID_LEVELS = 44 };

typedef struct {
    ptrdiff_t *heads;  /* by hash of a cell: the first item of its chain, or -1 */
    ptrdiff_t *next;   /* by item */
    ptrdiff_t *bucket; /* by item: the chain that it is in */
    int shift;
    int finest; /* the exponent of level 0 */
    f64 reach;  /* the most that a centre is away from 0 */
    f64 inverse[GRID_LEVELS]; /* 1 / width of a cell */
    f64 extent[GRID_LEVELS];  /* the most that a half extent may be */
    ptrdiff_t population[GRID_LEVELS];
} LooseGrid;

/* The cells of a level that a rectangle meets, bounds included. */
typedef struct {
    i64 x0, y0, x1, y1;
} GridCells;

static UNUSED void grid_free(LooseGrid *grid) { free(grid->heads); }

/* Room for `items`, with centres no further from 0 than `reach`; 0 when out of memory. */
static UNUSED int grid_init(LooseGrid *grid, ptrdiff_t items, f64 reach) {
    int bits = 4, top = 0;
    size_t places;
    while (bits < 40 && ((ptrdiff_t)1 << bits) < items) bits++;
    places = (size_t)1 << bits;
    if ((size_t)items > SIZE_MAX / sizeof(ptrdiff_t) / 4) return 0;
    grid->heads = malloc((places + 2 * (size_t)items) * sizeof *grid->heads);
    if (!grid->heads) return 0;
    grid->next = grid->heads + places;
    grid->bucket = grid->next + items;
    memset(grid->heads, 0xff, places * sizeof *grid->heads);
    grid->shift = 64 - bits;
    grid->reach = reach < DBL_MAX ? reach : DBL_MAX;
    frexp(grid->reach, &top);
    top = top < -900 ? -900 : top; /* below that every box is as good as empty, and 1 / width would overflow */
    grid->finest = top - (GRID_LEVELS - 4);
    for (int level = 0; level < GRID_LEVELS; level++) {
        grid->inverse[level] = ldexp(1.0, -(grid->finest + level + 1));
        grid->extent[level] = ldexp(1.0, grid->finest + level);
        grid->population[level] = 0;
    }
    return 1;
}

/* The level of items with this half extent; the nearest one there is for a bound of a search. */
INLINE int grid_level(const LooseGrid *grid, f64 half) {
    int exponent, level;
    if (!(half > grid->extent[0])) return 0;
    if (!(half <= grid->extent[GRID_LEVELS - 1])) return GRID_LEVELS - 1;
    frexp(half, &exponent); /* half < 2^exponent */
    level = exponent - grid->finest;
    return level < 0 ? 0 : level > GRID_LEVELS - 1 ? GRID_LEVELS - 1 : level;
}

/* Along one axis. No centre is beyond the reach, nor need a search go there. */
INLINE i64 grid_number(const LooseGrid *grid, int level, f64 place) {
    place = place > -grid->reach ? place : -grid->reach;
    place = place < grid->reach ? place : grid->reach;
    return (i64)floor(place * grid->inverse[level]);
}

INLINE GridCells grid_cells(const LooseGrid *grid, int level, f64 x, f64 y, f64 rx, f64 ry) {
    GridCells cells = {grid_number(grid, level, x - rx), grid_number(grid, level, y - ry),
                       grid_number(grid, level, x + rx), grid_number(grid, level, y + ry)};
    return cells;
}

INLINE f64 grid_cell_count(const GridCells *cells) {
    return ((f64)(cells->x1 - cells->x0) + 1) * ((f64)(cells->y1 - cells->y0) + 1);
}

INLINE ptrdiff_t grid_bucket(const LooseGrid *grid, int level, i64 x, i64 y) {
    u64 hash = (u64)x * 0x9e3779b97f4a7c15u + (u64)y * 0xc2b2ae3d27d4eb4fu + (u64)level * 0x165667b19e3779f9u;
    hash ^= hash >> 29;
    return (ptrdiff_t)(hash * 0xbf58476d1ce4e5b9u >> grid->shift);
}

INLINE void grid_insert(LooseGrid *grid, ptrdiff_t item, int level, f64 x, f64 y) {
    ptrdiff_t bucket = grid_bucket(grid, level, grid_number(grid, level, x), grid_number(grid, level, y));
    grid->bucket[item] = bucket;
    grid->next[item] = grid->heads[bucket];
    grid->heads[bucket] = item;
    grid->population[level]++;
}

INLINE void grid_remove(LooseGrid *grid, ptrdiff_t item, int level) {
    ptrdiff_t *link = &grid->heads[grid->bucket[item]];
    while (*link != item) link = &grid->next[*link];
    *link = grid->next[item];
    grid->population[level]--;
}

#endif
