/* Peaks that stand out: those from which one has to go down by at least a depth to reach a higher one. */
#ifndef IMGPROC_WATERSHED_PEAKS_H
#define IMGPROC_WATERSHED_PEAKS_H

#include "simd/watershed.h"
#include "simd/watershed_ranks.h"

#define PEAKS_UNSEEN UINT32_MAX

/* The highest pixel that a seen one is joined with; shortens the way there. */
INLINE u32 peak_of(u32 *above, u32 pixel) {
    while (above[pixel] != pixel) pixel = above[pixel] = above[above[pixel]];
    return pixel;
}

/* Numbers in memory order, from 1 on, the peaks among values above 0, 0 elsewhere; steps lead both ways, the framed volume has below
   2^32 - 1 pixels. Pixels come in order of height, the first of equals first: one without a neighbour before it is a peak, others
   join their neighbours' peaks, of which the highest goes on and the rest keep their numbers where they are deep enough. Of one
   plateau the first pixel is the peak. Gives how many there are, -1 where memory is short. */
static UNUSED i64 deep_peaks(const Volume *v, const f32 *values, f64 depth, i32 *out) {
    const ptrdiff_t size = framed_size(v), rows = volume_rows(v), width = v->shape[2];
    f32 *heights = malloc((size_t)size * sizeof *heights);
    u32 *above = malloc((size_t)size * sizeof *above);
    u8 *kept = calloc((size_t)size, 1);
    u64 *items = malloc((size_t)(rows * width) * sizeof *items), *other = malloc((size_t)(rows * width) * sizeof *other);
    i64 count = -1;
    if (!heights || !above || !kept || !items || !other) goto out;
    RankCounts counts;
    size_t n = 0;
    memset(counts, 0, sizeof counts);
    memset(above, 0xff, (size_t)size * sizeof *above);
    for (ptrdiff_t row = 0; row < rows; row++)
        for (ptrdiff_t x = 0, p = framed_row(v, row); x < width; x++, p++) {
            heights[p] = values[row * width + x];
            if (!(heights[p] > 0)) continue;
            const u32 key = ~rank_key_f32(heights[p]);
            rank_count(counts, key);
            items[n++] = (u64)key << 32 | (u32)p;
        }
    const u64 *sorted = n ? rank_sort(items, other, n, counts) : items;
    for (size_t i = 0; i < n; i++) {
        const u32 pixel = (u32)sorted[i];
        u32 highest = pixel;
        for (ptrdiff_t k = 0; k < v->count; k++) {
            const u32 neighbour = (u32)(pixel + v->near[k]);
            if (above[neighbour] == PEAKS_UNSEEN) continue;
            u32 peak = peak_of(above, neighbour);
            if (peak == highest) continue;
            if (highest != pixel) {
                if (heights[peak] > heights[highest] || (heights[peak] == heights[highest] && peak < highest)) {
                    const u32 swap = highest;
                    highest = peak;
                    peak = swap;
                }
                above[peak] = highest;
                kept[peak] &= (f64)heights[peak] - heights[pixel] >= depth;
            } else highest = peak;
        }
        above[pixel] = highest;
        kept[pixel] = highest == pixel;
    }
    count = 0;
    for (ptrdiff_t row = 0; row < rows; row++)
        for (ptrdiff_t x = 0, p = framed_row(v, row); x < width; x++, p++)
            out[row * width + x] = kept[p] ? (i32)++count : 0;
out:
    free(heights);
    free(above);
    free(kept);
    free(items);
    free(other);
    return count;
}

#endif
