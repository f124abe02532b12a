/* Median of 3 x 3 and 5 x 5 samples of type SAMPLE, included by median_typed.h.

   A block is one vector wide and some rows tall. Every row of it is sorted along itself, from unaligned loads of
   the row and its neighbours, and only then are rows put together: what neighbours below each other share stays in the same
   lanes, and nothing is shifted. Two rows of results are made at a time.
   Per sample that are 17.5 minima and maxima for 3 x 3, and 65 for 5 x 5. */

/* Row `row` of a window of three, sorted as it stands, or by its keys where `keyed`. */
INLINE void TYPED(median_sort_three)(const SAMPLE *row, int d, int keyed, V *sorted) {
    V v[3];
#define BITS_OF(i) v[i] = TYPED(load_bits)(row + (i - 1) * d);
#define KEY_OF(i) v[i] = TYPED(load_keys)(row + (i - 1) * d);
#define O(k, i) sorted[k] = v[i];
    if (keyed) {
        WIRES_3(KEY_OF)
    } else {
        WIRES_3(BITS_OF)
    }
    RUN(SORT_3) SORT_3_OUT(O)
#undef BITS_OF
#undef KEY_OF
#undef O
}

/* Row `row` of a window of five, sorted. Most float32 samples are their own keys: that is seen from the least and the greatest,
   and other rows are sorted again. */
INLINE void TYPED(median_sort_five)(const SAMPLE *row, int d, V *sorted) {
    V v[5];
#define BITS_OF(i) v[i] = TYPED(load_bits)(row + (i - 2) * d);
#define KEY_OF(i) v[i] = TYPED(load_keys)(row + (i - 2) * d);
#define O(k, i) sorted[k] = v[i];
    WIRES_5(BITS_OF) RUN(SORT_5) SORT_5_OUT(O)
    if (TYPED(unlike_keys)(sorted[0], sorted[4])) {
        WIRES_5(KEY_OF) RUN(SORT_5) SORT_5_OUT(O)
    }
#undef BITS_OF
#undef KEY_OF
#undef O
}

/* The last median of three sorted rows of three: of the largest of the low, the middle one of the middle and the least of the
   high ones. `low`, `less`, `more` and `high` are what two of the rows share. */
INLINE V TYPED(median_of_three)(V low, V less, V more, V high, const V *row) {
    const V a = TYPED(larger)(low, row[0]), b = TYPED(larger)(less, TYPED(smaller)(more, row[1])), c = TYPED(smaller)(high, row[2]);
    return TYPED(larger)(TYPED(smaller)(a, b), TYPED(smaller)(TYPED(larger)(a, b), c));
}

/* Returns whether some of the samples were not their own keys; then the results hold only where `keyed`.

   Stores come last where the registers suffice: a load that follows a store to an address with the same low twelve bits waits
   for it, and rows a power of two apart have such addresses. */
INLINE int TYPED(median_three_rows)(const SAMPLE *const *rows, ptrdiff_t x, int d, int keyed, ptrdiff_t pairs, SAMPLE *const *out,
                                    ptrdiff_t to) {
    enum { LATE = LEVEL == LEVEL_AVX512 };
    V a[3], b[3], c[3], e[3], made[MEDIAN_TALL_THREE];
    TYPED(median_sort_three)(rows[0] + x, d, keyed, a);
    TYPED(median_sort_three)(rows[1] + x, d, keyed, b);
    V unlike = TYPED(gather_unlike)(TYPED(gather_unlike)(a[0], a[0], a[2]), b[0], b[2]);
    for (ptrdiff_t i = 0; i < 2 * pairs; i += 2) {
        TYPED(median_sort_three)(rows[i + 2] + x, d, keyed, c);
        unlike = TYPED(gather_unlike)(unlike, c[0], c[2]);
        const V low = TYPED(larger)(b[0], c[0]), less = TYPED(smaller)(b[1], c[1]), more = TYPED(larger)(b[1], c[1]);
        const V high = TYPED(smaller)(b[2], c[2]);
        made[i] = TYPED(median_of_three)(low, less, more, high, a);
        if (!LATE) TYPED(store_samples)(out[i] + to, made[i]);
        TYPED(median_sort_three)(rows[i + 3] + x, d, keyed, e);
        unlike = TYPED(gather_unlike)(unlike, e[0], e[2]);
        made[i + 1] = TYPED(median_of_three)(low, less, more, high, e);
        if (!LATE) TYPED(store_samples)(out[i + 1] + to, made[i + 1]);
        for (int k = 0; k < 3; k++) a[k] = c[k], b[k] = e[k];
    }
    for (ptrdiff_t i = 0; i < 2 * pairs && LATE; i++) TYPED(store_samples)(out[i] + to, made[i]);
    return TYPED(some_unlike)(unlike);
}

