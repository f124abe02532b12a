/* Correlation of a band of rows with one kind of sums. Included by correlate.h in every level, once for each kind:
   OF(name) is the name with kind and level, STORED a stored sample (for i32 a pair of them, of two rows), DEPTH the
   image rows in a stored row, SUM a sum, WEIGHT a weight, LANES the sums in a vector, and WIDE and BROAD the vectors
   side by side in a block of four rows and of one row. IN_PLACE: samples of such images are sums themselves.

   Four rows of results are made at once, so that each vector loaded feeds up to four sums. A sum waits four cycles for
   the one before it, and two can start in a cycle: fewer than twelve sums under way leave the machine idle. */

enum { OF(FOUR) = LANES * WIDE, OF(ONE) = LANES * BROAD };

/* The taps of one kernel row (with DEPTH 2, of two) on one stored row, for the result rows first..last. */
INLINE void OF(taps)(const STORED *from, const WEIGHT *weights, ptrdiff_t row, ptrdiff_t taps, ptrdiff_t step,
                     OF(vector) (*sums)[WIDE], const int first, const int last) {
    for (ptrdiff_t j = 0; j < taps; j++, from += step) {
        OF(vector) samples[WIDE];
#pragma GCC unroll 16
        for (int b = 0; b < WIDE; b++) samples[b] = OF(load)(from + b * LANES);
#pragma GCC unroll 4
        for (int r = first; r <= last; r++) {
            const OF(vector) weight = OF(every)(weights[(row - r) * taps + j]);
#pragma GCC unroll 16
            for (int b = 0; b < WIDE; b++) sums[r][b] = OF(add_product)(sums[r][b], samples[b], weight);
        }
    }
}

/* FOUR sums of each of four rows: out[r][0..FOUR). Rows reach over `height + 3` image rows. */
INLINE void OF(four_rows)(const STORED *const *rows, ptrdiff_t x, const WEIGHT *weights, const ptrdiff_t height,
                          const ptrdiff_t taps, ptrdiff_t step, SUM *const *out, ptrdiff_t to) {
    OF(vector) sums[4][WIDE];
    const ptrdiff_t stored = (height + 3 + DEPTH - 1) / DEPTH;
    for (int r = 0; r < 4; r++)
        for (int b = 0; b < WIDE; b++) sums[r][b] = OF(every)(0);
#pragma GCC unroll 10
    for (ptrdiff_t i = 0; i < stored; i++) {
        const ptrdiff_t q = i * DEPTH, row = q + DEPTH - 1;
        const STORED *from = rows[i] + x;
        /* A result never meets a row outside its kernel, not even with weight 0: it may hold NaN. */
        const int last = row < 3 ? (int)row : 3, first = q - (height - 1) > 0 ? (int)(q - (height - 1)) : 0;
#define TAPS(f, l) OF(taps)(from, weights, row, taps, step, sums, f, l)
        switch (first * 4 + last) {
        case 0: TAPS(0, 0); break;
        case 1: TAPS(0, 1); break;
        case 2: TAPS(0, 2); break;
        case 3: TAPS(0, 3); break;
        case 5: TAPS(1, 1); break;
        case 6: TAPS(1, 2); break;
        case 7: TAPS(1, 3); break;
        case 10: TAPS(2, 2); break;
        case 11: TAPS(2, 3); break;
        default: TAPS(3, 3); break;
        }
#undef TAPS
    }
#pragma GCC unroll 4
    for (int r = 0; r < 4; r++)
        for (int b = 0; b < WIDE; b++) OF(store)(out[r] + to + b * LANES, sums[r][b]);
}

/* Whole blocks that cover the samples [x, end): up to FOUR - 1 more are read and written. With more taps in a row than three
   the sums take longer than the memory. */
static void OF(four_rows_span)(const STORED *const *rows, ptrdiff_t x, ptrdiff_t end, const WEIGHT *weights, ptrdiff_t height,
                               ptrdiff_t taps, ptrdiff_t step, SUM *const *out) {
    ptrdiff_t to = 0;
#define SPAN(h, w)                                                                                   \
    do {                                                                                             \
        for (; x < end; x += OF(FOUR), to += OF(FOUR)) {                                             \
            for (int r = 0; IN_PLACE && (w) <= 3 && r < 4; r++)                                      \
                prefetch_read(rows[height - 1 + r] + x, OF(FOUR) * (ptrdiff_t)sizeof(STORED));       \
            OF(four_rows)(rows, x, weights, h, w, step, out, to);                                    \
        }                                                                                            \
    } while (0)
    if (height == 3 && taps == 3)
        SPAN(3, 3);
    else if (taps == 1)
        SPAN(height, 1);
    else
        SPAN(height, taps);
#undef SPAN
}

