/* Greedy non-maximum suppression of boxes in order, in the memory of a few numbers for each box.

   Included once for each type of boxes, with T and its name in NAME(). */
#ifndef NAME
#include "simd/neighborhood.h"
#define T f32
#define NAME(name) name##_f32
#define LEAST_AREA 0x1p-100 /* below it products lose digits */
#include "simd/suppression.h"
#undef T
#undef NAME
#undef LEAST_AREA
#define T f64
#define NAME(name) name##_f64
#define LEAST_AREA 0x1p-900
#include "simd/suppression.h"
#undef T
#undef NAME
#undef LEAST_AREA
#else

typedef struct {
    NAME(Box) box;
    u32 next; /* 1 + the box entered before it in the same cell */
} NAME(Entry);

typedef struct {
    NAME(Kept) kept;
    NAME(Limit) limit;
    NAME(Entry) *entries;
    Grid grid;
    i64 capacity;
} NAME(Search);

static void NAME(close_search)(NAME(Search) *search) {
    free(search->kept.x1);
    free(search->entries);
    free(search->grid.heads);
}

/* For groups of up to `capacity` boxes; 0 without memory. */
static int NAME(open_search)(NAME(Search) *search, i64 capacity, f64 threshold, int distance) {
    const size_t room = ((size_t)capacity + RIVALS - 1) / RIVALS * RIVALS;
    T cut = (T)threshold;
    /* Compared as doubles, an overlap above the threshold is above the largest T that is not. */
    if ((f64)cut > threshold) cut = NAME(before)(cut);
    search->limit.cut = cut;
    search->limit.distance = distance;
    search->capacity = capacity;
    search->kept.x1 = malloc(5 * sizeof(T) * room + 1);
    search->entries = malloc(sizeof *search->entries * (size_t)capacity + 1);
    search->grid.heads = NULL;
    if (!search->kept.x1 || !search->entries) {
        NAME(close_search)(search);
        return 0;
    }
    search->kept.y1 = search->kept.x1 + room;
    search->kept.x2 = search->kept.x1 + 2 * room;
    search->kept.y2 = search->kept.x1 + 3 * room;
    search->kept.area = search->kept.x1 + 4 * room;
    prepare_grid(&search->grid, cut);
    return 1;
}

INLINE Place NAME(place)(NAME(Box) b) {
    return place_of(b.x1, b.y1, b.x2, b.y2, b.area, LEAST_AREA);
}

static void NAME(enter)(NAME(Search) *search, i64 number) {
    NAME(Entry) *entry = search->entries + number;
    const Place place = NAME(place)(entry->box);
    u32 *head = enter_place(&search->grid, &place);
    entry->next = *head;
    *head = (u32)number + 1;
}

/* 0 without memory. */
static int NAME(keep)(NAME(Search) *search, NAME(Box) box, i64 members) {
    NAME(Kept) *kept = &search->kept;
    const ptrdiff_t number = kept->count++;
    if (number % RIVALS == 0)
        for (ptrdiff_t i = number; i < number + RIVALS; i++) {
            kept->x1[i] = kept->y1[i] = 1; /* disjoint from all, itself too */
            kept->x2[i] = kept->y2[i] = kept->area[i] = 0;
        }
    kept->x1[number] = box.x1;
    kept->y1[number] = box.y1;
    kept->x2[number] = box.x2;
    kept->y2[number] = box.y2;
    kept->area[number] = box.area;
    search->entries[number].box = box;
    if (search->grid.built) {
        NAME(enter)(search, number);
    } else if (number == 16 * NAME(LOOKS)[*simd_level] && members < UINT32_MAX) {
        if (!search->grid.heads) search->grid.heads = malloc(sizeof(u32) * (2 * (size_t)search->capacity + 17));
        if (!search->grid.heads) return 0;
        clear_grid(&search->grid, members);
        for (i64 i = 0; i <= number; i++) NAME(enter)(search, i);
    }
    return 1;
}

static int NAME(chain_overlaps)(const NAME(Search) *search, u32 number, NAME(Box) box) {
    for (; number; number = search->entries[number - 1].next)
        if (NAME(exceeds)(search->entries[number - 1].box, box, search->limit)) return 1;
    return 0;
}

static int NAME(suppressed)(const NAME(Search) *search, NAME(Box) box) {
    const Grid *grid = &search->grid;
    Reach across, down;
    if (!grid->built) return NAME(overlapped)(&search->kept, box, search->limit);
    const i64 most = search->kept.count / NAME(LOOKS)[*simd_level];
    const Place place = NAME(place)(box);
    if (plan_looks(grid, &place, most, &across, &down) > most)
        return NAME(overlapped)(&search->kept, box, search->limit);
    if (grid->loose && NAME(chain_overlaps)(search, grid->heads[(size_t)1 << grid->cells], box)) return 1;
    for (int i = 0; i < across.sizes; i++)
        for (int j = 0; j < down.sizes; j++) {
            if (!grid->sizes[(across.first + i) & 63][(down.first + j) & 63]) continue;
            for (int x = 0; x < across.cells[i]; x++)
                for (int y = 0; y < down.cells[j]; y++) {
                    const u32 *head =
                        cell_of(grid, across.first + i, down.first + j, across.low[i] + x, down.low[j] + y);
                    if (*head && NAME(chain_overlaps)(search, *head, box)) return 1;
                }
        }
    return 0;
}

/* Sets keep[m] of each member m that no better kept one suppresses, and stops when `most` are; 0 without memory.
   `boxes` are x1, y1, x2, y2; the best member comes first. */
static int NAME(suppress)(NAME(Search) *search, const T *boxes, const i64 *members, i64 count, i64 most, u8 *keep) {
    i64 found = 0;
    search->kept.count = 0;
    search->grid.built = 0;
    for (i64 i = 0; i < count && found < most; i++) {
        const T *b = boxes + 4 * members[i];
        const NAME(Box) box = {b[0], b[1], b[2], b[3], (b[2] - b[0]) * (b[3] - b[1])};
        /* Without area, or with one beyond the type, a box overlaps nothing. */
        const int inert = !(box.area > 0 && box.area <= NAME(LARGEST));
        if (!inert && NAME(suppressed)(search, box)) continue;
        keep[members[i]] = 1;
        found++;
        if (!inert && !NAME(keep)(search, box, count)) return 0;
    }
    return 1;
}

#endif
