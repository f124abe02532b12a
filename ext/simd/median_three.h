/* Median of 3 x 3 samples of type SAMPLE, included by median_strips.h: of the sorted columns, the middle one of the largest of
   the low, the middle of the middle and the least of the high ones. Two rows share the order of their two common rows; that is
   17 minima and maxima for a sample.

   This is the way of the baseline level and of narrow images; median_three_row.h is that of the others. The sorted columns of
   a strip stay in the first level of cache. */

enum { TYPED(MEDIAN_THREE_STRIP) = 1024, TYPED(MEDIAN_THREE_PITCH) = TYPED(MEDIAN_THREE_STRIP) + 4 * MEDIAN_BLOCK };
#define STRIP TYPED(MEDIAN_THREE_STRIP)
#define PITCH TYPED(MEDIAN_THREE_PITCH)

/* Columns of the two windows in rows 0 to 2 and 1 to 3: three sorted lines of keys for each. */
INLINE void TYPED(median_three_sort)(const SAMPLE *const *rows, ptrdiff_t x, KEY *sorted) {
    V v[4], w[3];
    for (int i = 0; i < 4; i++) v[i] = TYPED(load_keys)(rows[i] + x);
    S(1, 2)
    w[0] = TYPED(smaller)(v[0], v[1]);
    w[1] = TYPED(larger)(v[0], v[1]);
    TYPED(store)(sorted, w[0]);
    TYPED(store)(sorted + PITCH, TYPED(smaller)(w[1], v[2]));
    TYPED(store)(sorted + 2 * PITCH, TYPED(larger)(w[1], v[2]));
    w[0] = TYPED(smaller)(v[1], v[3]);
    w[1] = TYPED(larger)(v[1], v[3]);
    TYPED(store)(sorted + 3 * PITCH, w[0]);
    TYPED(store)(sorted + 4 * PITCH, TYPED(smaller)(w[1], v[2]));
    TYPED(store)(sorted + 5 * PITCH, TYPED(larger)(w[1], v[2]));
}

/* The same for one pixel, of the image or of its fill. */
INLINE void TYPED(median_three_sort_one)(const SAMPLE *const *rows, i64 column, int d, SAMPLE fill, KEY *sorted) {
    for (int c = 0; c < d; c++) {
        KEY v[4];
        for (int i = 0; i < 4; i++) v[i] = JOIN(key, SAMPLE)(column < 0 ? fill : rows[i][column * d + c]);
        const KEY less = v[1] < v[2] ? v[1] : v[2], more = v[1] < v[2] ? v[2] : v[1];
        for (int i = 0; i < 2; i++) {
            const KEY other = v[3 * i], top = other < less ? less : other;
            sorted[3 * i * PITCH + c] = other < less ? other : less;
            sorted[(3 * i + 1) * PITCH + c] = top < more ? top : more;
            sorted[(3 * i + 2) * PITCH + c] = top < more ? more : top;
        }
    }
}

INLINE V TYPED(median_of_three)(V a, V b, V c) {
    return TYPED(larger)(TYPED(smaller)(a, b), TYPED(smaller)(TYPED(larger)(a, b), c));
}

/* The medians of a block, from the sorted columns from one neighbour on the left to one on the right. */
INLINE void TYPED(median_three_finish)(const KEY *sorted, int d, SAMPLE *out) {
    const KEY *middle = sorted + PITCH, *high = middle + PITCH;
    const V low = TYPED(larger)(TYPED(larger)(TYPED(load)(sorted), TYPED(load)(sorted - d)), TYPED(load)(sorted + d));
    const V top = TYPED(smaller)(TYPED(smaller)(TYPED(load)(high), TYPED(load)(high - d)), TYPED(load)(high + d));
    const V mid = TYPED(median_of_three)(TYPED(load)(middle), TYPED(load)(middle - d), TYPED(load)(middle + d));
    TYPED(store_samples)(out, TYPED(median_of_three)(low, top, mid));
}

#if LEVEL > LEVEL_BASELINE
#include "simd/median_three_row.h"
#endif

