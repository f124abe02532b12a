/* Flooding where the way from the marker counts too, in levels of float64: with a heap, for levels are as many as pixels and
   markers. Without such a cost it gives the labels of watershed_flood.h, for volumes of any size. */
#ifndef IMGPROC_WATERSHED_COMPACT_H
#define IMGPROC_WATERSHED_COMPACT_H

#include "simd/watershed.h"

/* Leaves by level, then by age. */
typedef struct {
    f64 level;
    i64 age;
    ptrdiff_t pixel;
    ptrdiff_t source; /* the pixel of the marker that the flood came from */
} Drop;

typedef struct {
    Drop *drops;
    size_t count, room;
} Drops;

INLINE int drop_before(const Drop *a, const Drop *b) {
    return a->level != b->level ? a->level < b->level : a->age < b->age;
}

/* The textbook's binary heap, step by step: what is equal leaves in the order that these steps give it, and no other. */
static UNUSED int drops_add(Drops *heap, Drop drop) {
    if (heap->count == heap->room) {
        const size_t room = heap->room ? 2 * heap->room : 1024;
        Drop *grown = realloc(heap->drops, room * sizeof *grown);
        if (!grown) return 0;
        heap->drops = grown;
        heap->room = room;
    }
    size_t at = heap->count++;
    for (; at && drop_before(&drop, &heap->drops[(at - 1) / 2]); at = (at - 1) / 2) heap->drops[at] = heap->drops[(at - 1) / 2];
    heap->drops[at] = drop;
    return 1;
}

static UNUSED Drop drops_take(Drops *heap) {
    Drop *drops = heap->drops;
    const Drop first = drops[0], last = drops[--heap->count];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < heap->count; at = child) {
        if (child + 1 < heap->count && drop_before(&drops[child + 1], &drops[child])) child++;
        if (!drop_before(&drops[child], &last)) break;
        drops[at] = drops[child];
    }
    drops[at] = last;
    return first;
}

typedef struct {
    ptrdiff_t z, y, x;
} Place;

INLINE Place framed_place(const Volume *v, ptrdiff_t p) {
    const ptrdiff_t width = framed_width(v), slice = framed_slice(v), z = p / slice, inside = p - z * slice, y = inside / width;
    return (Place){z, y, inside - y * width};
}

#define COMPACT_WALL (-1)

/* 0 where memory is short. A pixel enters from each neighbour, for a nearer marker may make it cheaper, and is labelled when it
   first leaves. Markers are of one age, and those of one level leave as the heap has it, which what waits beside them decides:
   entries that cost more than an earlier one of the same pixel change nothing but this, and stay. Without a cost markers
   have ages of their own, in the order of memory. */
static UNUSED int watershed_compact(const Volume *v, const void *relief, int kind, f64 compactness, const Basins *b) {
    const ptrdiff_t size = framed_size(v), width = v->shape[2], rows = volume_rows(v);
    i32 *labels = malloc((size_t)size * sizeof *labels);
    f64 *heights = malloc((size_t)size * sizeof *heights);
    Drops heap = {NULL, 0, 0};
    i64 age = 0;
    int done = 0;
    if (!labels || !heights) goto out;
    framed_heights(v, relief, kind, heights);
    for (ptrdiff_t p = 0; p < size; p++) labels[p] = COMPACT_WALL;
    for (ptrdiff_t row = 0; row < rows; row++)
        for (ptrdiff_t x = 0, p = framed_row(v, row), i = row * width; x < width; x++, p++, i++)
            if (!b->mask || b->mask[i]) labels[p] = b->markers[i];
    for (ptrdiff_t p = 0; p < size; p++)
        if (labels[p] > 0 && !drops_add(&heap, (Drop){heights[p], compactness > 0 ? -1 : p - size, p, p})) goto out;
    while (heap.count) {
        const Drop drop = drops_take(&heap);
        if (labels[drop.pixel] && drop.pixel != drop.source) continue;
        labels[drop.pixel] = labels[drop.source];
        const Place from = framed_place(v, drop.source), here = framed_place(v, drop.pixel);
        for (ptrdiff_t k = 0; k < v->count; k++) {
            const ptrdiff_t n = drop.pixel + v->near[k];
            if (labels[n]) continue;
            f64 level = heights[n];
            if (compactness > 0) {
                const f64 z = (f64)(here.z + v->steps[3 * k] - from.z), y = (f64)(here.y + v->steps[3 * k + 1] - from.y);
                const f64 x = (f64)(here.x + v->steps[3 * k + 2] - from.x);
                level += compactness * sqrt(z * z + y * y + x * x);
            }
            if (level < drop.level) level = drop.level;
            if (!drops_add(&heap, (Drop){level, age++, n, drop.source})) goto out;
        }
    }
    for (ptrdiff_t row = 0; row < rows; row++)
        for (ptrdiff_t x = 0, p = framed_row(v, row), i = row * width; x < width; x++, p++, i++)
            b->labels[i] = labels[p] == COMPACT_WALL ? 0 : labels[p];
    done = 1;
out:
    free(labels);
    free(heights);
    free(heap.drops);
    return done;
}

#endif
