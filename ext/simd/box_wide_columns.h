/* Sums of 2 ry + 1 samples down the columns in float64, eight output rows at a time.

   As along rows (box_wide_rows.h) no sum is taken from another. Blocks of 2 ry + 1 rows begin at multiples of that
   many padded rows, whatever the band, so that a sum has the same bits in every band. */
#ifndef LEVEL
#include "simd/box.h"

/* The rows of eight windows. Window i is tail_rows[7] + ... + tail_rows[i] on top of `tail`, the sum of the rows of
   the block below these eight, plus `head`, the sum of the rows of the next block that are above head_rows[0], plus
   head_rows[0] + ... + head_rows[i - 1]. Without blocks (`taps` > 0) it is tail_rows[i] + ... + tail_rows[i + taps - 1].
   Rows that do not exist are zeros. `head` becomes that of the eight windows below. */
typedef struct {
    const void *tail_rows[16], *head_rows[8];
    const f64 *tail;
    f64 *head;
    int taps;
} Windows;

#define SIMD_SOURCE "simd/box_wide_columns.h"
#include "simd/levels.h"
#else

INLINE f64 FN(sample)(const void *row, ptrdiff_t i, int size) {
    return size == 1 ? ((const u8 *)row)[i] : size == 2 ? ((const u16 *)row)[i] : (f64)((const f32 *)row)[i];
}

/* Where sum (sample i, row) goes: row after row of `length`, or all eight rows of a sample side by side. */
#define PLACE(row, i) (turned ? 8 * (i) + (row) : (row) * length + (i))

INLINE void FN(one_column)(const Windows *w, ptrdiff_t i, int size, int taps, f64 *sums, ptrdiff_t length, int turned) {
    f64 sum[8];
    if (taps) {
        for (int row = 0; row < 8; row++) {
            sum[row] = FN(sample)(w->tail_rows[row], i, size);
            for (int k = 1; k < taps; k++) sum[row] += FN(sample)(w->tail_rows[row + k], i, size);
        }
    } else {
        f64 tail = w->tail[i], head = w->head[i];
        for (int row = 7; row >= 0; row--) sum[row] = tail += FN(sample)(w->tail_rows[row], i, size);
        for (int row = 0; row < 8; row++) {
            sum[row] += head;
            head += FN(sample)(w->head_rows[row], i, size);
        }
        w->head[i] = head;
    }
    for (int row = 0; row < 8; row++) sums[PLACE(row, i)] = sum[row];
}

#if LEVEL != LEVEL_BASELINE
INLINE __m256d FN(four_samples)(const void *row, ptrdiff_t i, int size) {
    if (size == 4) return _mm256_cvtps_pd(_mm_loadu_ps((const f32 *)row + i));
    if (size == 2) return _mm256_cvtepi32_pd(_mm_cvtepu16_epi32(_mm_loadl_epi64((const void *)((const u16 *)row + i))));
    i32 bytes;
    memcpy(&bytes, (const u8 *)row + i, 4);
    return _mm256_cvtepi32_pd(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(bytes)));
}

INLINE void FN(four_columns)(const Windows *w, ptrdiff_t i, int size, int taps, f64 *sums, ptrdiff_t length, int turned) {
    __m256d sum[8];
    if (taps) {
        for (int row = 0; row < 8; row++) sum[row] = FN(four_samples)(w->tail_rows[row], i, size);
        for (int k = 1; k < taps; k++)
            for (int row = 0; row < 8; row++)
                sum[row] = _mm256_add_pd(sum[row], FN(four_samples)(w->tail_rows[row + k], i, size));
    } else {
        __m256d tail = _mm256_loadu_pd(w->tail + i), head = _mm256_loadu_pd(w->head + i);
        for (int row = 7; row >= 0; row--)
            sum[row] = tail = _mm256_add_pd(tail, FN(four_samples)(w->tail_rows[row], i, size));
        for (int row = 0; row < 8; row++) {
            sum[row] = _mm256_add_pd(sum[row], head);
            head = _mm256_add_pd(head, FN(four_samples)(w->head_rows[row], i, size));
        }
        _mm256_storeu_pd(w->head + i, head);
    }
    if (!turned) {
        for (int row = 0; row < 8; row++) _mm256_storeu_pd(sums + row * length + i, sum[row]);
        return;
    }
    for (int half = 0; half < 8; half += 4) {
        const __m256d a = _mm256_unpacklo_pd(sum[half], sum[half + 1]), b = _mm256_unpackhi_pd(sum[half], sum[half + 1]);
        const __m256d c = _mm256_unpacklo_pd(sum[half + 2], sum[half + 3]);
        const __m256d d = _mm256_unpackhi_pd(sum[half + 2], sum[half + 3]);
        f64 *to = sums + 8 * i + half;
        _mm256_storeu_pd(to, _mm256_permute2f128_pd(a, c, 0x20));
        _mm256_storeu_pd(to + 8, _mm256_permute2f128_pd(b, d, 0x20));
        _mm256_storeu_pd(to + 16, _mm256_permute2f128_pd(a, c, 0x31));
        _mm256_storeu_pd(to + 24, _mm256_permute2f128_pd(b, d, 0x31));
    }
}
#endif

