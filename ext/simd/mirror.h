/* Rows mirrored: pixels in the opposite order, moved as bytes. */
#ifndef LEVEL
#define SIMD_SOURCE "simd/mirror.h"
#include "simd/levels.h"
/* One row of n pixels of `bytes`: 1, 2, 3, 4, 6, 8, 12 or 16. */
DISPATCH(void, mirror, (const u8 *row, u8 *out, ptrdiff_t n, int bytes), (row, out, n, bytes))
#else

INLINE void FN(mirror_by)(const u8 *row, u8 *out, ptrdiff_t n, const int bytes) {
    ptrdiff_t i = 0;
#if LEVEL >= LEVEL_AVX2
    /* As many whole pixels as 16 bytes hold. What is written too much, the next step writes over; what is read too much
       comes before that step, so that the first pixels go one by one where there is any. */
    const int each = 16 / bytes, wide = each * bytes;
    u8 places[16];
    for (int b = 0; b < 16; b++) places[b] = b < wide ? (u8)((each - 1 - b / bytes) * bytes + b % bytes) : 0x80;
    const __m128i order = _mm_loadu_si128((const __m128i *)places);
    if (wide < 16)
        for (; i < each && i < n; i++) memcpy(out + i * bytes, row + (n - 1 - i) * bytes, (size_t)bytes);
    for (; (n - i) * bytes >= 16; i += each) {
        const __m128i pixels = _mm_loadu_si128((const __m128i *)(row + (n - i - each) * bytes));
        _mm_storeu_si128((__m128i *)(out + i * bytes), _mm_shuffle_epi8(pixels, order));
    }
#elif defined(__GNUC__)
    if (bytes == 1)
        for (; n - i >= 8; i += 8) {
            u64 pixels;
            memcpy(&pixels, row + n - i - 8, 8);
            pixels = __builtin_bswap64(pixels);
            memcpy(out + i, &pixels, 8);
        }
#endif
    for (; i < n; i++) memcpy(out + i * bytes, row + (n - 1 - i) * bytes, (size_t)bytes);
}

static void FN(mirror)(const u8 *row, u8 *out, ptrdiff_t n, int bytes) {
    switch (bytes) {
    case 1: FN(mirror_by)(row, out, n, 1); break;
    case 2: FN(mirror_by)(row, out, n, 2); break;
    case 3: FN(mirror_by)(row, out, n, 3); break;
    case 4: FN(mirror_by)(row, out, n, 4); break;
    case 6: FN(mirror_by)(row, out, n, 6); break;
    case 8: FN(mirror_by)(row, out, n, 8); break;
    case 12: FN(mirror_by)(row, out, n, 12); break;
    default: FN(mirror_by)(row, out, n, 16);
    }
}
#endif
