/* CLAHE: each sample goes through the tables of the four nearest tiles, blended bilinearly. The fractions of the
   way between their centres are those of clahe_geometry.h. */
#ifndef LEVEL
#ifndef IMGPROC_CLAHE_H
#define IMGPROC_CLAHE_H
#include "simd/channels.h"
#include "simd/clahe_tables.h"
#include "simd/clahe_u8.h"
#include "simd/luma.h"

#define SIMD_SOURCE "simd/clahe.h"
#include "simd/levels.h"

/* The four table values of levels first..last side by side, for the samples between four tile centres. `work` takes
   2 * 65536 entries, a | b << 16 and c | d << 16 for each level. */
DISPATCH(void, clahe_prepare_u16, (const u16 *a, const u16 *b, const u16 *c, const u16 *d, ptrdiff_t first, ptrdiff_t last, u32 *work), (a, b, c, d, first, last, work))
/* n <= CLAHE_STRIP samples between four tile centres, at `x` of the columns and `y` of the row. dst may be src. */
DISPATCH(void, clahe_row_u16, (const u16 *src, u16 *dst, ptrdiff_t n, const u32 *work, const f32 *x, f32 y), (src, dst, n, work, x, y))
/* The same for floats: not rounded, divided by 65535. NaN stays as it is. */
DISPATCH(void, clahe_row_f32, (const f32 *src, f32 *dst, ptrdiff_t n, const u32 *work, const f32 *x, f32 y), (src, dst, n, work, x, y))
#endif

#else

static void FN(clahe_prepare_u16)(const u16 *a, const u16 *b, const u16 *c, const u16 *d, ptrdiff_t first, ptrdiff_t last, u32 *restrict work) {
    for (ptrdiff_t v = first; v <= last; v++) {
        work[2 * v] = a[v] | (u32)b[v] << 16;
        work[2 * v + 1] = c[v] | (u32)d[v] << 16;
    }
}

INLINE void FN(clahe_look_u16)(const u16 *src, ptrdiff_t n, const u32 *work, u32 *four) {
    ptrdiff_t i = 0;
#ifdef SIMD_X86
    for (; i + 4 <= n; i += 4) {
        u64 v;
        memcpy(&v, src + i, 8);
        for (int k = 0; k < 4; k++) memcpy(four + 2 * (i + k), work + 2 * (u16)(v >> 16 * k), 8);
    }
#endif
    for (; i < n; i++) memcpy(four + 2 * i, work + 2 * (ptrdiff_t)src[i], 8);
}

INLINE f32 FN(clahe_bilinear)(u32 upper, u32 lower, f32 x, f32 y) {
    f32 a = (f32)(i32)(upper & 65535), b = (f32)(i32)(upper >> 16), c = (f32)(i32)(lower & 65535), d = (f32)(i32)(lower >> 16);
    a += (b - a) * x;
    c += (d - c) * x;
    return a + (c - a) * y;
}

static void FN(clahe_row_u16)(const u16 *src, u16 *dst, ptrdiff_t n, const u32 *work, const f32 *x, f32 y) {
    u32 four[2 * CLAHE_STRIP];
    FN(clahe_look_u16)(src, n, work, four);
    for (ptrdiff_t i = 0; i < n; i++) {
        f32 v = FN(clahe_bilinear)(four[2 * i], four[2 * i + 1], x[i], y) + 8388608.0f; /* rounds, as in float_code */
        u32 bits;
        memcpy(&bits, &v, 4);
        dst[i] = (u16)bits;
    }
}

static void FN(clahe_row_f32)(const f32 *src, f32 *dst, ptrdiff_t n, const u32 *work, const f32 *x, f32 y) {
    u16 codes[CLAHE_STRIP];
    u32 four[2 * CLAHE_STRIP];
    FN(clahe_codes)(src, codes, n);
    FN(clahe_look_u16)(codes, n, work, four);
    for (ptrdiff_t i = 0; i < n; i++) {
        f32 v = src[i], blend = FN(clahe_bilinear)(four[2 * i], four[2 * i + 1], x[i], y) / 65535.0f;
        dst[i] = v == v ? blend : v;
    }
}

#endif
