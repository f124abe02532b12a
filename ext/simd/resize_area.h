/* Box averages over the source area that an output pixel covers, any ratio.

   With n source and m target pixels along an axis, divided by their common divisor, a source pixel is m units long and
   a target pixel n: all weights are integers. Sums of integer samples times weights are integers in float64, exact below
   2^53, so that the quotient is the exact mean rounded once. First along y, with a sum per column, then along x. */
#ifndef IMGPROC_RESIZE_AREA_TYPES
#define IMGPROC_RESIZE_AREA_TYPES
#include "simd/common.h"

/* Along one axis: pixel `first` counts `head`, those between `full`, pixel `last` counts `tail`; tail is 0 where
   first == last. */
typedef struct {
    const i64 *first, *last;
    const f64 *head, *tail;
    f64 full;
    ptrdiff_t target;
} Cover;

#define AREA_PARAMETERS(kind)                                                                                             \
    (const kind *src, ptrdiff_t src_stride, kind *dst, ptrdiff_t dst_stride, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t source, \
     int channels, const Cover *down, const Cover *across, f64 total, f64 *columns, f64 *sums)
#define AREA_ARGUMENTS (src, src_stride, dst, dst_stride, y0, y1, source, channels, down, across, total, columns, sums)
#endif

#ifndef LEVEL
#define SIMD_SOURCE "simd/resize_area.h"
#include "simd/levels.h"
/* Rows [y0, y1) of dst; `columns` has room for a source row of `source` samples, `sums` for a target row, and four more. */
DISPATCH(void, area_u8, AREA_PARAMETERS(u8), AREA_ARGUMENTS)
DISPATCH(void, area_u16, AREA_PARAMETERS(u16), AREA_ARGUMENTS)
DISPATCH(void, area_f32, AREA_PARAMETERS(f32), AREA_ARGUMENTS)
#else

#define AREA_BLOCK 512
/* Rows that a 32-bit sum of 16-bit samples holds. */
#define AREA_ROWS 65536

#define COLUMNS(kind, accumulator)                                                                                       \
    INLINE void FN(columns_##kind)(const char *src, ptrdiff_t stride, ptrdiff_t source, i64 first, i64 last, f64 h,       \
                                   f64 f, f64 t, f64 *restrict columns) {                                                \
        for (ptrdiff_t x = 0; x < source; x += AREA_BLOCK) {                                                             \
            ptrdiff_t n = source - x < AREA_BLOCK ? source - x : AREA_BLOCK;                                             \
            const kind *restrict row = (const kind *)(src + first * stride) + x;                                         \
            const kind *restrict end = (const kind *)(src + last * stride) + x;                                          \
            if (first == last) {                                                                                         \
                for (ptrdiff_t i = 0; i < n; i++) columns[x + i] = h * (f64)row[i];                                      \
                continue;                                                                                                \
            }                                                                                                            \
            for (ptrdiff_t i = 0; i < n; i++) columns[x + i] = h * (f64)row[i] + t * (f64)end[i];                        \
            for (i64 y = first + 1; y < last; y += AREA_ROWS) {                                                          \
                accumulator sum[AREA_BLOCK];                                                                             \
                i64 stop = last - y < AREA_ROWS ? last : y + AREA_ROWS;                                                  \
                row = (const kind *)(src + y * stride) + x;                                                              \
                for (ptrdiff_t i = 0; i < n; i++) sum[i] = row[i];                                                       \
                for (i64 r = y + 1; r < stop; r++) {                                                                     \
                    row = (const kind *)(src + r * stride) + x;                                                          \
                    for (ptrdiff_t i = 0; i < n; i++) sum[i] += row[i];                                                  \
                }                                                                                                        \
                for (ptrdiff_t i = 0; i < n; i++) columns[x + i] += f * (f64)sum[i];                                     \
            }                                                                                                            \
        }                                                                                                                \
    }
COLUMNS(u8, i32)
COLUMNS(u16, u32)
COLUMNS(f32, f64)
#undef COLUMNS

