/* One channel of packed pixels. */
#ifndef LEVEL
#ifndef IMGPROC_CHANNELS_H
#define IMGPROC_CHANNELS_H
#define SIMD_SOURCE "simd/channels.h"
#include "simd/levels.h"

/* One sample out of and into every pixel of 3 or 4. */
DISPATCH(void, pick_u8, (const u8 *src, u8 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
DISPATCH(void, pick_u16, (const u16 *src, u16 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
DISPATCH(void, pick_f32, (const f32 *src, f32 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
DISPATCH(void, put_u8, (const u8 *src, u8 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
DISPATCH(void, put_u16, (const u16 *src, u16 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
DISPATCH(void, put_f32, (const f32 *src, f32 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
#endif

#else

/* The step is a constant inside each loop. */
#define PICK_AND_PUT(type, suffix)                                                                                     \
    static void FN(pick_##suffix)(const type *restrict src, type *restrict dst, ptrdiff_t n, int channels) {     \
        if (channels == 3)                                                                                             \
            for (ptrdiff_t i = 0; i < n; i++) dst[i] = src[3 * i];                                                     \
        else                                                                                                           \
            for (ptrdiff_t i = 0; i < n; i++) dst[i] = src[4 * i];                                                     \
    }                                                                                                                  \
    static void FN(put_##suffix)(const type *restrict src, type *restrict dst, ptrdiff_t n, int channels) {      \
        if (channels == 3)                                                                                             \
            for (ptrdiff_t i = 0; i < n; i++) dst[3 * i] = src[i];                                                     \
        else                                                                                                           \
            for (ptrdiff_t i = 0; i < n; i++) dst[4 * i] = src[i];                                                     \
    }
PICK_AND_PUT(u8, u8)
PICK_AND_PUT(u16, u16)
PICK_AND_PUT(f32, f32)
#undef PICK_AND_PUT

#endif
