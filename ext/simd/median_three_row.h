/* Median of 3 x 3 samples of type SAMPLE along one row of at least three vectors, included by median_three.h.

   The sorted columns of neighbours are shifted out of those of three successive vectors, all in registers: to store them and
   to load them again at odd addresses costs more than the one minimum or maximum that pairs of rows save. */

typedef struct {
    V low, middle, high;
} TYPED(median_columns);
#define COLUMNS TYPED(median_columns)

INLINE COLUMNS TYPED(median_sort_three)(V a, V b, V c) {
    const V less = TYPED(smaller)(a, b), more = TYPED(larger)(a, b), rest = TYPED(larger)(less, c);
    const COLUMNS sorted = {TYPED(smaller)(less, c), TYPED(smaller)(more, rest), TYPED(larger)(more, rest)};
    return sorted;
}

/* Most float32 samples are their own keys: that is seen from the sorted columns, and others are sorted again. */
INLINE COLUMNS TYPED(median_columns_at)(const SAMPLE *const *rows, ptrdiff_t x) {
    const void *a = rows[0] + x, *b = rows[1] + x, *c = rows[2] + x;
    const COLUMNS sorted = TYPED(median_sort_three)(BITS(loadu)(a), BITS(loadu)(b), BITS(loadu)(c));
    if (TYPED(unlike_keys)(sorted.low, sorted.high))
        return TYPED(median_sort_three)(TYPED(load_keys)(a), TYPED(load_keys)(b), TYPED(load_keys)(c));
    return sorted;
}

/* The columns of one pixel outside the image, in the lanes from `lane` on. */
INLINE COLUMNS TYPED(median_columns_outside)(const SAMPLE *const *rows, i64 column, int d, SAMPLE fill, ptrdiff_t lane) {
    SAMPLE outside[3][MEDIAN_BLOCK];
    const SAMPLE *lines[3];
    for (int i = 0; i < 3; i++) {
        BITS(storeu)((void *)outside[i], BITS(setzero)());
        for (int c = 0; c < d; c++) outside[i][lane + c] = column < 0 ? fill : rows[i][column * d + c];
        lines[i] = outside[i];
    }
    return TYPED(median_columns_at)(lines, 0);
}

/* What is kept of the vector before and of the one after, for the shifts by `s` bytes: at AVX2 the two inner halves at a
   border of vectors, which serve both of its sides. */
#if LEVEL == LEVEL_AVX512
#define BEFORE(left, v) left
#define AFTER(v, right) right
#define SHIFT_IN(v, before, s) FN(median_shift)(before, v, 64 - (s))
#else
#define BEFORE(left, v) _mm256_permute2x128_si256(left, v, 0x21)
#define AFTER(v, right) _mm256_permute2x128_si256(v, right, 0x21)
#define SHIFT_IN(v, before, s) FN(median_shift)(before, v, 16 - (s))
#endif
#define SHIFT_OUT(v, after, s) FN(median_shift)(v, after, s)

INLINE COLUMNS TYPED(median_before)(COLUMNS left, COLUMNS now) {
    const COLUMNS kept = {BEFORE(left.low, now.low), BEFORE(left.middle, now.middle), BEFORE(left.high, now.high)};
    return (void)now, kept;
}

INLINE COLUMNS TYPED(median_after)(COLUMNS now, COLUMNS right) {
    const COLUMNS kept = {AFTER(now.low, right.low), AFTER(now.middle, right.middle), AFTER(now.high, right.high)};
    return (void)now, kept;
}

INLINE void TYPED(median_three_block)(COLUMNS before, COLUMNS now, COLUMNS after, int d, SAMPLE *out) {
    enum { AWAY = sizeof(KEY) };
    const V low = TYPED(larger)(TYPED(larger)(SHIFT_IN(now.low, before.low, d * AWAY), now.low),
                                SHIFT_OUT(now.low, after.low, d * AWAY));
    const V top = TYPED(smaller)(TYPED(smaller)(SHIFT_IN(now.high, before.high, d * AWAY), now.high),
                                 SHIFT_OUT(now.high, after.high, d * AWAY));
    const V mid = TYPED(median_of_three)(SHIFT_IN(now.middle, before.middle, d * AWAY), now.middle,
                                         SHIFT_OUT(now.middle, after.middle, d * AWAY));
    TYPED(store_samples)(out, TYPED(median_of_three)(low, top, mid));
}

INLINE void TYPED(median_three_row)(const SAMPLE *const *rows, ptrdiff_t width, int d, const i64 *columns, SAMPLE fill, SAMPLE *out) {
    COLUMNS now = TYPED(median_columns_at)(rows, 0);
    COLUMNS before = TYPED(median_before)(TYPED(median_columns_outside)(rows, columns[0], d, fill, LANES - d), now);
    ptrdiff_t x = 0;
    for (;;) {
        for (; x <= width - 2 * LANES; x += LANES) {
            const COLUMNS next = TYPED(median_columns_at)(rows, x + LANES);
            TYPED(median_three_block)(before, now, TYPED(median_after)(now, next), d, out + x);
            prefetch_read(rows[2] + x, LANES * (ptrdiff_t)sizeof(SAMPLE));
            prefetch_write(out + x, LANES * (ptrdiff_t)sizeof(SAMPLE));
            before = TYPED(median_before)(now, next);
            now = next;
        }
        if (x == width - LANES) break;
        /* The last two vectors end with the row; some samples are made again. */
        x = width - 2 * LANES;
        now = TYPED(median_columns_at)(rows, x);
        before = TYPED(median_before)(TYPED(median_columns_at)(rows, x - LANES), now);
    }
    const COLUMNS outside = TYPED(median_columns_outside)(rows, columns[1], d, fill, 0);
    TYPED(median_three_block)(before, now, TYPED(median_after)(now, outside), d, out + x);
}
#undef COLUMNS
#undef BEFORE
#undef AFTER
#undef SHIFT_IN
#undef SHIFT_OUT
