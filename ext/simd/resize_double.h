/* Linear resampling of uint16 and float32 to twice the height and width, by the rule of resize_linear.h: there the next pixel's
   share is 1/4 or 3/4, so that a few shuffles serve the whole row, and two source rows give two rows of the result at once. */
#ifndef LEVEL
#include "simd/resize_samples.h"
#include "simd/wide_lanes.h"
#ifndef IMGPROC_RESIZE_DOUBLE_TYPES
#define IMGPROC_RESIZE_DOUBLE_TYPES

/* Vectors of a table that lie across two cache lines take twice as long to load. */
#if defined(__GNUC__)
#define DOUBLE_ALIGNED __attribute__((aligned(64)))
#else
#define DOUBLE_ALIGNED
#endif

/* A vector of result samples. float32 picks lanes of one vector of the source and of that a pixel further; uint16 brings
   pairs of a sample and the next together, from a window of the source, or with AVX2 one for each half. */
typedef struct {
    i32 left[16];
    f32 share[16];
    i16 order[32], weights[32];
    ptrdiff_t from[2], at; /* source samples where those begin, and result sample of lane 0 */
} DOUBLE_ALIGNED Doubling;

/* Of a row of `source` samples; its result but for the outermost pixels is [channels, end). */
typedef struct {
    ptrdiff_t source, channels, end;
    ptrdiff_t first; /* where vectors begin */
    int phases;      /* after so many the shuffles come again, `advance` source samples further */
    ptrdiff_t advance;
    Doubling phase[3], edges[3]; /* what comes again, and the first and the last two of a row */
} Doubled;

INLINE ptrdiff_t doubled_left(ptrdiff_t sample, ptrdiff_t channels) { return (sample / channels - 1) / 2 * channels + sample % channels; }
INLINE int doubled_quarters(ptrdiff_t sample, ptrdiff_t channels) { return sample / channels % 2 ? 1 : 3; }

/* The least that `lanes` samples need, or `most`. */
INLINE ptrdiff_t doubled_from(const Doubled *plan, ptrdiff_t sample, ptrdiff_t lanes, ptrdiff_t most) {
    for (ptrdiff_t k = 0; k < lanes; k++) {
        ptrdiff_t left = doubled_left(sample + k, plan->channels);
        if (left < most) most = left;
    }
    return most;
}
INLINE void doubling_f32(Doubling *made, const Doubled *plan, ptrdiff_t sample, ptrdiff_t lanes) {
    made->from[0] = doubled_from(plan, sample, lanes, plan->source - plan->channels - lanes);
    for (ptrdiff_t k = 0; k < lanes; k++) {
        made->left[k] = (i32)(doubled_left(sample + k, plan->channels) - made->from[0]);
        made->share[k] = doubled_quarters(sample + k, plan->channels) * 0.25f;
    }
}
INLINE void doubling_u16(Doubling *made, const Doubled *plan, ptrdiff_t sample, ptrdiff_t lanes) {
    const ptrdiff_t part = lanes == 16 ? 16 : 4;
    for (ptrdiff_t k = 0; k < lanes; k++) {
        if (k % part == 0) made->from[k / part] = doubled_from(plan, sample + k, part, plan->source - lanes);
        int left = (int)(doubled_left(sample + k, plan->channels) - made->from[k / part]), next = left + (int)plan->channels;
        made->weights[2 * k + 1] = (i16)doubled_quarters(sample + k, plan->channels);
        made->weights[2 * k] = (i16)(4 - made->weights[2 * k + 1]);
        /* Places of words; AVX2 shuffles bytes. */
        made->order[2 * k] = (i16)(lanes == 16 ? left : left * 0x202 + 0x100);
        made->order[2 * k + 1] = (i16)(lanes == 16 ? next : next * 0x202 + 0x100);
    }
}

