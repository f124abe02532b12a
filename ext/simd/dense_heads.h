/* Dense heads: which of very many logits are worth a box, and with which class. Every number is looked at once, and whether it is
   finite is asked in the same pass. */
#ifndef LEVEL
#include "simd/common.h"

/* Numbers of one call of `reaching`: a block with its places fits the first cache. */
#define HEAD_BLOCK 4096
/* Columns of one call of `column_best`. */
#define HEAD_COLUMNS 512
#define HEAD_NOT_FINITE (-1)
#define HEAD_NO_MEMORY (-2)

#define SIMD_SOURCE "simd/dense_heads.h"
#include "simd/levels.h"
/* Places of those of n <= HEAD_BLOCK numbers that are at least `least`, in rising order; how many, or HEAD_NOT_FINITE.
   `places` has room for n. */
DISPATCH(ptrdiff_t, reaching, (const f32 *x, ptrdiff_t n, f32 least, i32 *places), (x, n, least, places))
/* The largest of each of n <= HEAD_COLUMNS columns, whose `rows` numbers are `stride` apart. 0 where a number is not finite; sums
   of four are formed, so numbers beyond a quarter of the range may count as such. */
DISPATCH(int, column_best, (const f32 *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t n, f32 *best), (x, stride, rows, n, best))
/* The largest of n numbers, e^(x - largest), and the sum of these. HEAD_NOT_FINITE or 0. */
DISPATCH(int, exponentials, (const f32 *x, ptrdiff_t n, f64 *powers, f32 *largest, f64 *sum), (x, n, powers, largest, sum))

#else
#include "simd/powers.h"

INLINE i32 FN(not_finite)(f32 value) {
    i32 bits;
    memcpy(&bits, &value, sizeof bits);
    return (bits & 0x7f800000) == 0x7f800000;
}

static ptrdiff_t FN(reaching)(const f32 *restrict x, ptrdiff_t n, f32 least, i32 *restrict places) {
    enum { STEP = 64 };
    ptrdiff_t found = 0;
    i32 wrong = 0;
    for (ptrdiff_t start = 0; start < n; start += STEP) {
        const ptrdiff_t part = n - start < STEP ? n - start : STEP;
        const f32 *restrict own = x + start;
        i32 any = part < STEP;
        if (part == STEP) {
            prefetch_read(own, STEP * (ptrdiff_t)sizeof *own);
            for (int j = 0; j < STEP; j++) any |= (own[j] >= least) | FN(not_finite)(own[j]);
        }
        if (!any) continue;
        for (ptrdiff_t j = 0; j < part; j++) {
            places[found] = (i32)(start + j);
            found += own[j] >= least;
            wrong |= FN(not_finite)(own[j]);
        }
    }
    return wrong ? HEAD_NOT_FINITE : found;
}

static int FN(column_best)(const f32 *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t n, f32 *restrict best) {
    f32 zero[HEAD_COLUMNS]; /* NaN where a number was not finite */
    ptrdiff_t row = 1;
    i32 wrong = 0;
    for (ptrdiff_t j = 0; j < n; j++) {
        best[j] = x[j];
        zero[j] = x[j] - x[j];
    }
    for (; row + 4 <= rows; row += 4) {
        const f32 *a = x + row * stride, *b = a + stride, *c = b + stride, *d = c + stride;
        for (ptrdiff_t j = 0; j < n; j++) {
            const f32 sum = (a[j] + b[j]) + (c[j] + d[j]);
            const f32 ab = a[j] > b[j] ? a[j] : b[j], cd = c[j] > d[j] ? c[j] : d[j], most = ab > cd ? ab : cd;
            best[j] = most > best[j] ? most : best[j];
            zero[j] += sum - sum;
        }
    }
    for (; row < rows; row++) {
        const f32 *a = x + row * stride;
        for (ptrdiff_t j = 0; j < n; j++) {
            best[j] = a[j] > best[j] ? a[j] : best[j];
            zero[j] += a[j] - a[j];
        }
    }
    for (ptrdiff_t j = 0; j < n; j++) wrong |= FN(not_finite)(zero[j]);
    return !wrong;
}

static int FN(exponentials)(const f32 *restrict x, ptrdiff_t n, f64 *restrict powers, f32 *largest, f64 *sum) {
    enum { LANES = 16 };
    f64 lanes[LANES] = {0};
    f32 most[LANES];
    i32 wrong = 0;
    ptrdiff_t i = 0;
    for (int lane = 0; lane < LANES; lane++) most[lane] = x[0];
    for (ptrdiff_t j = 0; j < n; j++) wrong |= FN(not_finite)(x[j]);
    if (wrong) return HEAD_NOT_FINITE;
    for (; i + LANES <= n; i += LANES)
        for (int lane = 0; lane < LANES; lane++) most[lane] = x[i + lane] > most[lane] ? x[i + lane] : most[lane];
    for (; i < n; i++) most[0] = x[i] > most[0] ? x[i] : most[0];
    for (int lane = 1; lane < LANES; lane++) most[0] = most[lane] > most[0] ? most[lane] : most[0];
    const f64 top = most[0];
    for (ptrdiff_t j = 0; j < n; j++) {
        const f64 below = (f64)x[j] - top;
        powers[j] = FN(power)(below > -700 ? below : -700);
    }
    /* The same order of additions at every level. */
    for (i = 0; i + LANES <= n; i += LANES)
        for (int lane = 0; lane < LANES; lane++) lanes[lane] += powers[i + lane];
    for (; i < n; i++) lanes[i % LANES] += powers[i];
    for (int half = LANES / 2; half; half /= 2)
        for (int lane = 0; lane < half; lane++) lanes[lane] += lanes[lane + half];
    *largest = most[0];
    *sum = lanes[0];
    return 0;
}

#endif