INLINE void FN(columns_of)(const Windows *w, ptrdiff_t n, int size, int taps, f64 *sums, ptrdiff_t length, int turned) {
    ptrdiff_t i = 0;
#if LEVEL != LEVEL_BASELINE
    for (; i + 4 <= n; i += 4) FN(four_columns)(w, i, size, taps, sums, length, turned);
#endif
    for (; i < n; i++) FN(one_column)(w, i, size, taps, sums, length, turned);
}
#undef PLACE

INLINE void FN(columns_for)(const Windows *w, ptrdiff_t n, int size, f64 *sums, ptrdiff_t length, int turned) {
    switch (w->taps) {
    case 0: FN(columns_of)(w, n, size, 0, sums, length, turned); break;
    case 1: FN(columns_of)(w, n, size, 1, sums, length, turned); break;
    case 3: FN(columns_of)(w, n, size, 3, sums, length, turned); break;
    case 5: FN(columns_of)(w, n, size, 5, sums, length, turned); break;
    default: FN(columns_of)(w, n, size, 7, sums, length, turned);
    }
}

/* The n column sums of eight rows, in rows `length` apart or turned. */
static void FN(wide_columns)(const Windows *w, ptrdiff_t n, int size, f64 *sums, ptrdiff_t length, int turned) {
#define WITH_SIZE(size)                                                 \
    if (turned) FN(columns_for)(w, n, size, sums, length, 1);           \
    else FN(columns_for)(w, n, size, sums, length, 0)
    if (size == 1) { WITH_SIZE(1); }
    else if (size == 2) { WITH_SIZE(2); }
    else { WITH_SIZE(4); }
#undef WITH_SIZE
}

INLINE void FN(add_rows_of)(const f64 *from, f64 *to, const void *const *rows, ptrdiff_t n, int size) {
    ptrdiff_t i = 0;
#if LEVEL != LEVEL_BASELINE
    for (; i + 4 <= n; i += 4) {
        __m256d sum = _mm256_loadu_pd(from + i);
        for (int k = 0; k < 8; k++) sum = _mm256_add_pd(sum, FN(four_samples)(rows[k], i, size));
        _mm256_storeu_pd(to + i, sum);
    }
#endif
    for (; i < n; i++) {
        f64 sum = from[i];
        for (int k = 0; k < 8; k++) sum += FN(sample)(rows[k], i, size);
        to[i] = sum;
    }
}

/* to = from + rows[0] + ... + rows[7], in this order. */
static void FN(add_rows)(const f64 *from, f64 *to, const void *const *rows, ptrdiff_t n, int size) {
    if (size == 1) FN(add_rows_of)(from, to, rows, n, 1);
    else if (size == 2) FN(add_rows_of)(from, to, rows, n, 2);
    else FN(add_rows_of)(from, to, rows, n, 4);
}

/* With rows as given, rows[0] + ... + rows[taps - 2] + rows[taps - 1] to `first`; with rows[taps] in the last place to `second` if any. */
INLINE void FN(few_rows_of)(const f32 *const *given, ptrdiff_t n, int taps, f64 *first, f64 *second) {
    const int shared = taps - 1;
    const f32 *rows[8]; /* a copy that the stores cannot change, so that the addresses stay in registers */
    for (int k = 0; k < taps + (second != NULL); k++) rows[k] = given[k];
    ptrdiff_t i = 0;
#if LEVEL != LEVEL_BASELINE
    for (; i + 4 <= n; i += 4) {
        __m256d sum = FN(four_samples)(rows[0], i, 4);
        for (int k = 1; k < shared; k++) sum = _mm256_add_pd(sum, FN(four_samples)(rows[k], i, 4));
        _mm256_storeu_pd(first + i, taps == 1 ? sum : _mm256_add_pd(sum, FN(four_samples)(rows[shared], i, 4)));
        if (second) _mm256_storeu_pd(second + i, _mm256_add_pd(sum, FN(four_samples)(rows[taps], i, 4)));
    }
#endif
    for (; i < n; i++) {
        f64 sum = rows[0][i];
        for (int k = 1; k < shared; k++) sum += rows[k][i];
        first[i] = taps == 1 ? sum : sum + rows[shared][i];
        if (second) second[i] = sum + rows[taps][i];
    }
}

INLINE void FN(few_rows_for)(const f32 *const *rows, ptrdiff_t n, int taps, f64 *first, f64 *second) {
    switch (taps) {
    case 1: FN(few_rows_of)(rows, n, 1, first, NULL); break;
    case 3: FN(few_rows_of)(rows, n, 3, first, second); break;
    case 5: FN(few_rows_of)(rows, n, 5, first, second); break;
    default: FN(few_rows_of)(rows, n, 7, first, second);
    }
}

/* The column sums of one row of windows, or of two, of 1, 3, 5 or 7 rows; two only where there are more than one. */
static void FN(few_rows)(const f32 *const *rows, ptrdiff_t n, int taps, f64 *first, f64 *second) {
    if (second) FN(few_rows_for)(rows, n, taps, first, second);
    else FN(few_rows_for)(rows, n, taps, first, NULL);
}
#endif
