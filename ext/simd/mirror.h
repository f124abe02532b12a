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
    /* As many whole pixels as a vector holds. What is written too much, the next step writes over; what is read too much
       comes before that step, so that the first pixels go one by one where there is any. */
    const int vector = LEVEL >= LEVEL_AVX512 ? 64 : 16, each = vector / bytes, wide = each * bytes;
    u8 places[64];
    for (int b = 0; b < vector; b++) places[b] = b < wide ? (u8)((each - 1 - b / bytes) * bytes + b % bytes) : 0x80;
    if (wide < vector)
        for (; i < each && i < n; i++) memcpy(out + i * bytes, row + (n - 1 - i) * bytes, (size_t)bytes);
#if LEVEL >= LEVEL_AVX512
    const __m512i order = _mm512_loadu_si512(places);
    for (; (n - i) * bytes >= vector; i += each) {
        const __m512i pixels = _mm512_loadu_si512(row + (n - i - each) * bytes);
        _mm512_storeu_si512(out + i * bytes, _mm512_permutexvar_epi8(order, pixels));
    }
#else
    const __m128i order = _mm_loadu_si128((const __m128i *)places);
    if (wide == vector)
        for (; (n - i) * bytes >= 32; i += 2 * each) {
            const __m256i pixels = _mm256_loadu_si256((const __m256i *)(row + (n - i - 2 * each) * bytes));
            const __m256i halves = _mm256_shuffle_epi8(pixels, _mm256_broadcastsi128_si256(order));
            _mm256_storeu_si256((__m256i *)(out + i * bytes), _mm256_permute4x64_epi64(halves, 0x4e));
        }
    for (; (n - i) * bytes >= vector; i += each) {
        const __m128i pixels = _mm_loadu_si128((const __m128i *)(row + (n - i - each) * bytes));
        _mm_storeu_si128((__m128i *)(out + i * bytes), _mm_shuffle_epi8(pixels, order));
    }
#endif
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
