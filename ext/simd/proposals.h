/* Selective search of one segmentation: its regions described once, and grouped by each combination of measures. */
#ifndef IMGPROC_PROPOSALS_H
#define IMGPROC_PROPOSALS_H
#include "simd/adjacency.h"
#include "simd/hierarchy.h"

static void free_hierarchy(Hierarchy *h) {
    free(h->regions);
    free(h->bins);
    free(h->place);
    free(h->became);
    free(h->first);
    free(h->last);
    free(h->seen);
    free(h->links);
    free(h->heap);
}

/* Room for `count` regions and `pairs` pairs; 0 without memory, then what there is of it. */
static int new_hierarchy(Hierarchy *h, ptrdiff_t count, ptrdiff_t pairs, int channels, i64 area) {
    const size_t all = 2 * (size_t)count;
    memset(h, 0, sizeof *h);
    h->count = count;
    h->channels = channels;
    h->area = area;
    h->room = 2 * pairs + 16;
    h->regions = malloc(all * sizeof(Region));
    h->bins = malloc((size_t)count * (size_t)region_length(channels) * sizeof(u32));
    h->place = malloc(all * sizeof(i32));
    h->became = malloc(all * sizeof(i32));
    h->first = malloc(all * sizeof(i32));
    h->last = malloc(all * sizeof(i32));
    h->seen = malloc(all * sizeof(i32));
    h->links = malloc((2 * (size_t)pairs + 1) * sizeof(Link));
    h->heap = malloc((size_t)h->room * sizeof(Pair));
    return h->regions && h->bins && h->place && h->became && h->first && h->last && h->seen && h->links && h->heap;
}

static void link_neighbor(Hierarchy *h, i32 region, i32 neighbor, i32 link) {
    h->links[link] = (Link){neighbor, -1};
    if (h->first[region] < 0) h->first[region] = link;
    else h->links[h->last[region]].next = link;
    h->last[region] = link;
}

/* Every region by itself, and the likeness of all that touch. */
static int begin_grouping(Hierarchy *h, const PairSet *touching, int measures) {
    i32 link = 0;
    h->measures = measures;
    h->pairs = 0;
    for (i32 k = 0; k < 2 * h->count; k++) {
        h->place[k] = h->became[k] = k;
        h->first[k] = h->last[k] = h->seen[k] = -1;
    }
    for (size_t i = 0; i <= touching->mask; i++) {
        if (touching->slots[i] == 0) continue;
        const u64 key = touching->slots[i] - 1;
        const i32 a = (i32)(key >> 32), b = (i32)(u32)key;
        link_neighbor(h, a, b, link++);
        link_neighbor(h, b, a, link++);
        if (!push_pair(h, (Pair){likeness_of(h, a, b), a, b})) return 0;
    }
    return 1;
}

/* boxes is (combinations, 2 count - 1, 4): of each combination of measures, the regions at first and then as they arise.
   Regions of an image are connected, so that there is one in the end. 0 without memory. */
static UNUSED int propose_boxes(const f32 *planes, int channels, ptrdiff_t height, ptrdiff_t width, const i32 *labels,
                                ptrdiff_t count, const i32 *measures, ptrdiff_t combinations, i32 *boxes) {
    const size_t size = (size_t)count * (size_t)region_length(channels) * sizeof(u32);
    PairSet touching = {NULL, 0, 0};
    Hierarchy h;
    Region *regions = malloc((size_t)count * sizeof *regions);
    u32 *bins = malloc(size);
    int done = regions && bins && touching_pairs(labels, height, width, &touching) &&
               describe_regions(planes, channels, height, width, labels, count, regions, bins);
    done = new_hierarchy(&h, count, touching.count, channels, (i64)height * width) && done;
    for (ptrdiff_t k = 0; done && k < combinations; k++) {
        memcpy(h.regions, regions, (size_t)count * sizeof *regions);
        memcpy(h.bins, bins, size);
        done = begin_grouping(&h, &touching, measures[k]) && group_regions(&h) == 2 * count - 1;
        for (ptrdiff_t i = 0; done && i < 2 * count - 1; i++, boxes += 4) {
            const Region *region = h.regions + i;
            boxes[0] = region->x0, boxes[1] = region->y0, boxes[2] = region->x1, boxes[3] = region->y1;
        }
    }
    free_hierarchy(&h);
    free(touching.slots);
    free(regions);
    free(bins);
    return done;
}

#endif
