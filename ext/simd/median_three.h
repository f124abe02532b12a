/* Median of 3 x 3 samples of type SAMPLE, included by median_strips.h: of the sorted columns, the middle one of the largest of
   the low, the middle of the middle and the least of the high ones. Two rows share the order of their two common rows; that is
   17 minima and maxima for a sample. */

/* Columns of the two windows in rows 0 to 2 and 1 to 3: three sorted lines of keys for each. */
INLINE void TYPED(median_three_sort)(const SAMPLE *const *rows, ptrdiff_t x, KEY *sorted, ptrdiff_t pitch) {
    V v[4], w[3];
    for (int i = 0; i < 4; i++) v[i] = TYPED(load_keys)(rows[i] + x);
    S(1, 2)
    w[0] = TYPED(smaller)(v[0], v[1]);
    w[1] = TYPED(larger)(v[0], v[1]);
    TYPED(store)(sorted, w[0]);
    TYPED(store)(sorted + pitch, TYPED(smaller)(w[1], v[2]));
    TYPED(store)(sorted + 2 * pitch, TYPED(larger)(w[1], v[2]));
    w[0] = TYPED(smaller)(v[1], v[3]);
    w[1] = TYPED(larger)(v[1], v[3]);
    TYPED(store)(sorted + 3 * pitch, w[0]);
    TYPED(store)(sorted + 4 * pitch, TYPED(smaller)(w[1], v[2]));
    TYPED(store)(sorted + 5 * pitch, TYPED(larger)(w[1], v[2]));
}

INLINE V TYPED(median_of_three)(V a, V b, V c) {
    return TYPED(larger)(TYPED(smaller)(a, b), TYPED(smaller)(TYPED(larger)(a, b), c));
}

/* The medians of a block, from the sorted columns from one neighbour on the left to one on the right. */
INLINE void TYPED(median_three_finish)(const KEY *sorted, ptrdiff_t pitch, int d, SAMPLE *out) {
    const KEY *middle = sorted + pitch, *high = middle + pitch;
    const V low = TYPED(larger)(TYPED(larger)(TYPED(load)(sorted), TYPED(load)(sorted + d)), TYPED(load)(sorted + 2 * d));
    const V top = TYPED(smaller)(TYPED(smaller)(TYPED(load)(high), TYPED(load)(high + d)), TYPED(load)(high + 2 * d));
    const V mid = TYPED(median_of_three)(TYPED(load)(middle), TYPED(load)(middle + d), TYPED(load)(middle + 2 * d));
    TYPED(store_samples)(out, TYPED(median_of_three)(low, top, mid));
}

INLINE KEY TYPED(median_of_keys)(KEY a, KEY b, KEY c) {
    const KEY low = a < b ? a : b, high = a < b ? b : a, least = high < c ? high : c;
    return low < least ? least : low;
}

/* n samples from x on, where neighbours may lie outside the image, one by one. */
INLINE void TYPED(median_three_few)(const SAMPLE *const *rows, ptrdiff_t width, int d, const i64 *columns, SAMPLE fill, ptrdiff_t x,
                                    ptrdiff_t n, SAMPLE *above, SAMPLE *below) {
    for (ptrdiff_t at = x; at < x + n; at++) {
        const ptrdiff_t c = at % d, left = at >= d ? at - d : columns[0] < 0 ? -1 : columns[0] * d + c;
        const ptrdiff_t right = at + d < width ? at + d : columns[1] < 0 ? -1 : columns[1] * d + c;
        const ptrdiff_t places[3] = {left, at, right};
        KEY low[2][3], middle[2][3], high[2][3];
        for (int j = 0; j < 3; j++) {
            KEY v[4];
            for (int i = 0; i < 4; i++) v[i] = JOIN(key, SAMPLE)(places[j] < 0 ? fill : rows[i][places[j]]);
            const KEY less = v[1] < v[2] ? v[1] : v[2], more = v[1] < v[2] ? v[2] : v[1];
            for (int i = 0; i < 2; i++) {
                const KEY other = v[3 * i];
                low[i][j] = other < less ? other : less;
                high[i][j] = other < more ? more : other;
                middle[i][j] = other < less ? less : other < more ? other : more;
            }
        }
        for (int i = 0; i < 2; i++) {
            const KEY *a = low[i], *b = high[i], *m = middle[i];
            const KEY top = a[0] < a[1] ? a[1] : a[0], floor = b[0] < b[1] ? b[0] : b[1];
            const KEY median = TYPED(median_of_keys)(top < a[2] ? a[2] : top, floor < b[2] ? floor : b[2],
                                                     TYPED(median_of_keys)(m[0], m[1], m[2]));
            (i ? below : above)[at] = JOIN(sample, SAMPLE)(median);
        }
    }
}