/* Vectors begin at `first`, and one row has room for two of them at least; else `phases` is 0. */
INLINE void plan_doubled(Doubled *plan, ptrdiff_t width, int channels, const int size, ptrdiff_t first, ptrdiff_t lanes) {
    plan->source = width * channels, plan->channels = channels, plan->end = (2 * width - 1) * channels;
    plan->first = first, plan->phases = 0;
    if (plan->source < 2 * lanes) return;
    plan->phases = channels == 3 ? 3 : 1;
    plan->advance = lanes * plan->phases / 2;
    for (int k = 0; k < 6; k++) {
        Doubling *made = k < 3 ? plan->phase + k : plan->edges + k - 3;
        made->at = k < 3 ? first + k * lanes : k == 3 ? channels : plan->end - (6 - k) * lanes;
        if (size == 4) doubling_f32(made, plan, made->at, lanes);
        else doubling_u16(made, plan, made->at, lanes);
    }
}
#endif

#define SIMD_SOURCE "simd/resize_double.h"
#include "simd/levels.h"
/* Parts [y0, y1) of the result of height + 1: part y is rows 2 y - 1 and 2 y, as far as there are such. */
DISPATCH(void, double_u16,
         (const u16 *src, ptrdiff_t src_stride, u16 *dst, ptrdiff_t dst_stride, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t height, ptrdiff_t width, int channels),
         (src, src_stride, dst, dst_stride, y0, y1, height, width, channels))
DISPATCH(void, double_f32,
         (const f32 *src, ptrdiff_t src_stride, f32 *dst, ptrdiff_t dst_stride, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t height, ptrdiff_t width, int channels),
         (src, src_stride, dst, dst_stride, y0, y1, height, width, channels))
#else

#if LEVEL >= LEVEL_AVX2
/* uint16 as 4 times the sample between two, of samples less 2^15: whole numbers that float32 holds, and sixteenths too. */
#if LEVEL >= LEVEL_AVX512
#define DOUBLE_LANES 16
INLINE __m512 FN(picked)(const f32 *p, const i32 *lanes) { return _mm512_permutexvar_ps(_mm512_loadu_si512(lanes), _mm512_loadu_ps(p)); }
INLINE __m512 FN(doubled_u16)(const u16 *row, const Doubling *by) {
    __m512i pairs = _mm512_castsi256_si512(_mm256_loadu_si256((const void *)(row + by->from[0])));
    pairs = _mm512_xor_si512(_mm512_permutexvar_epi16(_mm512_loadu_si512(by->order), pairs), _mm512_set1_epi16(-32768));
    return _mm512_cvtepi32_ps(_mm512_madd_epi16(pairs, _mm512_loadu_si512(by->weights)));
}
INLINE void FN(store_u16)(u16 *out, __m512 v, const int past) {
    __m256i codes = _mm256_xor_si256(_mm512_cvtepi32_epi16(_mm512_cvtps_epi32(v)), _mm256_set1_epi16(-32768));
    if (!past) _mm256_storeu_si256((void *)out, codes);
    else FN(store_lane)(out, _mm256_castsi256_si128(codes), 1), FN(store_lane)(out + 8, _mm256_extracti128_si256(codes, 1), 1);
}
#else
#define DOUBLE_LANES 8
INLINE __m256 FN(picked)(const f32 *p, const i32 *lanes) { return _mm256_permutevar8x32_ps(_mm256_loadu_ps(p), _mm256_loadu_si256((const void *)lanes)); }
INLINE __m256 FN(doubled_u16)(const u16 *row, const Doubling *by) {
    __m256i pairs = _mm256_loadu2_m128i((const __m128i *)(row + by->from[1]), (const __m128i *)(row + by->from[0]));
    pairs = _mm256_xor_si256(_mm256_shuffle_epi8(pairs, _mm256_loadu_si256((const void *)by->order)), _mm256_set1_epi16(-32768));
    return _mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, _mm256_loadu_si256((const void *)by->weights)));
}
INLINE void FN(store_u16)(u16 *out, __m256 v, const int past) {
    __m256i codes = _mm256_cvtps_epi32(v);
    __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(codes), _mm256_extracti128_si256(codes, 1));
    FN(store_lane)(out, _mm_xor_si128(words, _mm_set1_epi16(-32768)), past);
}
#endif
INLINE VECTOR_F32 FN(sum_of)(VECTOR_F32 a, f32 f, VECTOR_F32 b) { return OP(add_ps)(a, OP(mul_ps)(OP(set1_ps)(f), b)); }