INLINE void TYPED(median_three_rows)(const SAMPLE *const *rows, ptrdiff_t width, int d, const i64 *columns, SAMPLE fill, KEY *sorted,
                                     SAMPLE *above, SAMPLE *below) {
    if (width < LANES) {
        SAMPLE found[2][MEDIAN_BLOCK];
        for (ptrdiff_t x = 0; x < width; x += d) TYPED(median_three_sort_one)(rows, x / d, d, fill, sorted + x);
        TYPED(median_three_sort_one)(rows, columns[0], d, fill, sorted - d);
        TYPED(median_three_sort_one)(rows, columns[1], d, fill, sorted + width);
        for (int i = 0; i < 2; i++) {
            TYPED(median_three_finish)(sorted + 3 * i * PITCH, d, found[i]);
            memcpy(i ? below : above, found[i], (size_t)width * sizeof(SAMPLE));
        }
        return;
    }
#if LEVEL > LEVEL_BASELINE
    if (width >= 3 * LANES) {
        for (int i = 0; i < 2; i++) {
            if (d == 1) TYPED(median_three_row)(rows + i, width, 1, columns, fill, i ? below : above);
            else if (d == 3) TYPED(median_three_row)(rows + i, width, 3, columns, fill, i ? below : above);
            else TYPED(median_three_row)(rows + i, width, 4, columns, fill, i ? below : above);
        }
        return;
    }
#endif
    for (ptrdiff_t first = 0, n; first < width; first += n) {
        /* No strip is shorter than a block. */
        n = width - first < STRIP + MEDIAN_BLOCK ? width - first : STRIP;
        const int last = first + n == width;
        const ptrdiff_t end = last ? n : n + d;
        ptrdiff_t x = first ? -d : 0;
        for (; x <= end - LANES; x += LANES) TYPED(median_three_sort)(rows, first + x, sorted + x);
        if (x < end) TYPED(median_three_sort)(rows, first + end - LANES, sorted + end - LANES);
        if (!first) TYPED(median_three_sort_one)(rows, columns[0], d, fill, sorted - d);
        if (last) TYPED(median_three_sort_one)(rows, columns[1], d, fill, sorted + n);
        for (int i = 0; i < 2; i++) {
            const KEY *from = sorted + 3 * i * PITCH;
            SAMPLE *out = (i ? below : above) + first;
            for (x = 0; x <= n - LANES; x += LANES) TYPED(median_three_finish)(from + x, d, out + x);
            if (x < n) TYPED(median_three_finish)(from + n - LANES, d, out + n - LANES);
        }
    }
}

static int TYPED(median_three)(const SAMPLE *src, ptrdiff_t src_stride, SAMPLE *dst, ptrdiff_t dst_stride, ptrdiff_t width, int channels,
                               const i64 *rows, const i64 *columns, SAMPLE fill, ptrdiff_t y0, ptrdiff_t y1) {
    char *work = (char *)calloc(6 * PITCH * sizeof(KEY) + (size_t)width * 2 * sizeof(SAMPLE) + 64, 1);
    if (!work) return -1;
    KEY *sorted = (KEY *)(work + (64 - (uintptr_t)work % 64));
    SAMPLE *spare = (SAMPLE *)(sorted + 6 * PITCH), *fill_row = spare + width;
    for (ptrdiff_t x = 0; x < width; x++) fill_row[x] = fill;
    for (ptrdiff_t y = y0; y < y1; y += 2) {
        const SAMPLE *lines[4];
        /* The last row may be without a partner; its own last row then stands for that of the partner. */
        for (int i = 0; i < 4; i++)
            lines[i] = (const SAMPLE *)row_at(src, src_stride, rows, y + (i < 3 || y + 1 < y1 ? i : 2), fill_row);
        SAMPLE *above = (SAMPLE *)((char *)dst + y * dst_stride);
        SAMPLE *below = y + 1 < y1 ? (SAMPLE *)((char *)above + dst_stride) : spare;
        TYPED(median_three_rows)(lines, width, channels, columns, fill, sorted + MEDIAN_BLOCK, above, below);
    }
    free(work);
    return 0;
}

#undef STRIP
#undef PITCH