#if DEPTH == 1
/* One row: out[0..ONE) = or += the sum of weights[t] * begin[t][x + ...]; offsets are even steps where begin is one row. */
INLINE void OF(one_row)(const STORED *row, const STORED *const *rows, const Correlation *c, const WEIGHT *weights,
                        ptrdiff_t taps, ptrdiff_t step, int add, SUM *out) {
    OF(vector) sums[BROAD];
    for (int b = 0; b < BROAD; b++) sums[b] = add ? OF(load)(out + b * LANES) : OF(every)(0);
    for (ptrdiff_t t = 0; t < taps; t++) {
        const STORED *from = rows ? rows[c->tap_rows[t]] + (row - rows[0]) + c->tap_offsets[t] : row + t * step;
        const OF(vector) weight = OF(every)(weights[t]);
#pragma GCC unroll 16
        for (int b = 0; b < BROAD; b++) sums[b] = OF(add_product)(sums[b], OF(load)(from + b * LANES), weight);
    }
    for (int b = 0; b < BROAD; b++) OF(store)(out + b * LANES, sums[b]);
}
#endif

/* Samples [x, end) of four rows of results by the kernel's rectangle, by way of a strip of sums; their first taps stand
   at `from` and on in `rows`. */
static void OF(strips)(const Correlation *c, const Workspace *work, const void *const *rows, ptrdiff_t from, ptrdiff_t x,
                       ptrdiff_t end, char *const *to, int valid) {
    for (; x < end; x += CORRELATE_STRIP, from += CORRELATE_STRIP) {
        const ptrdiff_t count = end - x < CORRELATE_STRIP ? end - x : CORRELATE_STRIP;
        SUM *sums[4];
        for (int r = 0; r < 4; r++) sums[r] = (SUM *)work->sums + r * CORRELATE_STRIP;
        OF(four_rows_span)((const STORED *const *)rows, from, from + count, (const WEIGHT *)c->weights, c->kernel_height,
                           c->kernel_width, c->column_step, sums);
        for (int r = 0; r < valid; r++) OF(finish)(c, sums[r], to[r] + x * sample_bytes(c->samples), count);
    }
}

#if IN_PLACE
/* The same for whole rows; where sums are results, whole blocks away from both ends read the image and write the result
   themselves. */
static void OF(directly)(const Correlation *c, const Workspace *work, char *const *to, int valid) {
    const ptrdiff_t n = c->width * c->channels, inside = work->inside, pad = inside ? c->reach * c->channels : 0;
    OF(strips)(c, work, work->rows, 0, 0, pad, to, valid);
    if (valid == 4 && inside) {
        SUM *out[4];
        for (int r = 0; r < 4; r++) out[r] = (SUM *)(void *)to[r] + pad;
        OF(four_rows_span)((const STORED *const *)work->sources, 0, inside, (const WEIGHT *)c->weights, c->kernel_height,
                           c->kernel_width, c->column_step, out);
    } else {
        OF(strips)(c, work, work->sources, 0, pad, pad + inside, to, valid);
    }
    OF(strips)(c, work, work->rows, pad + inside, pad + inside, n, to, valid);
}
#endif

#if DEPTH == 1
/* Sums down the columns of four extended rows; whole blocks away from both ends read the image, where samples are sums. */
static void OF(sums_down)(const Correlation *c, const Workspace *work, const STORED *const *rows, ptrdiff_t wide,
                          const WEIGHT *weights, SUM *const *columns) {
    const ptrdiff_t height = c->kernel_height, inside = work->inside, pad = c->reach * c->channels;
    if (!inside) {
        OF(four_rows_span)(rows, 0, wide, weights, height, 1, 0, columns);
        return;
    }
    SUM *middle[4], *last[4];
    for (int r = 0; r < 4; r++) middle[r] = columns[r] + pad, last[r] = middle[r] + inside;
    OF(four_rows_span)(rows, 0, pad, weights, height, 1, 0, columns);
    OF(four_rows_span)((const STORED *const *)work->sources, 0, inside, weights, height, 1, 0, middle);
    OF(four_rows_span)(rows, pad + inside, wide, weights, height, 1, 0, last);
}