INLINE void FN(sums_by)(const f64 *restrict columns, f64 *restrict sums, const Cover *across, const int channels) {
    ptrdiff_t x = 0;
#if LEVEL >= LEVEL_AVX2
    /* Both buffers have room behind them for the fourth lane of three channels. */
    if (channels > 1)
        for (; x < across->target; x++) {
            const f64 *first = columns + across->first[x] * channels, *last = columns + across->last[x] * channels;
            __m256d ends = _mm256_mul_pd(_mm256_set1_pd(across->head[x]), _mm256_loadu_pd(first)), sum = _mm256_setzero_pd();
            for (const f64 *p = first + channels; p < last; p += channels) sum = _mm256_add_pd(sum, _mm256_loadu_pd(p));
            if (first != last) ends = _mm256_add_pd(ends, _mm256_mul_pd(_mm256_set1_pd(across->tail[x]), _mm256_loadu_pd(last)));
            if (last - first > channels) ends = _mm256_add_pd(ends, _mm256_mul_pd(_mm256_set1_pd(across->full), sum));
            _mm256_storeu_pd(sums + x * channels, ends);
        }
#endif
    for (; x < across->target; x++) {
        const f64 *first = columns + across->first[x] * channels, *last = columns + across->last[x] * channels;
        for (int c = 0; c < channels; c++) {
            f64 ends = across->head[x] * first[c], sum = 0;
            if (first != last) ends += across->tail[x] * last[c];
            for (const f64 *p = first + channels; p < last; p += channels) sum += p[c];
            sums[x * channels + c] = last - first > channels ? ends + across->full * sum : ends;
        }
    }
}

/* A whole factor: every weight is 1. */
INLINE void FN(whole_sums)(const f64 *restrict columns, f64 *restrict sums, ptrdiff_t target, ptrdiff_t factor) {
    for (ptrdiff_t x = 0; x < target; x++, columns += factor) {
        f64 sum = columns[0] + columns[factor - 1];
        if (factor == 3) sum += columns[1];
        else if (factor == 4) sum += columns[1] + columns[2];
        else if (factor > 4) {
            f64 inner = columns[1];
            for (ptrdiff_t i = 2; i < factor - 1; i++) inner += columns[i];
            sum += inner;
        }
        sums[x] = sum;
    }
}

/* Adding 2^52 leaves the integer, rounded half to even, in the low bits. */
INLINE u32 FN(mean)(f64 sum, f64 total) {
    f64 shifted = sum / total + 4503599627370496.0;
    u64 bits;
    memcpy(&bits, &shifted, sizeof bits);
    return (u32)bits;
}
#if LEVEL >= LEVEL_AVX2
INLINE __m128i FN(means8)(const f64 *sums, f64 total) {
    const __m256d divisor = _mm256_set1_pd(total);
    return _mm_packus_epi32(_mm256_cvtpd_epi32(_mm256_div_pd(_mm256_loadu_pd(sums), divisor)),
                            _mm256_cvtpd_epi32(_mm256_div_pd(_mm256_loadu_pd(sums + 4), divisor)));
}
#endif
INLINE void FN(means_u8)(const f64 *restrict sums, u8 *restrict out, ptrdiff_t n, f64 total) {
    ptrdiff_t i = 0;
#if LEVEL >= LEVEL_AVX2
    for (; i + 16 <= n; i += 16)
        _mm_storeu_si128((__m128i *)(out + i), _mm_packus_epi16(FN(means8)(sums + i, total), FN(means8)(sums + i + 8, total)));
#endif
    for (; i < n; i++) out[i] = (u8)FN(mean)(sums[i], total);
}
INLINE void FN(means_u16)(const f64 *restrict sums, u16 *restrict out, ptrdiff_t n, f64 total) {
    ptrdiff_t i = 0;
#if LEVEL >= LEVEL_AVX2
    for (; i + 8 <= n; i += 8) _mm_storeu_si128((__m128i *)(out + i), FN(means8)(sums + i, total));
#endif
    for (; i < n; i++) out[i] = (u16)FN(mean)(sums[i], total);
}
INLINE void FN(means_f32)(const f64 *restrict sums, f32 *restrict out, ptrdiff_t n, f64 total) {
    f64 scale = 1 / total;
    for (ptrdiff_t i = 0; i < n; i++) out[i] = (f32)(sums[i] * scale);
}

#define AREA(kind)                                                                                                       \
    static void FN(area_##kind) AREA_PARAMETERS(kind) {                                                                  \
        for (ptrdiff_t y = y0; y < y1; y++) {                                                                            \
            FN(columns_##kind)((const char *)src, src_stride, source, down->first[y], down->last[y], down->head[y],      \
                               down->full, down->tail[y], columns);                                                      \
            if (channels == 1 && across->full == 1 && source > across->target && source % across->target == 0)           \
                FN(whole_sums)(columns, sums, across->target, source / across->target);                                  \
            else if (channels == 1) FN(sums_by)(columns, sums, across, 1);                                               \
            else if (channels == 3) FN(sums_by)(columns, sums, across, 3);                                               \
            else FN(sums_by)(columns, sums, across, 4);                                                                  \
            FN(means_##kind)(sums, (kind *)((char *)dst + y * dst_stride), across->target * channels, total);            \
        }                                                                                                                \
    }
AREA(u8)
AREA(u16)
AREA(f32)
#undef AREA
#undef AREA_BLOCK
#undef AREA_ROWS
#endif