/* Most float32 samples are their own keys. A block with others is made again, and the next one is taken to be like it:
   `keyed` and the returned value are whether the last one had such. */
INLINE int TYPED(median_three_block)(const SAMPLE *const *rows, ptrdiff_t x, int d, int keyed, ptrdiff_t pairs, SAMPLE *const *out,
                                     ptrdiff_t to) {
    enum { MOST = MEDIAN_TALL_THREE / 2 };
    if (!keyed) {
        /* A constant number keeps the results in registers. */
        if (LEVEL == LEVEL_AVX512 && pairs == MOST) keyed = TYPED(median_three_rows)(rows, x, d, 0, MOST, out, to);
        else keyed = TYPED(median_three_rows)(rows, x, d, 0, pairs, out, to);
        if (!keyed) return 0;
    }
    return TYPED(median_three_rows)(rows, x, d, 1, pairs, out, to);
}

/* The median of the six middle ones of four rows and of a fifth row. */
INLINE V TYPED(median_of_five)(const V *middle, const V *row) {
    V v[11], median;
    for (int i = 0; i < 6; i++) v[i] = middle[i];
    for (int i = 0; i < 5; i++) v[6 + i] = row[i];
#define O(k, i) median = v[i];
    RUN(MEDIAN_6_5) MEDIAN_6_5_OUT(O)
#undef O
    return median;
}

/* Two rows as one sorted list. */
INLINE void TYPED(median_pair)(const V *above, const V *below, V *pair) {
    V v[10];
    for (int i = 0; i < 5; i++) v[i] = above[i], v[5 + i] = below[i];
#define O(k, i) pair[k] = v[i];
    RUN(MERGE_5_5) MERGE_5_5_OUT(O)
#undef O
}

INLINE void TYPED(median_five_block)(const SAMPLE *const *rows, ptrdiff_t x, int d, ptrdiff_t pairs,
                                      SAMPLE *const *out, ptrdiff_t to) {
    /* Rows 2 i of the block, and rows 2 i + 1 and 2 i + 2 merged. */
    V even[MEDIAN_TALL_FIVE / 2 + 2][5], merged[MEDIAN_TALL_FIVE / 2 + 1][10], odd[5];
    TYPED(median_sort_five)(rows[0] + x, d, even[0]);
    for (int i = 0; i < 2; i++) {
        TYPED(median_sort_five)(rows[2 * i + 1] + x, d, odd);
        TYPED(median_sort_five)(rows[2 * i + 2] + x, d, even[i + 1]);
        TYPED(median_pair)(odd, even[i + 1], merged[i]);
    }
    for (ptrdiff_t i = 0;; i++) {
        V v[20], middle[6];
        for (int k = 0; k < 10; k++) v[k] = merged[i][k], v[10 + k] = merged[i + 1][k];
#define O(k, i) middle[k] = v[i];
        RUN(MIDDLE_10_10) MIDDLE_10_10_OUT(O)
#undef O
        TYPED(store_samples)(out[2 * i] + to, TYPED(median_of_five)(middle, even[i]));
        TYPED(median_sort_five)(rows[2 * i + 5] + x, d, odd);
        TYPED(store_samples)(out[2 * i + 1] + to, TYPED(median_of_five)(middle, odd));
        if (i + 1 == pairs) break;
        TYPED(median_sort_five)(rows[2 * i + 6] + x, d, even[i + 3]);
        TYPED(median_pair)(odd, even[i + 3], merged[i + 2]);
    }
}

/* A row around the block at x that reaches over an edge of the image; what lies further off stays as it is. */
INLINE void TYPED(median_around)(int radius, const SAMPLE *row, ptrdiff_t x, ptrdiff_t width, int d, const i64 *columns, SAMPLE fill,
                                 SAMPLE *around) {
    const ptrdiff_t halo = (ptrdiff_t)radius * d, first = x < halo ? 0 : x - halo;
    const ptrdiff_t last = width - x < LANES + halo ? width : x + LANES + halo;
    SAMPLE *to = around + (first - x);
    if (last - first >= LANES && last - first <= 2 * LANES) {
        TYPED(store_bits)(to, TYPED(load_bits)(row + first));
        TYPED(store_bits)(to + (last - first) - LANES, TYPED(load_bits)(row + last - LANES));
    } else {
        memcpy(to, row + first, (size_t)(last - first) * sizeof(SAMPLE));
    }
    if (x < halo)
        for (int p = 0; p < radius; p++)
            for (int c = 0; c < d; c++) around[(p - radius) * d - x + c] = columns[p] < 0 ? fill : row[columns[p] * d + c];
    if (last == width)
        for (int p = 0; p < radius; p++)
            for (int c = 0; c < d; c++)
                around[width - x + p * d + c] = columns[radius + p] < 0 ? fill : row[columns[radius + p] * d + c];
}

