/* How alike two regions are: what their histograms have in common. */
#ifndef LEVEL
#ifndef IMGPROC_LIKENESS_H
#define IMGPROC_LIKENESS_H
#include "simd/common.h"

#define SIMD_SOURCE "simd/likeness.h"
#include "simd/levels.h"

/* Sum of min(a[i] * scale_a, b[i] * scale_b); n is a multiple of 16. In 16 partial sums, so that it has the same bits
   whatever vectors there are. */
DISPATCH(f32, common_part, (const u32 *a, const u32 *b, ptrdiff_t n, f32 scale_a, f32 scale_b), (a, b, n, scale_a, scale_b))
#endif

#else

static UNUSED f32 FN(common_part)(const u32 *a, const u32 *b, ptrdiff_t n, f32 scale_a, f32 scale_b) {
    f32 sums[16] = {0};
    for (ptrdiff_t i = 0; i < n; i += 16)
        for (int k = 0; k < 16; k++) {
            /* Counts are below 2^31, and vectors convert signed integers alone. */
            const f32 p = (f32)(i32)a[i + k] * scale_a, q = (f32)(i32)b[i + k] * scale_b;
            sums[k] += p < q ? p : q;
        }
    for (int half = 8; half > 0; half /= 2)
        for (int k = 0; k < half; k++) sums[k] += sums[k + half];
    return sums[0];
}

#endif
