/* float32 images through tables of 65536 codes over [0, 1]. */
#ifndef LEVEL
#define SIMD_SOURCE "simd/codes.h"
#include "simd/levels.h"

/* n samples, interleaved `channels` deep; table c starts at table + 65536 * c. A sample that is NaN, or whose entry is NaN,
   is copied. dst may be src. */
DISPATCH(void, codes_apply, (const f32 *src, f32 *dst, ptrdiff_t n, const f32 *table, int channels, int tables),
         (src, dst, n, table, channels, tables))

#else

static void FN(codes_apply)(const f32 *src, f32 *dst, ptrdiff_t n, const f32 *table, int channels, int tables) {
    const ptrdiff_t step = tables > 1 ? 65536 : 0;
    const int colors = channels == 4 ? 3 : channels;
    for (ptrdiff_t i = 0; i + channels <= n; i += channels) {
        for (int c = 0; c < colors; c++) {
            f32 value = src[i + c], mapped = table[step * c + float_code(value)];
            dst[i + c] = value != value || mapped != mapped ? value : mapped;
        }
        if (channels == 4) dst[i + 3] = src[i + 3];
    }
}

#endif