/* `out` and `second`, or `out` alone. */
INLINE void FN(double_vector_u16)(const u16 *upper, const u16 *lower, u16 *out, u16 *second, const Doubling *by, ptrdiff_t channels,
                                  const int both, const int past) {
    VECTOR_F32 a = FN(doubled_u16)(upper, by), mean = OP(mul_ps)(a, OP(set1_ps)(0.25f));
    (void)channels;
    if (both) {
        VECTOR_F32 d = OP(sub_ps)(FN(doubled_u16)(lower, by), a);
        FN(store_u16)(out, FN(sum_of)(mean, 0.0625f, d), past);
        FN(store_u16)(second, FN(sum_of)(mean, 0.1875f, d), past);
    } else FN(store_u16)(out, mean, past);
}
INLINE VECTOR_F32 FN(doubled_f32)(const f32 *row, const Doubling *by, ptrdiff_t channels) {
    VECTOR_F32 a = FN(picked)(row + by->from[0], by->left), b = FN(picked)(row + by->from[0] + channels, by->left);
    return OP(add_ps)(a, OP(mul_ps)(OP(loadu_ps)(by->share), OP(sub_ps)(b, a)));
}
INLINE void FN(double_vector_f32)(const f32 *upper, const f32 *lower, f32 *out, f32 *second, const Doubling *by, ptrdiff_t channels,
                                  const int both, const int past) {
    VECTOR_F32 a = FN(doubled_f32)(upper, by, channels);
    if (both) {
        VECTOR_F32 d = OP(sub_ps)(FN(doubled_f32)(lower, by, channels), a);
        FN(store_vector)(out, INTEGERS(FN(sum_of)(a, 0.25f, d)), past);
        FN(store_vector)(second, INTEGERS(FN(sum_of)(a, 0.75f, d)), past);
    } else FN(store_vector)(out, INTEGERS(a), past);
}

