/* Nearest pixels: each output pixel is the source pixel at its offset, moved as bytes. */
#ifndef LEVEL
#define SIMD_SOURCE "simd/resize_nearest.h"
#include "simd/levels.h"
/* One row: out pixel i, of `bytes`, is the one at row + offsets[i]; offsets never fall, and rows are `source` bytes.
   Each of the first `groups` of 16 output bytes lies within `windows` times 16 bytes from window[g], at places[16 g]. */
DISPATCH(void, nearest,
         (const u8 *row, ptrdiff_t source, u8 *out, ptrdiff_t n, int bytes, const i64 *offsets, const i64 *window, const u8 *places,
          ptrdiff_t groups, int windows),
         (row, source, out, n, bytes, offsets, window, places, groups, windows))
#else

/* Moves `wide` bytes where that stays inside both rows: what it writes too much, the next pixel writes over. */
INLINE void FN(nearest_by)(const u8 *row, ptrdiff_t source, u8 *out, ptrdiff_t i, ptrdiff_t n, const size_t bytes, const size_t wide,
                           const i64 *offsets) {
    if (wide > bytes)
        for (; (n - i) * (ptrdiff_t)bytes >= (ptrdiff_t)wide && offsets[i] + (ptrdiff_t)wide <= source; i++)
            memcpy(out + i * (ptrdiff_t)bytes, row + offsets[i], wide);
    for (; i < n; i++) memcpy(out + i * (ptrdiff_t)bytes, row + offsets[i], bytes);
}

#if LEVEL >= LEVEL_AVX2
INLINE void FN(nearest_groups)(const u8 *row, u8 *out, const i64 *window, const u8 *places, ptrdiff_t groups, const int windows) {
    for (ptrdiff_t g = 0; g < groups; g++) {
        const __m128i *from = (const __m128i *)(row + window[g]);
        __m128i place = _mm_loadu_si128((const __m128i *)(places + 16 * g));
        __m128i result = _mm_shuffle_epi8(_mm_loadu_si128(from), _mm_adds_epu8(place, _mm_set1_epi8(0x70)));
        for (int k = 1; k < windows; k++) {
            /* Places outside this window come to 0x80 and above, which gives zero. */
            __m128i inside = _mm_adds_epu8(_mm_sub_epi8(place, _mm_set1_epi8((char)(16 * k))), _mm_set1_epi8(0x70));
            result = _mm_or_si128(result, _mm_shuffle_epi8(_mm_loadu_si128(from + k), inside));
        }
        _mm_storeu_si128((__m128i *)(out + 16 * g), result);
    }
}
#endif

static void FN(nearest)(const u8 *row, ptrdiff_t source, u8 *out, ptrdiff_t n, int bytes, const i64 *offsets, const i64 *window,
                        const u8 *places, ptrdiff_t groups, int windows) {
    ptrdiff_t i = 0;
#if LEVEL >= LEVEL_AVX2
    switch (windows) {
    case 1: FN(nearest_groups)(row, out, window, places, groups, 1); break;
    case 2: FN(nearest_groups)(row, out, window, places, groups, 2); break;
    case 3: FN(nearest_groups)(row, out, window, places, groups, 3); break;
    case 4: FN(nearest_groups)(row, out, window, places, groups, 4); break;
    default: groups = 0;
    }
    i = groups * 16 / bytes;
#else
    (void)window, (void)places, (void)groups, (void)windows;
#endif
    switch (bytes) {
    case 1: FN(nearest_by)(row, source, out, i, n, 1, 1, offsets); break;
    case 2: FN(nearest_by)(row, source, out, i, n, 2, 2, offsets); break;
    case 3: FN(nearest_by)(row, source, out, i, n, 3, 4, offsets); break;
    case 4: FN(nearest_by)(row, source, out, i, n, 4, 4, offsets); break;
    case 6: FN(nearest_by)(row, source, out, i, n, 6, 8, offsets); break;
    case 8: FN(nearest_by)(row, source, out, i, n, 8, 8, offsets); break;
    case 12: FN(nearest_by)(row, source, out, i, n, 12, 16, offsets); break;
    default: FN(nearest_by)(row, source, out, i, n, 16, 16, offsets);
    }
}
#endif