INLINE void TYPED(median_three_rows)(const SAMPLE *const *rows, ptrdiff_t width, int d, const i64 *columns, SAMPLE fill,
                                     SAMPLE *above, SAMPLE *below) {
    enum { STRIP = 1024, PITCH = STRIP + 2 * MEDIAN_BLOCK };
    KEY sorted[6 * PITCH];
    if (width < LANES + 2 * d) {
        TYPED(median_three_few)(rows, width, d, columns, fill, 0, width, above, below);
        return;
    }
    TYPED(median_three_few)(rows, width, d, columns, fill, 0, d, above, below);
    TYPED(median_three_few)(rows, width, d, columns, fill, width - d, d, above, below);
    for (ptrdiff_t first = d, n; first < width - d; first += n) {
        n = width - d - first < STRIP ? width - d - first : STRIP;
        /* A block at least: some of the last strip are made again. */
        if (n < LANES) {
            first = width - d - LANES;
            n = LANES;
        }
        const ptrdiff_t all = n + 2 * d;
        ptrdiff_t x = 0;
        for (; x <= all - LANES; x += LANES) TYPED(median_three_sort)(rows, first - d + x, sorted + x, PITCH);
        if (x < all) TYPED(median_three_sort)(rows, first - d + all - LANES, sorted + all - LANES, PITCH);
        for (int i = 0; i < 2; i++) {
            const KEY *from = sorted + 3 * i * PITCH;
            SAMPLE *out = (i ? below : above) + first;
            for (x = 0; x <= n - LANES; x += LANES) TYPED(median_three_finish)(from + x, PITCH, d, out + x);
            if (x < n) TYPED(median_three_finish)(from + n - LANES, PITCH, d, out + n - LANES);
        }
    }
}

static int TYPED(median_three)(const SAMPLE *src, ptrdiff_t src_stride, SAMPLE *dst, ptrdiff_t dst_stride, ptrdiff_t width, int channels,
                               const i64 *rows, const i64 *columns, SAMPLE fill, ptrdiff_t y0, ptrdiff_t y1) {
    SAMPLE *spare = (SAMPLE *)malloc((size_t)width * 2 * sizeof(SAMPLE)), *fill_row = spare + width;
    if (!spare) return -1;
    for (ptrdiff_t x = 0; x < width; x++) fill_row[x] = fill;
    for (ptrdiff_t y = y0; y < y1; y += 2) {
        const SAMPLE *lines[4];
        /* The last row may be without a partner; its own last row then stands for that of the partner. */
        for (int i = 0; i < 4; i++)
            lines[i] = (const SAMPLE *)row_at(src, src_stride, rows, y + (i < 3 || y + 1 < y1 ? i : 2), fill_row);
        SAMPLE *above = (SAMPLE *)((char *)dst + y * dst_stride);
        SAMPLE *below = y + 1 < y1 ? (SAMPLE *)((char *)above + dst_stride) : spare;
        TYPED(median_three_rows)(lines, width, channels, columns, fill, above, below);
    }
    free(spare);
    return 0;
}
