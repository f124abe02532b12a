/* A row of positions, and requests for what the rows after it will take and give. Beside loads all over the image a processor
   recognises no stream, and nothing foretells where the image will be read but the positions: without these requests half of
   the time at 4K goes on waiting. */
#ifndef LEVEL
#ifndef IMGPROC_WARP_AHEAD_H
#define IMGPROC_WARP_AHEAD_H
#include "simd/warp_pixels.h"
/* Rows from a request for pixels of the image to their use: random shifts of some pixels reach them no earlier. The
   positions of so many rows stay in the second cache. */
#define ROWS_AHEAD 8
/* Smaller images lie near enough to be read without. */
#define NEAR_BYTES 4e6

/* Positions of a row; how far those of the next and its pixels are away; and the positions some rows later, NULL where
   nothing is to be asked for. */
typedef struct {
    const void *positions, *later;
    int doubles;
    ptrdiff_t n, pitch, out_stride;
} Line;
#define SIMD_SOURCE "simd/warp_ahead.h"
#include "simd/levels.h"
#endif

#elif LEVEL >= LEVEL_AVX2

/* Pixels of the image at two later positions. Those that are no pixels give addresses that are never read. */
INLINE void FN(two_ahead)(const Picture *picture, const Line *line, ptrdiff_t i, ptrdiff_t j, __m256i steps) {
    __m128i places;
    if (line->doubles) {
        const f64 *p = line->later;
        places = _mm256_cvttpd_epi32(_mm256_loadu2_m128d(p + 2 * j, p + 2 * i));
    } else {
        const f32 *p = line->later;
        __m128 first = _mm_loadl_pi(_mm_setzero_ps(), (const __m64 *)(const void *)(p + 2 * i));
        places = _mm_cvttps_epi32(_mm_loadh_pi(first, (const __m64 *)(const void *)(p + 2 * j)));
    }
    __m128i far = _mm_mullo_epi32(places, _mm256_castsi256_si128(steps));
    far = _mm_add_epi32(far, _mm_srli_epi64(far, 32));
    const uintptr_t from = (uintptr_t)picture->pixels;
    _mm_prefetch((const char *)(from + (uintptr_t)(ptrdiff_t)_mm_cvtsi128_si32(far)), _MM_HINT_T1);
    _mm_prefetch((const char *)(from + (uintptr_t)(ptrdiff_t)_mm_extract_epi32(far, 2)), _MM_HINT_T1);
}
/* Of the eight pixels of `size` bytes from the i-th on: positions one row beyond `later`, the pixels of the image there, as
   many as have other cache lines, and the next row of the result. */
INLINE void FN(ahead)(const Picture *picture, const Line *line, ptrdiff_t i, __m256i steps, const void *out, const int size) {
    const uintptr_t to = (uintptr_t)out + (uintptr_t)line->out_stride;
    _mm_prefetch((const char *)to, _MM_HINT_ET0);
    if (size > 8) _mm_prefetch((const char *)(to + 64), _MM_HINT_ET0);
    const char *later = line->later;
    const int wide = line->doubles ? 16 : 8;
    const uintptr_t from = (later ? (uintptr_t)later : (uintptr_t)line->positions) + (uintptr_t)(line->pitch + i * wide);
    _mm_prefetch((const char *)from, _MM_HINT_T0);
    if (line->doubles) _mm_prefetch((const char *)(from + 64), _MM_HINT_T0);
    if (!later) return;
    for (int k = 0; k < 4; k += size > 8 ? 1 : size > 4 ? 2 : 4) FN(two_ahead)(picture, line, i + k, i + k + 4, steps);
}

#endif
