/* Selective search's grouping: the two neighbours that are most alike become one region, until there is one. */
#ifndef IMGPROC_HIERARCHY_H
#define IMGPROC_HIERARCHY_H
#include "simd/likeness.h"
#include "simd/region_stats.h"

/* What likeness is made of. */
enum { BY_COLOR = 1, BY_TEXTURE = 2, BY_SIZE = 4, BY_FILL = 8 };

/* Two neighbours; out of date once one of them has been merged. */
typedef struct {
    f32 likeness;
    i32 a, b; /* a < b */
} Pair;

/* Entries of lists of neighbours. What they name may have been merged since: its region is then the one it became. */
typedef struct {
    i32 neighbor, next;
} Link;

typedef struct {
    ptrdiff_t count; /* of regions at first; those that arise are numbered on, to 2 count - 1 */
    i64 area;        /* of the image */
    int channels, measures;
    Region *regions;
    u32 *bins;       /* of the first `count` regions; a later one has the place of one that it was made from */
    i32 *place;      /* in bins */
    i32 *became;     /* a later region, itself while it lasts */
    i32 *first, *last;
    i32 *seen;
    Link *links;
    Pair *heap;
    ptrdiff_t pairs, room;
} Hierarchy;

INLINE int is_before(const Pair *p, const Pair *q) {
    if (p->likeness != q->likeness) return p->likeness > q->likeness;
    return p->a != q->a ? p->a < q->a : p->b < q->b;
}

INLINE int is_current(const Hierarchy *h, const Pair *pair) {
    return h->became[pair->a] == pair->a && h->became[pair->b] == pair->b;
}

/* Puts a pair at a place of the heap or below it, where that is free. */
static void sink_pair(Hierarchy *h, ptrdiff_t at, Pair pair) {
    for (;;) {
        ptrdiff_t child = 2 * at + 1;
        if (child >= h->pairs) break;
        if (child + 1 < h->pairs && is_before(&h->heap[child + 1], &h->heap[child])) child++;
        if (!is_before(&h->heap[child], &pair)) break;
        h->heap[at] = h->heap[child];
        at = child;
    }
    h->heap[at] = pair;
}

/* Room in a full heap: first what is out of date leaves it, so that it never holds much more than the pairs that touch. */
static int clean_heap(Hierarchy *h) {
    ptrdiff_t kept = 0;
    for (ptrdiff_t i = 0; i < h->pairs; i++)
        if (is_current(h, &h->heap[i])) h->heap[kept++] = h->heap[i];
    h->pairs = kept;
    for (ptrdiff_t at = kept / 2 - 1; at >= 0; at--) sink_pair(h, at, h->heap[at]);
    if (2 * kept <= h->room) return 1;
    Pair *heap = realloc(h->heap, 2 * (size_t)h->room * sizeof(Pair));
    if (!heap) return 0;
    h->heap = heap;
    h->room *= 2;
    return 1;
}

static int push_pair(Hierarchy *h, Pair pair) {
    if (h->pairs == h->room && !clean_heap(h)) return 0;
    ptrdiff_t at = h->pairs++;
    while (at > 0 && is_before(&pair, &h->heap[(at - 1) / 2])) {
        h->heap[at] = h->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    h->heap[at] = pair;
    return 1;
}

static Pair pop_pair(Hierarchy *h) {
    const Pair top = h->heap[0];
    const Pair moved = h->heap[--h->pairs];
    if (h->pairs > 0) sink_pair(h, 0, moved);
    return top;
}

INLINE Region merged(const Region *a, const Region *b) {
    return (Region){a->pixels + b->pixels, a->x0 < b->x0 ? a->x0 : b->x0, a->y0 < b->y0 ? a->y0 : b->y0,
                    a->x1 > b->x1 ? a->x1 : b->x1, a->y1 > b->y1 ? a->y1 : b->y1};
}

static f32 likeness_of(const Hierarchy *h, i32 a, i32 b) {
    const ptrdiff_t length = region_length(h->channels), colors = color_length(h->channels);
    const Region *p = h->regions + a, *q = h->regions + b;
    const u32 *bins_a = h->bins + h->place[a] * length, *bins_b = h->bins + h->place[b] * length;
    const f32 all = 1.0f / (f32)h->area, weight_a = 1.0f / ((f32)p->pixels * (f32)h->channels),
              weight_b = 1.0f / ((f32)q->pixels * (f32)h->channels);
    f32 sum = 0;
    if (h->measures & BY_COLOR) sum += common_part(bins_a, bins_b, colors, weight_a, weight_b);
    if (h->measures & BY_TEXTURE)
        sum += common_part(bins_a + colors, bins_b + colors, length - colors, weight_a * (0.5f / AXES), weight_b * (0.5f / AXES));
    const Region both = merged(p, q);
    if (h->measures & BY_SIZE) sum += 1.0f - (f32)both.pixels * all;
    if (h->measures & BY_FILL) {
        const i64 box = (i64)(both.x1 - both.x0) * (both.y1 - both.y0);
        sum += 1.0f - (f32)(box - both.pixels) * all;
    }
    return sum;
}

INLINE i32 now(i32 *became, i32 region) {
    while (became[region] != region) {
        became[region] = became[became[region]];
        region = became[region];
    }
    return region;
}

/* Makes one region of two; its list of neighbours is both lists, without what is named twice and without itself. */
static int merge_pair(Hierarchy *h, i32 a, i32 b, i32 made) {
    const ptrdiff_t length = region_length(h->channels);
    u32 *bins = h->bins + h->place[a] * length;
    const u32 *others = h->bins + h->place[b] * length;
    for (ptrdiff_t i = 0; i < length; i++) bins[i] += others[i];
    h->regions[made] = merged(h->regions + a, h->regions + b);
    h->place[made] = h->place[a];
    h->became[a] = h->became[b] = h->became[made] = made;
    h->links[h->last[a]].next = h->first[b];
    i32 kept = -1;
    h->first[made] = h->last[made] = -1;
    for (i32 link = h->first[a]; link >= 0; link = h->links[link].next) {
        const i32 neighbor = now(h->became, h->links[link].neighbor);
        if (neighbor == made || h->seen[neighbor] == made) continue;
        h->seen[neighbor] = made;
        h->links[link].neighbor = neighbor;
        if (kept < 0) h->first[made] = link;
        else h->links[kept].next = link;
        kept = link;
        if (!push_pair(h, (Pair){likeness_of(h, neighbor, made), neighbor, made})) return 0;
    }
    if (kept >= 0) h->links[kept].next = -1;
    h->last[made] = kept;
    return 1;
}

/* Merges regions until one is left, or none has a neighbour; gives how many there are in all, or -1 without memory. */
static UNUSED ptrdiff_t group_regions(Hierarchy *h) {
    i32 made = (i32)h->count;
    while (h->pairs > 0) {
        const Pair pair = pop_pair(h);
        if (!is_current(h, &pair)) continue;
        if (!merge_pair(h, pair.a, pair.b, made)) return -1;
        made++;
    }
    return made;
}

#endif
