/* Box means and sums of gray float32 over 3 x 3, 5 x 5 and 7 x 7 pixels: two rows at once, column sums in registers.

   Both rows share the sums of the source rows that both windows have. Four column sums meet the next four by
   shuffles, so that each sample is converted once for two rows and nothing is stored but the result. */
#ifndef LEVEL
#include "simd/box.h"
#define SIMD_SOURCE "simd/box_few.h"
#include "simd/levels.h"
#else

/* One result of the row that wants rows[last] beside the shared ones; `at` is the first padded column of its window. */
INLINE f32 FN(few_window)(const Box *box, const f32 *const *rows, int taps, int last, ptrdiff_t at, f64 scale) {
    f64 total = 0;
    for (ptrdiff_t p = at; p < at + taps; p++) {
        const ptrdiff_t x = p - box->rx, behind = x - box->width;
        const i64 column = x < 0 ? box->columns[p] : behind < 0 ? x : box->columns[box->rx + behind];
        f64 sum = (f64)(2 * box->ry + 1) * box->fill;
        if (column >= 0) {
            sum = rows[0][column];
            for (int k = 1; k < taps - 1; k++) sum += rows[k][column];
            sum += rows[last][column];
        }
        total = p == at ? sum : total + sum;
    }
    return (f32)(total * scale);
}

#if LEVEL != LEVEL_BASELINE
INLINE void FN(few_columns)(const f32 *const *rows, int taps, ptrdiff_t x, __m256d *first, __m256d *second) {
    __m256d sum = _mm256_cvtps_pd(_mm_loadu_ps(rows[0] + x));
    for (int k = 1; k < taps - 1; k++) sum = _mm256_add_pd(sum, _mm256_cvtps_pd(_mm_loadu_ps(rows[k] + x)));
    *first = _mm256_add_pd(sum, _mm256_cvtps_pd(_mm_loadu_ps(rows[taps - 1] + x)));
    *second = _mm256_add_pd(sum, _mm256_cvtps_pd(_mm_loadu_ps(rows[taps] + x)));
}

/* Four windows from the column sums v[0] on. */
INLINE __m128 FN(few_sums)(const __m256d *v, int taps, __m256d scale) {
    __m256d sum = v[0], crossed = v[0];
    for (int k = 1; k < taps; k++) {
        const int lane = k / 4;
        __m256d term = v[lane];
        if (k % 4 == 1 || k % 4 == 2) crossed = _mm256_permute2f128_pd(v[lane], v[lane + 1], 0x21);
        if (k % 4 == 1) term = _mm256_shuffle_pd(v[lane], crossed, 5);
        if (k % 4 == 2) term = crossed;
        if (k % 4 == 3) term = _mm256_shuffle_pd(crossed, v[lane + 1], 5);
        sum = _mm256_add_pd(sum, term);
    }
    return _mm256_cvtpd_ps(_mm256_mul_pd(sum, scale));
}
#endif

INLINE void FN(few_square)(const Box *box, const f32 *const *given, int taps, f64 scale, f32 *first, f32 *second) {
    const f32 *rows[8]; /* a copy that the stores cannot change, so that the addresses stay in registers */
    for (int k = 0; k <= taps; k++) rows[k] = given[k];
    const ptrdiff_t width = box->width, rx = taps / 2;
    ptrdiff_t done = 0; /* results after the first rx */
#if LEVEL != LEVEL_BASELINE
    enum { MOST = 3 };
    const int ahead = (taps + 2) / 4; /* vectors behind the first that a window reaches */
    const __m256d factor = _mm256_set1_pd(scale);
    __m256d a[MOST], b[MOST];
    if (4 * ahead <= width)
        for (int j = 0; j < ahead; j++) FN(few_columns)(rows, taps, 4 * j, &a[j], &b[j]);
    for (; done + 4 * ahead + 4 <= width; done += 4) {
        FN(few_columns)(rows, taps, done + 4 * ahead, &a[ahead], &b[ahead]);
        _mm_storeu_ps(first + rx + done, FN(few_sums)(a, taps, factor));
        _mm_storeu_ps(second + rx + done, FN(few_sums)(b, taps, factor));
        for (int j = 0; j < ahead; j++) {
            a[j] = a[j + 1];
            b[j] = b[j + 1];
        }
    }
#endif
    for (ptrdiff_t x = 0; x < width; x++) {
        if (x == rx && done) x += done;
        if (x >= width) break;
        first[x] = FN(few_window)(box, rows, taps, taps - 1, x, scale);
        second[x] = FN(few_window)(box, rows, taps, taps, x, scale);
    }
}

/* Two rows of windows of `taps` by `taps` pixels, 3, 5 or 7; in given order the first adds rows[0] ... rows[taps - 1],
   the second rows[taps] instead of the last. */
static UNUSED void FN(few_pair)(const Box *box, const f32 *const *rows, int taps, f64 scale, f32 *first, f32 *second) {
    switch (taps) {
    case 3: FN(few_square)(box, rows, 3, scale, first, second); break;
    case 5: FN(few_square)(box, rows, 5, scale, first, second); break;
    default: FN(few_square)(box, rows, 7, scale, first, second);
    }
}
#endif
