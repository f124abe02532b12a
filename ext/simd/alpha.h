/* Copies the fourth sample of every pixel and leaves the other three. */
#ifndef LEVEL
#ifndef IMGPROC_ALPHA_H
#define IMGPROC_ALPHA_H
#define SIMD_SOURCE "simd/alpha.h"
#include "simd/levels.h"

/* n pixels each; src and dst are aligned to their samples and do not overlap. */
DISPATCH(void, copy_alpha_u8, (const u8 *src, u8 *dst, ptrdiff_t n), (src, dst, n))
DISPATCH(void, copy_alpha_u16, (const u16 *src, u16 *dst, ptrdiff_t n), (src, dst, n))
DISPATCH(void, copy_alpha_f32, (const f32 *src, f32 *dst, ptrdiff_t n), (src, dst, n))
#endif

#else

/* As whole pixels through a mask, which the compiler vectorises. */
static void FN(copy_alpha_u8)(const u8 *restrict src, u8 *restrict dst, ptrdiff_t n) {
    static const u8 alpha_bytes[4] = {0, 0, 0, 255};
    u32 mask;
    memcpy(&mask, alpha_bytes, 4);
    for (ptrdiff_t i = 0; i < n; i++) {
        u32 from, to;
        memcpy(&from, src + 4 * i, 4);
        memcpy(&to, dst + 4 * i, 4);
        to = (to & ~mask) | (from & mask);
        memcpy(dst + 4 * i, &to, 4);
    }
}

static void FN(copy_alpha_u16)(const u16 *restrict src, u16 *restrict dst, ptrdiff_t n) {
    static const u16 alpha_words[4] = {0, 0, 0, 65535};
    u64 mask;
    memcpy(&mask, alpha_words, 8);
    for (ptrdiff_t i = 0; i < n; i++) {
        u64 from, to;
        memcpy(&from, src + 4 * i, 8);
        memcpy(&to, dst + 4 * i, 8);
        to = (to & ~mask) | (from & mask);
        memcpy(dst + 4 * i, &to, 8);
    }
}

static void FN(copy_alpha_f32)(const f32 *restrict src, f32 *restrict dst, ptrdiff_t n) {
    for (ptrdiff_t i = 3; i < 4 * n; i += 4) dst[i] = src[i];
}

#endif
