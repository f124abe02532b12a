/* Sizes, places and extents of components, from their runs. */
#ifndef LEVEL
#include "simd/components.h"

#ifndef IMGPROC_COMPONENTS_STATISTICS_H
#define IMGPROC_COMPONENTS_STATISTICS_H

/* Of one label: pixels, sums of their indices, and the smallest box of indices around them, half-open. */
typedef struct {
    i64 area, sum[3], low[3], high[3]; /* x, y, z */
} Region;

INLINE void widen(Region *region, int axis, i64 low, i64 high) {
    region->low[axis] = region->low[axis] < low ? region->low[axis] : low;
    region->high[axis] = region->high[axis] > high ? region->high[axis] : high;
}

#endif
#define SIMD_SOURCE "simd/components_statistics.h"
#include "simd/levels.h"

/* Adds a line, of rows y and y + 1 of slice z, to the regions of its labels, and what lies between to regions[0].
   `rows` is 1 where there is one row only. */
DISPATCH(void, count_line, (const Components *c, ptrdiff_t line, ptrdiff_t y, ptrdiff_t z, int rows, Region *regions),
         (c, line, y, z, rows, regions))
#else

/* The sum of the places of the bits: of each power of two, the places that hold it. */
INLINE i64 FN(places)(u64 bits) {
    return FN(ones)(bits & 0xaaaaaaaaaaaaaaaau) + 2 * FN(ones)(bits & 0xccccccccccccccccu) +
           4 * FN(ones)(bits & 0xf0f0f0f0f0f0f0f0u) + 8 * FN(ones)(bits & 0xff00ff00ff00ff00u) +
           16 * FN(ones)(bits & 0xffff0000ffff0000u) + 32 * FN(ones)(bits & 0xffffffff00000000u);
}

/* Where the background of a row begins and ends. */
INLINE void FN(widen_background)(const Components *c, const u64 *row, ptrdiff_t y, ptrdiff_t z, Region *background) {
    const u64 beyond = c->width & 63 ? ~(u64)0 << (c->width & 63) : 0;
    ptrdiff_t w = 0, last = c->words - 1;
    while (w < last && row[w] == ~(u64)0) w++;
    const u64 begin = ~row[w] & (w == c->words - 1 ? ~beyond : ~(u64)0);
    if (!begin) return;
    u64 end = ~row[last] & ~beyond;
    while (!end) end = ~row[--last];
    int top = 63;
    while (!(end >> top & 1)) top--;
    widen(background, 0, 64 * w + lowest_bit(begin), 64 * last + top + 1);
    widen(background, 1, y, y + 1);
    widen(background, 2, z, z + 1);
}

static void FN(count_line)(const Components *c, ptrdiff_t line, ptrdiff_t y, ptrdiff_t z, int rows, Region *regions) {
    const u64 *top = line_top(c, line), *bottom = line_bottom(c, line), *joined = line_joined(c, line);
    const u32 *next = c->parents + c->first[line];
    Region *region = regions;
    FN(widen_background)(c, top, y, z, regions);
    if (rows == 2) FN(widen_background)(c, bottom, y + 1, z, regions);
    for (ptrdiff_t w = 0; w < c->words; w++) {
        const u64 starts = run_starts(joined, w);
        u64 left = joined[w];
        while (left) {
            /* The lowest run: adding its lowest bit carries through it. */
            const u64 bit = left & (0 - left), rest = left + bit, run = left & ~rest;
            left &= rest;
            if (starts & bit) region = regions + (*next++ & (LABELLED - 1));
            const u64 upper = top[w] & run, lower = rows == 2 ? bottom[w] & run : 0;
            const i64 m = FN(ones)(upper), n = FN(ones)(lower), from = 64 * w + FN(ones)(bit - 1);
            region->area += m + n;
            region->sum[0] += 64 * w * (m + n) + FN(places)(upper) + FN(places)(lower);
            region->sum[1] += y * m + (y + 1) * n;
            region->sum[2] += z * (m + n);
            widen(region, 0, from, from + FN(ones)(run));
            widen(region, 1, m ? y : y + 1, n ? y + 2 : y + 1);
            widen(region, 2, z, z + 1);
        }
    }
}

#endif
