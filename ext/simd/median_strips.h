/* Median of 7 x 7 and 9 x 9 samples of type SAMPLE, included by median_typed.h.

   Two rows are made at a time. Their windows share 2r rows: the columns of these are sorted once, sorted neighbours are
   merged once and read again at shifted places, and at last each of the two rows adds the one row that it has alone.
   Per sample that is 188 and 283 minima and maxima. */

/* Block x of the sorted columns, and of the keys of the two rows that only one of the windows has. */
INLINE void TYPED(median_sort_block)(int radius, const SAMPLE *const *rows, ptrdiff_t x, KEY *sorted, KEY *single, ptrdiff_t pitch) {
    V v[8];
#define I(i) v[i] = TYPED(load_keys)(rows[i + 1] + x);
#define O(k, i) TYPED(store)(sorted + k * pitch + x, v[i]);
    if (radius == 3) {
        WIRES_6(I) RUN(SORT_6) SORT_6_OUT(O)
    } else {
        WIRES_8(I) RUN(SORT_8) SORT_8_OUT(O)
    }
#undef I
#undef O
    TYPED(store)(single + x, TYPED(load_keys)(rows[0] + x));
    TYPED(store)(single + pitch + x, TYPED(load_keys)(rows[2 * radius + 1] + x));
}

/* Sorted columns [from, to) of the strip that starts at rows[...][0]; writes no sample outside them. */
INLINE void TYPED(median_sort)(int radius, const SAMPLE *const *rows, ptrdiff_t from, ptrdiff_t to, KEY *sorted, KEY *single,
                               ptrdiff_t pitch) {
    const int count = 2 * radius;
    ptrdiff_t x = from;
    if (to - from >= LANES) {
        for (; x <= to - LANES; x += LANES) TYPED(median_sort_block)(radius, rows, x, sorted, single, pitch);
        if (x < to) TYPED(median_sort_block)(radius, rows, to - LANES, sorted, single, pitch);
    } else if (from < to) {
        SAMPLE few[2 * MEDIAN_WINDOW_RADIUS + 2][MEDIAN_BLOCK];
        const SAMPLE *lines[2 * MEDIAN_WINDOW_RADIUS + 2];
        KEY found[2 * MEDIAN_WINDOW_RADIUS + 2][MEDIAN_BLOCK];
        const size_t bytes = (size_t)(to - from) * sizeof(SAMPLE);
        memset(few, 0, sizeof few);
        for (int i = 0; i < count + 2; i++) {
            memcpy(few[i], rows[i] + from, bytes);
            lines[i] = few[i];
        }
        TYPED(median_sort_block)(radius, lines, 0, found[0], found[count], MEDIAN_BLOCK);
        for (int i = 0; i < count; i++) memcpy(sorted + i * pitch + from, found[i], bytes);
        for (int i = 0; i < 2; i++) memcpy(single + i * pitch + from, found[count + i], bytes);
    }
}

/* `count` pixels that stand at column x of the strip and outside the image, where the border puts columns[...]. A whole
   block is written: those left of the strip come before its own columns, those right of it after them. */
INLINE void TYPED(median_sort_outside)(int radius, const SAMPLE *const *rows, const i64 *columns, ptrdiff_t count, int channels,
                                       SAMPLE fill, ptrdiff_t x, KEY *sorted, KEY *single, ptrdiff_t pitch) {
    SAMPLE outside[2 * MEDIAN_WINDOW_RADIUS + 2][MEDIAN_BLOCK];
    const SAMPLE *lines[2 * MEDIAN_WINDOW_RADIUS + 2];
    for (int i = 0; i < 2 * radius + 2; i++) {
        memset(outside[i], 0, sizeof outside[i]);
        lines[i] = outside[i];
        for (ptrdiff_t p = 0; p < count; p++)
            for (int c = 0; c < channels; c++)
                outside[i][p * channels + c] = columns[p] < 0 || !rows[i] ? fill : rows[i][columns[p] * channels + c];
    }
    for (ptrdiff_t at = 0; at < count * channels; at += LANES)
        TYPED(median_sort_block)(radius, lines, at, sorted + x, single + x, pitch);
}

