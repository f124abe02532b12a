/* Squared distances between neighbouring pixels of an image in planes, as the bits of their float32: numbers that are
   not negative are in the order of their bits. */
#ifndef LEVEL
#ifndef IMGPROC_EDGE_KEYS_H
#define IMGPROC_EDGE_KEYS_H

/* Above infinity, and what every NaN is made: those are in order too, and equal. */
#define NAN_KEY 0x7fc00000u

#define SIMD_SOURCE "simd/edge_keys.h"
#include "simd/levels.h"

/* keys[x] of the pixels a[x] and b[x], each of `channels` (1 or 3) samples a plane apart. */
DISPATCH(void, edge_keys, (const f32 *a, const f32 *b, ptrdiff_t plane, int channels, ptrdiff_t n, u32 *keys),
         (a, b, plane, channels, n, keys))
#endif

#else

static UNUSED void FN(edge_keys)(const f32 *restrict a, const f32 *restrict b, ptrdiff_t plane, int channels, ptrdiff_t n,
                                 u32 *restrict keys) {
    for (ptrdiff_t x = 0; x < n; x++) {
        f32 sum = (a[x] - b[x]) * (a[x] - b[x]);
        u32 bits;
        if (channels == 3) {
            const f32 second = a[plane + x] - b[plane + x], third = a[2 * plane + x] - b[2 * plane + x];
            sum = sum + second * second + third * third;
        }
        memcpy(&bits, &sum, sizeof bits);
        bits &= 0x7fffffff;
        keys[x] = bits < NAN_KEY ? bits : NAN_KEY;
    }
}

#endif