/* Rows [y0, y1) of dst, whose window reaches `radius` rows and columns; see median_windows.h. */
INLINE int TYPED(median_rows)(int radius, const SAMPLE *src, ptrdiff_t src_stride, SAMPLE *dst, ptrdiff_t dst_stride, ptrdiff_t width,
                              int d, const i64 *rows, const i64 *columns, SAMPLE fill, ptrdiff_t y0, ptrdiff_t y1) {
    enum { MOST = MEDIAN_TALL_FIVE, MOST_LINES = MOST + 4 };
    const ptrdiff_t block = radius == 1 ? MEDIAN_TALL_THREE : MEDIAN_TALL_FIVE, halo = (ptrdiff_t)radius * d;
    const int far = (y1 - y0) * width >= MEDIAN_FAR / (ptrdiff_t)sizeof(SAMPLE);
    SAMPLE edges[MOST_LINES][MEDIAN_BLOCK + 3 * MEDIAN_MOST_HALO], found[MOST][MEDIAN_BLOCK];
    SAMPLE *spare = (SAMPLE *)malloc((size_t)width * 2 * sizeof(SAMPLE)), *fill_row = spare + width;
    if (!spare) return -1;
    for (ptrdiff_t x = 0; x < width; x++) fill_row[x] = fill;
    memset(edges, 0, sizeof edges);
    int keyed = 0;
    /* Where the second block starts: no vector of results then crosses a line of cache, nor the samples around it, whose rows
       often stand alike. It takes one block more, which pays on rows of many blocks of little work. */
    ptrdiff_t second = LANES - (ptrdiff_t)((uintptr_t)dst % sizeof(V) / sizeof(SAMPLE));
    if (radius > 1 || width < 16 * LANES || dst_stride % (ptrdiff_t)sizeof(V) || second < halo) second = LANES;
    for (ptrdiff_t y = y0, tall; y < y1; y += tall) {
        tall = y1 - y < block ? y1 - y : block;
        const ptrdiff_t pairs = (tall + 1) / 2, count = 2 * pairs + 2 * radius;
        const SAMPLE *lines[MOST_LINES], *around[MOST_LINES];
        SAMPLE *out[MOST], *few[MOST];
        for (ptrdiff_t i = 0; i < count; i++) {
            /* The last row may be without a partner; its own last row then stands for that of the partner. */
            const ptrdiff_t at = i < tall + 2 * radius ? i : i - 1;
            lines[i] = (const SAMPLE *)row_at(src, src_stride, rows, y + at, fill_row);
            around[i] = edges[i] + MEDIAN_MOST_HALO;
        }
        for (ptrdiff_t i = 0; i < 2 * pairs; i++) {
            out[i] = i < tall ? (SAMPLE *)((char *)dst + (y + i) * dst_stride) : spare;
            few[i] = found[i];
        }
        for (ptrdiff_t x = 0;;) {
            const int inside = x >= halo && width - x >= LANES + halo;
            const SAMPLE *const *from = inside ? lines : around;
            SAMPLE *const *to = width < LANES ? few : out;
            for (ptrdiff_t i = 0; i < count && !inside; i++)
                TYPED(median_around)(radius, lines[i], x, width, d, columns, fill, edges[i] + MEDIAN_MOST_HALO);
            for (ptrdiff_t i = 0; i < tall; i++) {
                median_ahead(lines[i + 2 * radius] + x, 0);
                if (far) median_ahead(out[i] + x, 1);
            }
            if (radius == 1) keyed = TYPED(median_three_block)(from, inside ? x : 0, d, keyed, pairs, to, x);
            else TYPED(median_five_block)(from, inside ? x : 0, d, pairs, to, x);
            if (x + LANES >= width) break;
            /* The last block ends with the row; some samples are made again. */
            x = x + 2 * LANES > width ? width - LANES : x ? x + LANES : second;
        }
        for (ptrdiff_t i = 0; i < tall && width < LANES; i++) memcpy(out[i], found[i], (size_t)width * sizeof(SAMPLE));
    }
    free(spare);
    return 0;
}