/* Block x of the merged columns x and x + step; a pair of pairs has pixels x to x + 3 d. */
INLINE void TYPED(median_merge_block)(int count, const KEY *from, ptrdiff_t step, KEY *to, ptrdiff_t pitch) {
    V v[32];
#define O(k, i) TYPED(store)(to + k * pitch, v[i]);
#define I(i) v[i] = TYPED(load)(i < 6 ? from + i * pitch : from + (i - 6) * pitch + step);
    if (count == 6) {
        WIRES_12(I) RUN(MERGE_6_6) MERGE_6_6_OUT(O)
    }
#undef I
#define I(i) v[i] = TYPED(load)(i < 8 ? from + i * pitch : from + (i - 8) * pitch + step);
    if (count == 8) {
        WIRES_16(I) RUN(MERGE_8_8) MERGE_8_8_OUT(O)
    }
#undef I
#define I(i) v[i] = TYPED(load)(i < 12 ? from + i * pitch : from + (i - 12) * pitch + step);
    if (count == 12) {
        WIRES_24(I) RUN(MERGE_12_12) MERGE_12_12_OUT(O)
    }
#undef I
#define I(i) v[i] = TYPED(load)(i < 16 ? from + i * pitch : from + (i - 16) * pitch + step);
    if (count == 16) {
        WIRES_32(I) RUN(MERGE_16_16) MERGE_16_16_OUT(O)
    }
#undef I
#undef O
}

INLINE void TYPED(median_merge)(int count, const KEY *from, ptrdiff_t step, KEY *to, ptrdiff_t pitch, ptrdiff_t first, ptrdiff_t last) {
    for (ptrdiff_t x = first; x < last; x += LANES) TYPED(median_merge_block)(count, from + x, step, to + x, pitch);
}

/* The median of the samples that one row has alone and of those middle ones that it shares. */
INLINE V TYPED(median_add_row)(int radius, const V *middle, const KEY *row, int d) {
    V v[2 * MEDIAN_WINDOW_RADIUS + 2 + 2 * MEDIAN_WINDOW_RADIUS + 1], median;
#define M(i) v[i] = middle[i];
#define O(k, i) median = v[i];
#define ROW(first, i) v[first + i] = TYPED(load)(row + (i - (first / 2 - 1)) * d);
    if (radius == 3) {
        M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7)
        ROW(8, 0) ROW(8, 1) ROW(8, 2) ROW(8, 3) ROW(8, 4) ROW(8, 5) ROW(8, 6) RUN(MEDIAN_8_7) MEDIAN_8_7_OUT(O)
    } else {
        M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9)
        ROW(10, 0) ROW(10, 1) ROW(10, 2) ROW(10, 3) ROW(10, 4) ROW(10, 5) ROW(10, 6) ROW(10, 7) ROW(10, 8)
        RUN(MEDIAN_10_9) MEDIAN_10_9_OUT(O)
    }
#undef M
#undef O
#undef ROW
    return median;
}

INLINE void TYPED(median_finish_block)(int radius, const KEY *sorted, const KEY *single, ptrdiff_t pitch, int d, SAMPLE *above,
                                       SAMPLE *below) {
    V v[72], middle[2 * MEDIAN_WINDOW_RADIUS + 2];
    const KEY *pairs = sorted + 2 * radius * pitch, *quads = pairs + 4 * radius * pitch;
#define O(k, i) middle[k] = v[i];
    if (radius == 3) {
#define I(i) \
    v[i] = TYPED(load)(i < 24 ? quads + i * pitch - 3 * d : i < 36 ? pairs + (i - 24) * pitch + d : sorted + (i - 36) * pitch + 3 * d);
        WIRES_42(I) RUN(MIDDLE_24_12_6) MIDDLE_24_12_6_OUT(O)
#undef I
    } else {
#define I(i) \
    v[i] = TYPED(load)(i < 32 ? quads + i * pitch - 4 * d : i < 64 ? quads + (i - 32) * pitch + d : sorted + (i - 64) * pitch);
        WIRES_72(I) RUN(MIDDLE_32_32_8) MIDDLE_32_32_8_OUT(O)
#undef I
    }
#undef O
    TYPED(store_samples)(above, TYPED(median_add_row)(radius, middle, single, d));
    TYPED(store_samples)(below, TYPED(median_add_row)(radius, middle, single + pitch, d));
}

INLINE void TYPED(median_finish)(int radius, const KEY *sorted, const KEY *single, ptrdiff_t pitch, int d, ptrdiff_t n, SAMPLE *above,
                                 SAMPLE *below) {
    SAMPLE found[2][MEDIAN_BLOCK];
    const int few = n < LANES;
    const ptrdiff_t last = few ? 0 : n - LANES;
    SAMPLE *first = few ? found[0] : above, *second = few ? found[1] : below;
    for (ptrdiff_t x = 0;; x = x + LANES < last ? x + LANES : last) {
        TYPED(median_finish_block)(radius, sorted + x, single + x, pitch, d, first + x, second + x);
        if (x == last) break;
    }
    if (few) {
        memcpy(above, found[0], (size_t)n * sizeof(SAMPLE));
        memcpy(below, found[1], (size_t)n * sizeof(SAMPLE));
    }
}

