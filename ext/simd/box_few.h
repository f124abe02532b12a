/* Box means and sums of gray float32 over 3 x 3, 5 x 5 and 7 x 7 pixels: two rows at once, column sums in registers.

   Both rows share the sums of the source rows that both windows have. Four column sums meet the next four by
   shuffles, eight at AVX-512, so that each sample is converted once for two rows and nothing is stored but the result. */
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

#if LEVEL == LEVEL_AVX512
/* Column sums x to x + 7, or the first of them that `lanes` says. */
INLINE void FN(few_columns)(const f32 *const *rows, int taps, ptrdiff_t x, __mmask8 lanes, __m512d *first, __m512d *second) {
#define COLUMNS(k) _mm512_cvtps_pd(lanes == 0xff ? _mm256_loadu_ps(rows[k] + x) : _mm256_maskz_loadu_ps(lanes, rows[k] + x))
    __m512d sum = COLUMNS(0);
    for (int k = 1; k < taps - 1; k++) sum = _mm512_add_pd(sum, COLUMNS(k));
    *first = _mm512_add_pd(sum, COLUMNS(taps - 1));
    *second = _mm512_add_pd(sum, COLUMNS(taps));
#undef COLUMNS
}

/* Eight windows from the column sums `now` on. */
INLINE __m256 FN(few_sums)(__m512d now, __m512d next, int taps, __m512d scale) {
    const __m512i low = _mm512_castpd_si512(now), high = _mm512_castpd_si512(next);
    __m512d sum = now;
#define TERM(k) \
    if (taps > (k)) sum = _mm512_add_pd(sum, _mm512_castsi512_pd(_mm512_alignr_epi64(high, low, k)))
    TERM(1);
    TERM(2);
    TERM(3);
    TERM(4);
    TERM(5);
    TERM(6);
#undef TERM
    return _mm512_cvtpd_ps(_mm512_mul_pd(sum, scale));
}
#elif LEVEL == LEVEL_AVX2
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
#if LEVEL == LEVEL_AVX512
    const __m512d factor = _mm512_set1_pd(scale);
    const ptrdiff_t last = width - 7 - taps; /* the last eight results that read the image alone */
    __m512d a[2], b[2];
    if (last >= 0) FN(few_columns)(rows, taps, 0, 0xff, &a[0], &b[0]);
    for (ptrdiff_t at = 0; at + 16 <= width; at += 8) {
        FN(few_columns)(rows, taps, at + 8, 0xff, &a[1], &b[1]);
        _mm256_storeu_ps(first + rx + at, FN(few_sums)(a[0], a[1], taps, factor));
        _mm256_storeu_ps(second + rx + at, FN(few_sums)(b[0], b[1], taps, factor));
        a[0] = a[1];
        b[0] = b[1];
        done = at + 8;
        if (at % 16 == 0) {
            prefetch_read(rows[taps - 1] + at, 64);prefetch_write(first + at, 64);prefetch_write(second + at, 64);
            prefetch_read(rows[taps] + at, 64);


        }
    }
    while (last >= 0 && done < last + 8) {
        const ptrdiff_t at = done < last ? done : last, left = width - at - 8;
        FN(few_columns)(rows, taps, at, 0xff, &a[0], &b[0]);
        FN(few_columns)(rows, taps, at + 8, (__mmask8)(left < 8 ? (1u << left) - 1 : 0xff), &a[1], &b[1]);
        _mm256_storeu_ps(first + rx + at, FN(few_sums)(a[0], a[1], taps, factor));
        _mm256_storeu_ps(second + rx + at, FN(few_sums)(b[0], b[1], taps, factor));
        done = at + 8;
    }
#elif LEVEL == LEVEL_AVX2
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
