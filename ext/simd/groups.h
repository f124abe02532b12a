/* Indices parted by label, each part in the order they came in. */
#ifndef IMGPROC_GROUPS_H
#define IMGPROC_GROUPS_H
#include "simd/common.h"

/* Spreads the bits of a number over all of a word; the high ones are best. */
INLINE u64 mixed(u64 v) {
    v = (v ^ v >> 32) * 0xd6e8feb86659fd93u;
    return v ^ v >> 32;
}

/* grouped[starts[g] .. starts[g + 1]) are the members of `order` with the g-th label that occurs; starts has n + 2 places.
   Gives the number of groups, or -1 without memory. */
static UNUSED ptrdiff_t group_by_label(const i64 *labels, const i64 *order, ptrdiff_t n, i64 *grouped, i64 *starts) {
    size_t size = 16;
    while (size < 2 * (size_t)n) size *= 2;
    i64 *groups = malloc(sizeof *groups * (size_t)n + 1); /* of each member */
    i64 *firsts = malloc(sizeof *firsts * (size_t)n + 1); /* label of each group */
    i64 *table = calloc(size, sizeof *table);             /* 1 + group by label, open addresses */
    ptrdiff_t count = 0;
    if (groups && firsts && table) {
        memset(starts, 0, sizeof *starts * ((size_t)n + 2));
        for (ptrdiff_t i = 0; i < n; i++) {
            const i64 label = labels[order[i]];
            size_t place = (size_t)mixed((u64)label) & (size - 1);
            while (table[place] && firsts[table[place] - 1] != label) place = (place + 1) & (size - 1);
            if (!table[place]) {
                firsts[count] = label;
                table[place] = ++count;
            }
            groups[i] = table[place] - 1;
            starts[groups[i] + 2]++;
        }
        for (ptrdiff_t g = 2; g <= count; g++) starts[g + 1] += starts[g];
        /* starts[g + 1] is now where group g begins; it ends as where it ends. */
        for (ptrdiff_t i = 0; i < n; i++) grouped[starts[groups[i] + 1]++] = order[i];
    } else {
        count = -1;
    }
    free(groups);
    free(firsts);
    free(table);
    return count;
}

#endif
