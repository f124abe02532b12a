/* Hysteresis on 64-pixel words: weak pixels that are connected to strong ones become edges. */
#ifndef IMGPROC_CANNY_EDGES_H
#define IMGPROC_CANNY_EDGES_H
#include "simd/common.h"

/* Bit k is pixel k of 64 in a row. `edges` is a part of `candidates`. */
typedef struct {
    u64 candidates, edges;
} EdgeWord;

/* The bits of `open` that runs of ones connect with `seeds`, which is a part of it. */
INLINE u64 fill_runs(u64 seeds, u64 open) {
    u64 filled = seeds | (open & ((open + seeds) ^ open)); /* upwards the carry runs through the ones */
    u64 below = open;
    for (int k = 1; k < 64; k *= 2) {
        filled |= below & (filled >> k);
        below &= below >> k;
    }
    return filled & open;
}

/* Words to look at once more. Each is held once at most, so there are never more entries than words. */
typedef struct {
    ptrdiff_t *words;
    ptrdiff_t count, capacity;
    u64 *held;
} WorkList;

INLINE int work_later(WorkList *list, ptrdiff_t word) {
    const u64 bit = 1ull << (word & 63);
    if (list->held[word >> 6] & bit) return 0;
    if (list->count == list->capacity) {
        const ptrdiff_t capacity = list->capacity ? 2 * list->capacity : 1024;
        ptrdiff_t *words = realloc(list->words, (size_t)capacity * sizeof *words);
        if (!words) return -1;
        list->words = words;
        list->capacity = capacity;
    }
    list->held[word >> 6] |= bit;
    list->words[list->count++] = word;
    return 0;
}

/* Spreads the edges of one word to the eight around it. Those up to `scanned` that gain edges are looked at again. */
INLINE int spread_word(EdgeWord *words, ptrdiff_t at, ptrdiff_t pitch, ptrdiff_t scanned, WorkList *list) {
    const u64 edges = words[at].edges, reach = edges | edges << 1 | edges >> 1;
    const u64 seeds[3] = {edges << 63, reach, edges >> 63};
    for (int row = -1; row <= 1; row++)
        for (int side = -1; side <= 1; side++) {
            const ptrdiff_t near = at + row * pitch + side;
            EdgeWord *word = words + near;
            const u64 fresh = seeds[side + 1] & word->candidates & ~word->edges;
            if (!fresh) continue;
            word->edges |= fill_runs(fresh, word->candidates);
            if (near <= scanned && work_later(list, near)) return -1;
        }
    return 0;
}

/* words is (height + 2, pitch) with a border of zeros. Time O(words + edge pixels), whatever way the edges wind:
   a word is looked at again only after it has gained one. Returns -1 where memory is short. */
static UNUSED int connect_edges(EdgeWord *words, ptrdiff_t height, ptrdiff_t pitch) {
    const ptrdiff_t first = pitch + 1, end = (height + 1) * pitch - 1;
    WorkList list = {NULL, 0, 0, calloc((size_t)(end / 64 + 1), sizeof(u64))};
    int status = list.held ? 0 : -1;
    for (ptrdiff_t at = first; at < end && !status; at++) {
        if (!words[at].edges) continue;
        words[at].edges = fill_runs(words[at].edges, words[at].candidates);
        status = spread_word(words, at, pitch, at, &list);
        while (list.count && !status) {
            const ptrdiff_t again = list.words[--list.count];
            list.held[again >> 6] &= ~(1ull << (again & 63));
            status = spread_word(words, again, pitch, at, &list);
        }
    }
    free(list.words);
    free(list.held);
    return status;
}

#endif