/* All but the outermost pixels; the first and last vectors may lie over others. */
#define DOUBLE_VECTORS(kind)                                                                                              \
    if (plan->phases) {                                                                                                   \
        const ptrdiff_t last = plan->end - 2 * DOUBLE_LANES;                                                              \
        const kind *p = upper, *q = lower;                                                                                \
        int k = 0;                                                                                                        \
        for (s = plan->first; s < last; s += DOUBLE_LANES) {                                                              \
            const Doubling *by = plan->phase + k;                                                                         \
            FN(double_vector_##kind)(p, q, out + s, second + s, by, channels, both, past);                                \
            if (++k == plan->phases) k = 0, p += plan->advance, q += plan->advance;                                       \
        }                                                                                                                 \
        for (k = 0; k < 3; k++) {                                                                                         \
            const Doubling *by = plan->edges + k;                                                                         \
            FN(double_vector_##kind)(upper, lower, out + by->at, second + by->at, by, channels, both, 0);                 \
        }                                                                                                                 \
        s = plan->end;                                                                                                    \
    }
/* To where stores of whole lines begin. */
#define DOUBLE_FIRST(kind, channels) \
    ((channels) + (ptrdiff_t)((0 - ((uintptr_t)dst + (uintptr_t)(channels) * sizeof(kind))) % (DOUBLE_LANES * sizeof(kind)) / sizeof(kind)))
#else
#define DOUBLE_LANES 1
#define DOUBLE_VECTORS(kind) (void)past;
#define DOUBLE_FIRST(kind, channels) (channels)
#endif

#define DOUBLE(kind)                                                                                                      \
    /* Samples [s, stop) of two rows of the result, a quarter and three quarters of the way down, or of one. */           \
    INLINE void FN(double_samples_##kind)(const kind *upper, const kind *lower, kind *out, kind *second, ptrdiff_t s,     \
                                          ptrdiff_t stop, const Doubled *plan, const int both) {                          \
        const ptrdiff_t channels = plan->channels;                                                                        \
        for (; s < stop; s++) {                                                                                           \
            const int inner = s >= channels && s < plan->end;                                                             \
            const ptrdiff_t left = inner ? doubled_left(s, channels) : s < channels ? s : s - plan->end + plan->source - channels; \
            const ptrdiff_t next = inner ? left + channels : left;                                                        \
            const f32 share = inner ? 0.25f * doubled_quarters(s, channels) : 0;                                          \
            const f32 a = FN(between)(upper[left], upper[next], share);                                                   \
            if (!both) {                                                                                                  \
                FN(put_##kind)(out + s, a);                                                                               \
                continue;                                                                                                 \
            }                                                                                                             \
            const f32 b = FN(between)(lower[left], lower[next], share);                                                   \
            FN(put_##kind)(out + s, FN(between)(a, b, 0.25f));                                                            \
            FN(put_##kind)(second + s, FN(between)(a, b, 0.75f));                                                         \
        }                                                                                                                 \
    }                                                                                                                     \
    INLINE void FN(double_row_##kind)(const kind *upper, const kind *lower, kind *out, kind *second, const Doubled *plan, \
                                      const int both, const int past) {                                                   \
        const ptrdiff_t channels = plan->channels;                                                                        \
        ptrdiff_t s = channels;                                                                                           \
        DOUBLE_VECTORS(kind)                                                                                              \
        FN(double_samples_##kind)(upper, lower, out, second, 0, channels, plan, both);                                    \
        FN(double_samples_##kind)(upper, lower, out, second, s, plan->end + channels, plan, both);                        \
    }                                                                                                                     \
    INLINE void FN(double_rows_##kind)(const kind *upper, const kind *lower, kind *out, kind *second, const Doubled *plan, int past) { \
        if (past) FN(double_row_##kind)(upper, lower, out, second, plan, 1, 1);                                           \
        else FN(double_row_##kind)(upper, lower, out, second, plan, 1, 0);                                                \
    }                                                                                                                     \
    static void FN(double_##kind)(const kind *src, ptrdiff_t src_stride, kind *dst, ptrdiff_t dst_stride, ptrdiff_t y0,   \
                                  ptrdiff_t y1, ptrdiff_t height, ptrdiff_t width, int channels) {                        \
        Doubled plan;                                                                                                     \
        const ptrdiff_t first = DOUBLE_FIRST(kind, channels);                                                             \
        plan_doubled(&plan, width, channels, sizeof(kind), first, DOUBLE_LANES);                                          \
        const int past = dst_stride % 16 == 0 && FN(passes_caches)(src, dst, height * dst_stride / 2 * 5);                \
        for (ptrdiff_t y = y0; y < y1; y++) {                                                                             \
            const kind *upper = (const kind *)((const char *)src + (y > 0 ? y - 1 : 0) * src_stride);                     \
            kind *out = (kind *)((char *)dst + (y > 0 ? 2 * y - 1 : 0) * dst_stride);                                     \
            if (y > 0 && y < height)                                                                                      \
                FN(double_rows_##kind)(upper, (const kind *)((const char *)upper + src_stride), out,                      \
                                       (kind *)((char *)out + dst_stride), &plan, past);                                  \
            else FN(double_row_##kind)(upper, upper, out, out, &plan, 0, 0);                                              \
        }                                                                                                                 \
        if (past) FN(written_past)();                                                                                     \
    }
DOUBLE(u16)
DOUBLE(f32)
#undef DOUBLE
#undef DOUBLE_LANES
#undef DOUBLE_VECTORS
#undef DOUBLE_FIRST
#endif
