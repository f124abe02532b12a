/* The search for the straight line behind a table: table[v] = clip(rint((v - low) * scale)) for v >= low, else 0.

   Contrast stretches and gains are such lines, and where lookups are slow arithmetic beats them. A proposed line is
   only used after the kernel's own arithmetic gave every entry of the table, so proposals may be wrong. */
#ifndef IMGPROC_LINES_H
#define IMGPROC_LINES_H
#include "simd/common.h"

typedef struct {
    f64 low, scale;
} Line;

typedef struct {
    const u16 *table;
    int top, in_f32, attempt;
    int low, high;          /* the last entry 0 and the first entry `top`, if the table rises */
    f64 least, most, last;  /* slopes that a gain (low = 0) may have, and the last one proposed */
} LineSearch;

/* Entry v says which slopes a gain may have. */
static UNUSED void narrow_slopes(LineSearch *search, int v) {
    if (v == 0) return;
    const f64 per_level = 1.0 / v, least = (search->table[v] - 0.5) * per_level, most = (search->table[v] + 0.5) * per_level;
    if (least > search->least) search->least = least;
    if (search->table[v] < search->top && most < search->most) search->most = most;
}

/* Lines will be computed in float32 (u8) or in float64. */
static UNUSED LineSearch search_line(const u16 *table, int levels, int in_f32) {
    LineSearch search = {table, levels - 1, in_f32, 0, 0, levels - 1, 0, levels, -1};
    int beyond = levels - 1, below = 0;
    while (beyond - search.low > 1) {
        const int middle = (search.low + beyond) / 2;
        if (table[middle] == 0) search.low = middle;
        else beyond = middle;
    }
    while (search.high - below > 1) {
        const int middle = (below + search.high) / 2;
        if (table[middle] == search.top) search.high = middle;
        else below = middle;
    }
    /* Some entries tell most curves from lines: one off the stretch by more than its rounding, and two that no gain passes. */
    const f64 scale = search.top / (search.high > search.low ? (f64)(search.high - search.low) : 1);
    for (int k = 1; k <= 512 && !(search.attempt && search.least > search.most * (1 + 1e-15)); k++) {
        const int v = (int)((i64)search.high * k / 512);
        narrow_slopes(&search, v);
        if (v > search.low && fabs((v - search.low) * scale - table[v]) > 1) search.attempt = 3;
    }
    return search;
}

/* The next line to try: first the stretch of [low, high] to all levels, with the true slope and its two neighbours
   (ties tell which); then gains in the middle of what is possible. Returns 0 when there is none. */
static UNUSED int next_line(LineSearch *search, Line *line) {
    const u16 *table = search->table;
    if (table[0] != 0 || search->high <= search->low) return 0;
    if (search->attempt < 3 && table[search->high] == search->top) {
        const f64 scale = search->top / (f64)(search->high - search->low);
        const f64 side = search->attempt == 1 ? INFINITY : 0;
        *line = (Line){search->low, search->in_f32 ? (f64)(f32)scale : scale};
        if (search->attempt > 0)
            line->scale = search->in_f32 ? (f64)nextafterf((f32)scale, (f32)side) : nextafter(scale, side);
        search->attempt++;
        return 1;
    }
    /* Ties leave one slope, of which rounding may make least > most. */
    const f64 middle = (search->least + search->most) / 2;
    if (search->attempt++ > 24 || search->least > search->most * (1 + 1e-15) || middle == search->last) return 0;
    search->last = middle;
    *line = (Line){0, search->in_f32 ? (f64)(f32)middle : middle};
    return 1;
}

#endif
