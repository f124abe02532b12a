/* The best few of very many: candidates gather in a buffer, and whenever it is full, all but the best are dropped and the bar that
   the following must pass rises. Numbers in any order but a rising one pass it some k ln(n / k) times, so that the
   sorting is not felt beside one pass over memory; rising ones cost some ten nanoseconds each. */
#ifndef IMGPROC_DENSE_TOP_H
#define IMGPROC_DENSE_TOP_H
#include <float.h>

#include "simd/dense_heads.h"
#include "simd/ranking.h"

typedef struct {
    Rank_u64 *ranks;
    size_t *counts;
    size_t used, most, room;
    f32 least; /* numbers below are of no use */
} Top;

/* The number that has a key of `falling_f32`. */
INLINE f32 risen_f32(u32 key) {
    f32 value;
    const u32 bits = key >> 31 ? key : key ^ 0x7fffffffu;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Of n numbers at most `most` are wanted, at least `least` each. */
static int open_top(Top *top, ptrdiff_t n, ptrdiff_t most, f32 least) {
    top->most = (size_t)(most < n ? most : n);
    top->room = top->most + (top->most > HEAD_BLOCK ? top->most : HEAD_BLOCK);
    top->used = 0;
    top->least = most > 0 ? least : INFINITY;
    top->ranks = malloc(2 * top->room * sizeof *top->ranks);
    top->counts = malloc(RADIX_COUNTS * sizeof *top->counts);
    return top->ranks && top->counts;
}

static void close_top(Top *top) {
    free(top->ranks);
    free(top->counts);
}

/* Sorts what is gathered and drops what is too much. Entries come in the order of their indices and the sort is stable, so
   of equal numbers the lower index stays. */
static void cut_top(Top *top) {
    const Rank_u64 *sorted = radix_u64(top->ranks, top->ranks + top->room, top->used, top->counts);
    const size_t kept = top->used < top->most ? top->used : top->most;
    if (sorted != top->ranks) memcpy(top->ranks, sorted, kept * sizeof *sorted);
    top->used = kept;
    if (kept && kept == top->most) {
        /* An equal one that comes later has the higher index. */
        const f32 next = nextafterf(risen_f32((u32)top->ranks[kept - 1].key), INFINITY);
        top->least = next > top->least ? next : top->least;
    }
}

INLINE void offer_top(Top *top, f32 value, u64 index) {
    if (!(value >= top->least)) return;
    top->ranks[top->used].key = falling_f32(value);
    top->ranks[top->used++].index = index;
    if (top->used == top->room) cut_top(top);
}

/* Best first. */
static ptrdiff_t read_top(Top *top, i64 *indices, f32 *values) {
    cut_top(top);
    for (size_t i = 0; i < top->used; i++) {
        indices[i] = (i64)top->ranks[i].index;
        values[i] = risen_f32((u32)top->ranks[i].key);
    }
    return (ptrdiff_t)top->used;
}

/* Indices and values of the best of n numbers that are at least `least`: how many, HEAD_NOT_FINITE or HEAD_NO_MEMORY. */
static ptrdiff_t top_numbers(const f32 *x, ptrdiff_t n, f32 least, ptrdiff_t most, i64 *indices, f32 *values) {
    Top top;
    i32 places[HEAD_BLOCK];
    ptrdiff_t found = open_top(&top, n, most, least) ? 0 : HEAD_NO_MEMORY;
    for (ptrdiff_t start = 0; start < n && found >= 0; start += HEAD_BLOCK) {
        found = reaching(x + start, n - start < HEAD_BLOCK ? n - start : HEAD_BLOCK, top.least, places);
        for (ptrdiff_t i = 0; i < found; i++) offer_top(&top, x[start + places[i]], (u64)(start + places[i]));
    }
    if (found >= 0) found = read_top(&top, indices, values);
    close_top(&top);
    return found;
}

INLINE f32 sigmoid_f32(f32 x) { return (f32)(1 / (1 + exp(-(f64)x))); }

/* A logit that every number with sqrt(sigmoid(number) · weight) >= bar reaches, rounding of all steps included. */
INLINE f32 least_beside(f32 bar, f32 weight) {
    if (!(bar > 0)) return -INFINITY;
    const f64 share = (1 - 1e-5) * (f64)bar * (f64)bar / (f64)weight; /* infinite where the weight is 0 */
    return share < 1 ? (f32)(log(share / (1 - share)) - 1e-4) : INFINITY;
}

/* The same of sqrt(sigmoid(number) · sigmoid(row's)) over rows of numbers that are at least `least`, the root at least `bar`. */
static ptrdiff_t top_weighted(const f32 *x, const f32 *weights, ptrdiff_t rows, ptrdiff_t columns, f32 least, f32 bar,
                              ptrdiff_t most, i64 *indices, f32 *values) {
    Top top;
    i32 places[HEAD_BLOCK];
    ptrdiff_t found = open_top(&top, rows * columns, most, bar) ? 0 : HEAD_NO_MEMORY;
    for (ptrdiff_t row = 0; row < rows && found >= 0; row++) {
        if (!isfinite(weights[row])) found = HEAD_NOT_FINITE;
        const f32 weight = sigmoid_f32(weights[row]);
        for (ptrdiff_t start = 0; start < columns && found >= 0; start += HEAD_BLOCK) {
            const f32 *own = x + row * columns + start, needed = least_beside(top.least, weight);
            found = reaching(own, columns - start < HEAD_BLOCK ? columns - start : HEAD_BLOCK,
                             needed > least ? needed : least, places);
            for (ptrdiff_t i = 0; i < found; i++)
                offer_top(&top, sqrtf(sigmoid_f32(own[places[i]]) * weight), (u64)(row * columns + start + places[i]));
        }
    }
    if (found >= 0) found = read_top(&top, indices, values);
    close_top(&top);
    return found;
}

/* Of n columns of `rows` numbers each: those whose largest number is above `limit`, that number, and the first row that has it. */
static ptrdiff_t columns_above(const f32 *x, ptrdiff_t rows, ptrdiff_t n, f32 limit, i64 *picks, f32 *values, i64 *labels) {
    f32 best[HEAD_COLUMNS];
    ptrdiff_t found = 0;
    for (ptrdiff_t start = 0; start < n; start += HEAD_COLUMNS) {
        const ptrdiff_t part = n - start < HEAD_COLUMNS ? n - start : HEAD_COLUMNS, before = found;
        if (!column_best(x + start, n, rows, part, best)) return HEAD_NOT_FINITE;
        for (ptrdiff_t j = 0; j < part; j++) {
            picks[found] = start + j;
            values[found] = best[j];
            found += best[j] > limit;
        }
        for (ptrdiff_t i = before; i < found; i++) {
            const f32 *own = x + picks[i];
            ptrdiff_t label = 0;
            while (own[label * n] != values[i]) label++;
            labels[i] = label;
        }
    }
    return found;
}

/* Of rows that hold an objectness at 4 and `classes` scores from 5 on: those with objectness · best score above `limit`, that
   product, and the first class that has the best score. A row is passed over where its objectness alone is not above. */
static ptrdiff_t rows_above(const f32 *x, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t classes, f32 limit, i64 *picks,
                            f32 *values, i64 *labels) {
    i32 places[HEAD_BLOCK];
    ptrdiff_t found = 0;
    for (ptrdiff_t start = 0, n = rows * columns; start < n; start += HEAD_BLOCK)
        if (reaching(x + start, n - start < HEAD_BLOCK ? n - start : HEAD_BLOCK, INFINITY, places) < 0) return HEAD_NOT_FINITE;
    for (ptrdiff_t row = 0; row < rows; row++) {
        const f32 *own = x + row * columns, *scores = own + 5;
        if (!(own[4] > limit)) continue;
        ptrdiff_t label = 0;
        for (ptrdiff_t c = 1; c < classes; c++) label = scores[c] > scores[label] ? c : label;
        const f32 score = own[4] * scores[label];
        picks[found] = row;
        values[found] = score;
        labels[found] = label;
        found += score > limit;
    }
    return found;
}

/* Flat places and values of what is above `limit` after a softmax over each row, but for one column. `picks` and `values` have room
   for all. */
static ptrdiff_t softmax_above(const f32 *x, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t background, f32 limit, i64 *picks,
                               f32 *values) {
    ptrdiff_t found = 0;
    f64 *powers = malloc((size_t)columns * sizeof *powers), sum;
    f32 largest;
    i32 places[HEAD_BLOCK];
    if (!powers) return HEAD_NO_MEMORY;
    for (ptrdiff_t row = 0; row < rows && found >= 0; row++) {
        const f32 *own = x + row * columns;
        if (exponentials(own, columns, powers, &largest, &sum) < 0) {
            found = HEAD_NOT_FINITE;
            break;
        }
        /* The sum is at least 1. What is below after rounding, too, is left out. */
        const f64 bound =
            limit > 0 ? (f64)largest + log((f64)limit * sum) - 1e-3 - 1e-6 * fabs((f64)largest) : -INFINITY;
        const f32 needed = bound > -FLT_MAX ? (f32)bound : -FLT_MAX;
        for (ptrdiff_t start = 0; start < columns; start += HEAD_BLOCK) {
            const ptrdiff_t part = columns - start < HEAD_BLOCK ? columns - start : HEAD_BLOCK;
            const ptrdiff_t hits = reaching(own + start, part, needed, places);
            for (ptrdiff_t i = 0; i < hits; i++) {
                const ptrdiff_t column = start + places[i];
                const f32 value = (f32)(powers[column] / sum);
                if (!(value > limit) || column == background) continue;
                picks[found] = row * columns + column;
                values[found++] = value;
            }
        }
    }
    free(powers);
    return found;
}

#endif
