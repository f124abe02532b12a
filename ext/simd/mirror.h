/* Rows mirrored: pixels in the opposite order, moved as bytes. */
#ifndef LEVEL
#define SIMD_SOURCE "simd/mirror.h"
#include "simd/levels.h"
/* Rows of n pixels of `bytes`: 1, 2, 3, 4, 6, 8, 12 or 16. Those that are read lie `stride` bytes apart, those that are
   written one after the other. */
DISPATCH(void, mirror, (const u8 *src, ptrdiff_t stride, u8 *out, ptrdiff_t rows, ptrdiff_t n, int bytes),
         (src, stride, out, rows, n, bytes))
#else

#if LEVEL >= LEVEL_AVX512
#define VECTOR 64
#elif LEVEL >= LEVEL_AVX2
#define VECTOR 16
#endif

/* Asks for the bytes of a row that is written some 4 kB after `at`: within a row addresses fall, which no prefetcher
   follows from one row to the next. */
INLINE void FN(ask)(u8 *at, ptrdiff_t row) {
    const ptrdiff_t later = (STREAM_AHEAD + row - 1) / row * row - STREAM_AHEAD;
    prefetch_write((u8 *)((uintptr_t)at + (uintptr_t)later), 64);
}

/* Read upwards, so that the source is one stream, and written downwards. */
INLINE void FN(mirror_by)(const u8 *src, ptrdiff_t stride, u8 *out, ptrdiff_t rows, ptrdiff_t n, const int bytes) {
#if defined(VECTOR)
    /* As many whole pixels as a vector holds, at its upper end. What lies below them the next step writes over, and the last
       pixels, which have no room for that, go one by one. */
    const int each = VECTOR / bytes, wide = each * bytes, below = VECTOR - wide;
    u8 places[VECTOR];
    for (int b = 0; b < VECTOR; b++)
        places[b] = b < below ? 0x80 : (u8)((each - 1 - (b - below) / bytes) * bytes + (b - below) % bytes);
#if LEVEL >= LEVEL_AVX512
    const __m512i order = _mm512_loadu_si512(places);
#else
    const __m128i order = _mm_loadu_si128((const __m128i *)places);
#endif
#endif
    const ptrdiff_t size = n * bytes;
    for (ptrdiff_t y = 0; y < rows; y++) {
        const u8 *row = src + y * stride;
        u8 *end = out + (y + 1) * size; /* where pixel i goes to ends i pixels before */
        ptrdiff_t i = 0;
#if LEVEL >= LEVEL_AVX512
        for (; (n - i) * bytes >= VECTOR; i += each) {
            const __m512i pixels = _mm512_permutexvar_epi8(order, _mm512_loadu_si512(row + i * bytes));
            prefetch_read(row + i * bytes, 64);
            FN(ask)(end - i * bytes - VECTOR, size);
            _mm512_storeu_si512(end - i * bytes - VECTOR, pixels);
        }
#elif LEVEL >= LEVEL_AVX2
        if (wide == VECTOR)
            for (; (n - i) * bytes >= 64; i += 4 * each) {
                const u8 *from = row + i * bytes;
                u8 *to = end - i * bytes - 64;
                prefetch_read(from, 64);
                FN(ask)(to, size);
                for (int half = 0; half < 2; half++) {
                    const __m256i pixels = _mm256_loadu_si256((const __m256i *)(from + 32 * half));
                    const __m256i lanes = _mm256_shuffle_epi8(pixels, _mm256_broadcastsi128_si256(order));
                    _mm256_storeu_si256((__m256i *)(to + 32 - 32 * half), _mm256_permute4x64_epi64(lanes, 0x4e));
                }
            }
        else
            for (; (n - i) * bytes >= 3 * wide + VECTOR; i += 4 * each) {
                const u8 *from = row + i * bytes;
                u8 *to = end - i * bytes - VECTOR;
                prefetch_read(from, 64);
                FN(ask)(to - 3 * wide, size);
                for (int part = 0; part < 4; part++) {
                    const __m128i pixels = _mm_loadu_si128((const __m128i *)(from + part * wide));
                    _mm_storeu_si128((__m128i *)(to - part * wide), _mm_shuffle_epi8(pixels, order));
                }
            }
        for (; (n - i) * bytes >= VECTOR; i += each) {
            const __m128i pixels = _mm_loadu_si128((const __m128i *)(row + i * bytes));
            _mm_storeu_si128((__m128i *)(end - i * bytes - VECTOR), _mm_shuffle_epi8(pixels, order));
        }
#elif defined(__GNUC__)
        if (bytes == 1)
            for (; n - i >= 8; i += 8) {
                u64 pixels;
                memcpy(&pixels, row + i, 8);
                pixels = __builtin_bswap64(pixels);
                memcpy(end - i - 8, &pixels, 8);
            }
#endif
        for (; i < n; i++) memcpy(end - (i + 1) * bytes, row + i * bytes, (size_t)bytes);
    }
}

static void FN(mirror)(const u8 *src, ptrdiff_t stride, u8 *out, ptrdiff_t rows, ptrdiff_t n, int bytes) {
    switch (bytes) {
    case 1: FN(mirror_by)(src, stride, out, rows, n, 1); break;
    case 2: FN(mirror_by)(src, stride, out, rows, n, 2); break;
    case 3: FN(mirror_by)(src, stride, out, rows, n, 3); break;
    case 4: FN(mirror_by)(src, stride, out, rows, n, 4); break;
    case 6: FN(mirror_by)(src, stride, out, rows, n, 6); break;
    case 8: FN(mirror_by)(src, stride, out, rows, n, 8); break;
    case 12: FN(mirror_by)(src, stride, out, rows, n, 12); break;
    default: FN(mirror_by)(src, stride, out, rows, n, 16);
    }
}
#undef VECTOR
#endif