/* Four rows of results from listed taps, or from separable kernels. */
static void OF(passes)(const Correlation *c, const Workspace *work, char *const *to, int valid) {
    const WEIGHT *weights = (const WEIGHT *)c->weights, *across = weights + c->terms * c->kernel_height;
    const ptrdiff_t n = c->width * c->channels, wide = n + 2 * c->reach * c->channels;
    const STORED *const *rows = (const STORED *const *)work->rows;
    /* Whole blocks of a row whose sums are results. */
    const ptrdiff_t straight = IN_PLACE && c->terms && c->samples == SAMPLES_F32 ? n / OF(ONE) * OF(ONE) : 0;
    SUM *columns[4];
    for (int r = 0; r < 4; r++) columns[r] = (SUM *)work->columns + r * work->stride;
    for (ptrdiff_t term = 0; term < c->terms; term++) {
        OF(sums_down)(c, work, rows, wide, weights + term * c->kernel_height, columns);
        for (int r = 0; r < valid; r++)
            for (ptrdiff_t x = 0; x < n; x += OF(ONE)) {
                SUM *out = x < straight ? (SUM *)(void *)to[r] + x : (SUM *)work->sums + r * work->stride + x;
                OF(one_row)(columns[r] + x, NULL, c, across + term * c->kernel_width, c->kernel_width, c->column_step, term > 0, out);
            }
    }
    for (int r = 0; r < valid; r++) {
        SUM *sums = (SUM *)work->sums + r * work->stride;
        if (c->taps)
            for (ptrdiff_t x = 0; x < n; x += OF(ONE))
                OF(one_row)(rows[r] + x, rows + r, c, weights, c->taps, 0, 0, sums + x);
        OF(finish)(c, sums + straight, to[r] + straight * sample_bytes(c->samples), n - straight);
    }
}
#endif

/* Rows y, y + row_step, ... before y1, as if there were no others. */
static void OF(correlate_rows)(const Correlation *c, const void *src, ptrdiff_t src_stride, char *dst, ptrdiff_t dst_stride,
                               ptrdiff_t y, ptrdiff_t y1, Workspace *work) {
    const ptrdiff_t pad = c->reach * c->channels, n = c->width * c->channels, stored = work->stored;
    const STORED **sources = (const STORED **)work->sources;
    ptrdiff_t have = 0;
#if IN_PLACE
    const int in_place = c->samples == SAMPLES_F32, whole = c->taps || !in_place;
    work->inside = whole || n <= 2 * pad ? 0 : (n - 2 * pad) / OF(FOUR) * OF(FOUR);
#else
    const int in_place = 0;
    work->inside = 0;
#endif
    /* Only what lies at the ends is read from the ring where the rest is read from the image. */
    const ptrdiff_t head = work->inside ? 2 * c->reach + 1 : c->width;
    const ptrdiff_t tail = work->inside ? c->width - work->inside / c->channels + c->reach : 0;
    for (ptrdiff_t t = 0; y < y1; t += 4, y += 4 * c->row_step) {
        const ptrdiff_t at = t / DEPTH;
        for (; have < at + stored; have++) {
            STORED *row = (STORED *)work->ring + have % stored * work->stride;
            const ptrdiff_t position = y + (have * DEPTH - t) * c->row_step;
            for (int d = 0; d < DEPTH; d++)
                extended_row(c, src, src_stride, position + d * c->row_step, head, tail, in_place ? (void *)row : work->raw[d]);
            if (!in_place) OF(widen)(c, (const void *const *)work->raw, row, n + 2 * pad);
        }
        for (ptrdiff_t i = 0; i < stored; i++) {
            const ptrdiff_t last = c->positions - 1, position = y + i * DEPTH * c->row_step;
            const STORED *row = (const STORED *)work->ring + (at + i) % stored * work->stride;
            work->rows[i] = row;
            if (work->inside) {
                sources[i] = (const STORED *)row_at(src, src_stride, c->rows, position < last ? position : last, row + pad);
            }
        }
        char *to[4];
        int valid = 0;
        for (; valid < 4 && y + valid * c->row_step < y1; valid++) to[valid] = dst + (y + valid * c->row_step) * dst_stride;
#if DEPTH == 1
        if (c->terms || c->taps) {
            OF(passes)(c, work, to, valid);
            continue;
        }
#endif
#if IN_PLACE
        OF(directly)(c, work, to, valid);
#else
        OF(strips)(c, work, work->rows, 0, 0, n, to, valid);
#endif
    }
}

#undef OF
#undef STORED
#undef DEPTH
#undef SUM
#undef WEIGHT
#undef LANES
#undef WIDE
#undef BROAD
#undef IN_PLACE