/* Rows y and y + 1, n samples from x0 on; see median_windows. `d` is the distance of neighbours in a row. */
INLINE void TYPED(median_strip)(int radius, const SAMPLE *src, ptrdiff_t src_stride, SAMPLE *dst, ptrdiff_t dst_stride, ptrdiff_t width,
                                int d, const i64 *rows, const i64 *columns, SAMPLE fill, const SAMPLE *fill_row, ptrdiff_t x0,
                                ptrdiff_t n, KEY *sorted, ptrdiff_t pitch, SAMPLE *spare, ptrdiff_t y, ptrdiff_t y1) {
    const int count = 2 * radius;
    const ptrdiff_t halo = (ptrdiff_t)radius * d, left = x0 ? halo : 0, right = width - x0 - n < halo ? width - x0 - n : halo;
    KEY *pairs = sorted + count * pitch, *quads = pairs + 2 * count * pitch, *single = quads + 4 * count * pitch;
    const SAMPLE *strip[2 * MEDIAN_WINDOW_RADIUS + 2], *whole[2 * MEDIAN_WINDOW_RADIUS + 2];
    for (int i = 0; i < count + 2; i++) {
        /* The last row may be without a partner; its own last row then stands for that of the partner. */
        const ptrdiff_t at = y + (i <= count || y + 1 < y1 ? i : count);
        whole[i] = (const SAMPLE *)row_at(src, src_stride, rows, at, NULL);
        strip[i] = whole[i] ? whole[i] + x0 : fill_row;
    }
    if (!left) TYPED(median_sort_outside)(radius, whole, columns, radius, d, fill, -halo, sorted, single, pitch);
    TYPED(median_sort)(radius, strip, -left, n + right, sorted, single, pitch);
    if (right < halo)
        TYPED(median_sort_outside)(radius, whole, columns + radius, (halo - right) / d, d, fill, n + right, sorted, single, pitch);
    TYPED(median_merge)(count, sorted, d, pairs, pitch, -halo, n + halo - d);
    TYPED(median_merge)(2 * count, pairs, 2 * d, quads, pitch, -halo, n + halo - 3 * d);
    SAMPLE *above = (SAMPLE *)((char *)dst + y * dst_stride) + x0;
    SAMPLE *below = y + 1 < y1 ? (SAMPLE *)((char *)above + dst_stride) : spare;
    TYPED(median_finish)(radius, sorted, single, pitch, d, n, above, below);
}

static int TYPED(median_strips)(const SAMPLE *src, ptrdiff_t src_stride, SAMPLE *dst, ptrdiff_t dst_stride, ptrdiff_t width,
                                 int channels, int radius, const i64 *rows, const i64 *columns, SAMPLE fill, ptrdiff_t y0,
                                 ptrdiff_t y1) {
    const ptrdiff_t most = MEDIAN_STRIP / (ptrdiff_t)sizeof(KEY), halo = (ptrdiff_t)radius * channels;
    /* Blocks may read and write two beyond the last place that counts. */
    const ptrdiff_t pitch = most + 2 * MEDIAN_MOST_HALO + 3 * MEDIAN_BLOCK;
    KEY *work = (KEY *)calloc((size_t)(pitch * (14 * radius + 3)), sizeof(KEY));
    SAMPLE *spare = (SAMPLE *)malloc((size_t)(2 * pitch) * sizeof(SAMPLE)), *fill_row = spare + pitch + MEDIAN_MOST_HALO;
    if (!work || !spare) {
        free(work);
        free(spare);
        return -1;
    }
    for (ptrdiff_t i = 0; i < pitch; i++) spare[pitch + i] = fill;
    for (ptrdiff_t y = y0; y < y1; y += 2)
        for (ptrdiff_t x = 0, n; x < width; x += n) {
            n = width - x <= most + halo ? width - x : most;
#define STRIP(r)                                                                                                              \
    TYPED(median_strip)(r, src, src_stride, dst, dst_stride, width, channels, rows, columns, fill, fill_row, x, n, work + MEDIAN_BLOCK, \
                        pitch, spare, y, y1)
            if (radius == 3) STRIP(3);
            else STRIP(4);
#undef STRIP
        }
    free(work);
    free(spare);
    return 0;
}
