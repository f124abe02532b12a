/* Bilinear samples at given positions.

   value = left + fc (right - left), left = a + fr (c - a), right = b + fr (d - b), in float32, integers rounded half to even. A sample of no
   weight has no part, be it NaN. Eight positions whose four pixels lie inside the image go the vector way; others go
   one by one, where the border has its say. Both round alike. */
#ifndef IMGPROC_WARP_TYPES
#define IMGPROC_WARP_TYPES
#include "simd/common.h"

enum { REFLECT, SYMMETRIC, EDGE, WRAP, CONSTANT };

typedef struct {
    const void *pixels;
    ptrdiff_t stride, height, width;
    int channels, border;
    const void *fill; /* a pixel */
} Picture;

/* The pixel that stands at place i of an axis of n, -1 for fill. */
INLINE i64 warp_border(i64 i, i64 n, int border) {
    if (i >= 0 && i < n) return i;
    if (border == CONSTANT) return -1;
    if (border == EDGE) return i < 0 ? 0 : n - 1;
    if (border == WRAP) {
        i += i < 0 ? n : -n;
        if (i < 0 || i >= n) i %= n;
        return i < 0 ? i + n : i;
    }
    /* Mirrored at the first pixel or before it; divisions only far outside. */
    i64 mirrored = border == SYMMETRIC, period = 2 * n - 2 + 2 * mirrored;
    if (period == 0) return 0;
    if (i < 0) i = -mirrored - i;
    if (i >= period) i %= period;
    return i < n ? i : period - mirrored - i;
}

/* The pixels around position x of an axis of n, -1 for fill, and the share of the second. False for what is no number. */
INLINE int warp_place(f64 x, ptrdiff_t n, int border, i64 *first, i64 *second, f32 *share) {
    if (!(x - x == 0)) return 0;
    if (border == EDGE) x = x < 0 ? 0 : x > (f64)(n - 1) ? (f64)(n - 1) : x;
    else if (border == CONSTANT) x = x < -2 ? -2 : x > (f64)(n + 1) ? (f64)(n + 1) : x;
    else if (!(x > -0x1p53 && x < 0x1p53)) {
        /* Integers that 64 bits need not hold, brought near exactly. */
        f64 period = border == REFLECT ? 2 * (f64)(n - 1) : border == SYMMETRIC ? 2 * (f64)n : (f64)n;
        x = period > 0 ? fmod(x, period) : 0;
    }
    f64 below = floor(x);
    *share = (f32)(x - below);
    *first = warp_border((i64)below, n, border);
    *second = warp_border((i64)below + 1, n, border);
    return 1;
}

INLINE f32 warp_between(f32 a, f32 b, f32 f) { return f != 0 ? a + f * (b - a) : a; }
/* Adding 2^23 leaves the integer, rounded half to even, in the low bits. */
INLINE u32 warp_round(f32 v) {
    f32 shifted = v + 8388608.0f;
    u32 bits;
    memcpy(&bits, &shifted, sizeof bits);
    return bits;
}
INLINE u8 warp_store_u8(f32 v) { return (u8)warp_round(v); }
INLINE u16 warp_store_u16(f32 v) { return (u16)warp_round(v); }
INLINE f32 warp_store_f32(f32 v) { return v; }

#define WARP_PIXEL(kind)                                                                                                  \
    INLINE void warp_taps_##kind(const Picture *picture, const i64 r[2], const i64 c[2], f32 fr, f32 fc, kind *out, const int channels) { \
        const kind *tap[2][2];                                                                                            \
        for (int j = 0; j < 2; j++)                                                                                       \
            for (int i = 0; i < 2; i++)                                                                                   \
                tap[j][i] = r[j] < 0 || c[i] < 0                                                                          \
                                ? picture->fill                                                                           \
                                : (const kind *)((const char *)picture->pixels + r[j] * picture->stride) + c[i] * channels; \
        for (int k = 0; k < channels; k++) {                                                                              \
            f32 left = warp_between((f32)tap[0][0][k], (f32)tap[1][0][k], fr);                                            \
            f32 right = warp_between((f32)tap[0][1][k], (f32)tap[1][1][k], fr);                                           \
            out[k] = warp_store_##kind(warp_between(left, right, fc));                                                    \
        }                                                                                                                 \
    }                                                                                                                     \
    INLINE void warp_pixel_##kind(const Picture *picture, f64 row, f64 column, kind *out, const int channels) {           \
        i64 r[2], c[2];                                                                                                   \
        f32 fr, fc;                                                                                                       \
        if (warp_place(row, picture->height, picture->border, &r[0], &r[1], &fr) &&                                       \
            warp_place(column, picture->width, picture->border, &c[0], &c[1], &fc))                                       \
            warp_taps_##kind(picture, r, c, fr, fc, out, channels);                                                       \
        else memcpy(out, picture->fill, (size_t)channels * sizeof *out);                                                  \
    }
WARP_PIXEL(u8)
WARP_PIXEL(u16)
WARP_PIXEL(f32)
#undef WARP_PIXEL
#endif

#ifndef LEVEL
#define SIMD_SOURCE "simd/warp.h"
#include "simd/levels.h"
/* n output pixels at `positions`, pairs (row, column) of float32, or of float64 where `doubles`. */
DISPATCH(void, warp_u8, (const Picture *picture, const void *positions, int doubles, u8 *out, ptrdiff_t n), (picture, positions, doubles, out, n))
DISPATCH(void, warp_u16, (const Picture *picture, const void *positions, int doubles, u16 *out, ptrdiff_t n), (picture, positions, doubles, out, n))
DISPATCH(void, warp_f32, (const Picture *picture, const void *positions, int doubles, f32 *out, ptrdiff_t n), (picture, positions, doubles, out, n))
#else

INLINE f64 FN(position)(const void *positions, int doubles, ptrdiff_t i) {
    return doubles ? ((const f64 *)positions)[i] : (f64)((const f32 *)positions)[i];
}

#if LEVEL >= LEVEL_AVX2
/* Eight positions: what is told of their pixels, alternately for row and column, and the shares, rows in order and
   columns in order. */
typedef struct {
    i32 first[16], second[16];
    f32 row_share[8], column_share[8];
} FN(Places);

/* Floors and shares of eight positions, alternately row and column. False unless all rows lie in [low[0], high[0]) and
   all columns in [low[1], high[1]), whose ends are integers of at most 2^24. */
INLINE int FN(split)(const void *positions, int doubles, ptrdiff_t i, const f32 low[2], const f32 high[2], __m256i below[2], __m256 share[2]) {
    if (doubles) {
        const f64 *p = (const f64 *)positions + 2 * i;
        const __m256d start = _mm256_setr_pd(low[0], low[1], low[0], low[1]), end = _mm256_setr_pd(high[0], high[1], high[0], high[1]);
        __m256d inside = _mm256_castsi256_pd(_mm256_set1_epi32(-1));
        __m128i whole[4];
        __m128 part[4];
        for (int k = 0; k < 4; k++) {
            __m256d v = _mm256_loadu_pd(p + 4 * k), floored = _mm256_floor_pd(v);
            inside = _mm256_and_pd(inside, _mm256_and_pd(_mm256_cmp_pd(v, start, _CMP_GE_OQ), _mm256_cmp_pd(v, end, _CMP_LT_OQ)));
            whole[k] = _mm256_cvttpd_epi32(floored);
            part[k] = _mm256_cvtpd_ps(_mm256_sub_pd(v, floored));
        }
        for (int k = 0; k < 2; k++) {
            below[k] = _mm256_set_m128i(whole[2 * k + 1], whole[2 * k]);
            share[k] = _mm256_set_m128(part[2 * k + 1], part[2 * k]);
        }
        return _mm256_movemask_pd(inside) == 15;
    }
    const __m256 start = _mm256_setr_ps(low[0], low[1], low[0], low[1], low[0], low[1], low[0], low[1]);
    const __m256 end = _mm256_setr_ps(high[0], high[1], high[0], high[1], high[0], high[1], high[0], high[1]);
    __m256 inside = _mm256_castsi256_ps(_mm256_set1_epi32(-1));
    for (int k = 0; k < 2; k++) {
        __m256 v = _mm256_loadu_ps((const f32 *)positions + 2 * i + 8 * k), floored = _mm256_floor_ps(v);
        inside = _mm256_and_ps(inside, _mm256_and_ps(_mm256_cmp_ps(v, start, _CMP_GE_OQ), _mm256_cmp_ps(v, end, _CMP_LT_OQ)));
        below[k] = _mm256_cvttps_epi32(floored);
        share[k] = _mm256_sub_ps(v, floored);
    }
    return _mm256_movemask_ps(inside) == 255;
}
INLINE void FN(put_shares)(FN(Places) *places, const __m256 share[2]) {
    __m256d r = _mm256_castps_pd(_mm256_shuffle_ps(share[0], share[1], 0x88)), c = _mm256_castps_pd(_mm256_shuffle_ps(share[0], share[1], 0xdd));
    _mm256_storeu_ps(places->row_share, _mm256_castpd_ps(_mm256_permute4x64_pd(r, 0xd8)));
    _mm256_storeu_ps(places->column_share, _mm256_castpd_ps(_mm256_permute4x64_pd(c, 0xd8)));
}

/* The pixels of an axis at i in (-n, 2 n - 1), -1 for fill; `last` is n - 1. */
INLINE __m256i FN(border)(__m256i i, __m256i last, int border) {
    const __m256i zero = _mm256_setzero_si256();
    const __m256i before = _mm256_cmpgt_epi32(zero, i), behind = _mm256_cmpgt_epi32(i, last), n = _mm256_sub_epi32(last, _mm256_set1_epi32(-1));
    switch (border) {
    case REFLECT: return _mm256_sub_epi32(last, _mm256_abs_epi32(_mm256_sub_epi32(last, _mm256_abs_epi32(i))));
    case SYMMETRIC:
        i = _mm256_xor_si256(i, before);
        return _mm256_min_epi32(i, _mm256_sub_epi32(_mm256_add_epi32(last, n), i));
    case EDGE: return _mm256_min_epi32(_mm256_max_epi32(i, zero), last);
    case WRAP: return _mm256_sub_epi32(_mm256_add_epi32(i, _mm256_and_si256(before, n)), _mm256_and_si256(behind, n));
    default: return _mm256_or_si256(i, _mm256_or_si256(before, behind));
    }
}

/* All eight inside: `first` gets at even places how far from the first pixel of the image theirs lie, in bytes. */
INLINE int FN(places_inside)(const void *positions, int doubles, ptrdiff_t i, const f32 end[2], __m256i steps, FN(Places) *places) {
    static const f32 start[2] = {0, 0};
    __m256i below[2];
    __m256 share[2];
    if (!FN(split)(positions, doubles, i, start, end, below, share)) return 0;
    for (int k = 0; k < 2; k++) {
        __m256i far = _mm256_mullo_epi32(below[k], steps);
        _mm256_storeu_si256((__m256i *)(places->first + 8 * k), _mm256_add_epi32(far, _mm256_srli_epi64(far, 32)));
    }
    FN(put_shares)(places, share);
    return 1;
}
/* All eight less than an image away: `first` and `second` get the pixels around them. */
INLINE int FN(places_near)(const void *positions, int doubles, ptrdiff_t i, const f32 last[2], int border, FN(Places) *places) {
    const f32 start[2] = {-last[0], -last[1]}, end[2] = {2 * last[0], 2 * last[1]};
    const __m256i lasts = _mm256_setr_epi32((i32)last[0], (i32)last[1], (i32)last[0], (i32)last[1], (i32)last[0], (i32)last[1], (i32)last[0], (i32)last[1]);
    __m256i below[2];
    __m256 share[2];
    if (!FN(split)(positions, doubles, i, start, end, below, share)) return 0;
    for (int k = 0; k < 2; k++) {
        __m256i above = _mm256_sub_epi32(below[k], _mm256_set1_epi32(-1));
        _mm256_storeu_si256((__m256i *)(places->first + 8 * k), FN(border)(below[k], lasts, border));
        _mm256_storeu_si256((__m256i *)(places->second + 8 * k), FN(border)(above, lasts, border));
        if (border == EDGE) {
            __m256i inside = _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_setzero_si256(), below[k]), _mm256_cmpgt_epi32(lasts, below[k]));
            share[k] = _mm256_and_ps(share[k], _mm256_castsi256_ps(inside));
        }
    }
    FN(put_shares)(places, share);
    return 1;
}

/* The mask keeps out NaN of no weight; integers have none. */
INLINE __m256 FN(blend8)(__m256 a, __m256 b, __m256 f, const int masked) {
    __m256 step = _mm256_sub_ps(b, a);
    if (masked) step = _mm256_and_ps(step, _mm256_cmp_ps(f, _mm256_setzero_ps(), _CMP_NEQ_OQ));
    return _mm256_add_ps(a, _mm256_mul_ps(f, step));
}
INLINE __m128 FN(blend4)(__m128 a, __m128 b, __m128 f, const int masked) {
    __m128 step = _mm_sub_ps(b, a);
    if (masked) step = _mm_and_ps(step, _mm_cmp_ps(f, _mm_setzero_ps(), _CMP_NEQ_OQ));
    return _mm_add_ps(a, _mm_mul_ps(f, step));
}

/* Eight pairs of neighbours in a row as their left and right ones. They go by way of registers: a vector load of what
   was just stored in parts would stall. */
INLINE int FN(two_u8)(const u8 *at, ptrdiff_t offset) {
    u16 pair;
    memcpy(&pair, (const char *)at + offset, 2);
    return pair;
}
INLINE void FN(pairs_u8)(const u8 *const *at, ptrdiff_t offset, __m256 *a, __m256 *b) {
    __m128i low = _mm_cvtsi32_si128(FN(two_u8)(at[0], offset)), high = _mm_cvtsi32_si128(FN(two_u8)(at[4], offset));
    low = _mm_insert_epi16(low, FN(two_u8)(at[1], offset), 1), high = _mm_insert_epi16(high, FN(two_u8)(at[5], offset), 1);
    low = _mm_insert_epi16(low, FN(two_u8)(at[2], offset), 2), high = _mm_insert_epi16(high, FN(two_u8)(at[6], offset), 2);
    low = _mm_insert_epi16(low, FN(two_u8)(at[3], offset), 3), high = _mm_insert_epi16(high, FN(two_u8)(at[7], offset), 3);
    __m256i pairs = _mm256_cvtepu16_epi32(_mm_unpacklo_epi64(low, high));
    *a = _mm256_cvtepi32_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(255)));
    *b = _mm256_cvtepi32_ps(_mm256_srli_epi32(pairs, 8));
}
INLINE __m128i FN(four_u16)(const u16 *const *at, ptrdiff_t offset) {
    i32 pair[4];
    for (int k = 0; k < 4; k++) memcpy(&pair[k], (const char *)at[k] + offset, 4);
    __m128i pairs = _mm_insert_epi32(_mm_cvtsi32_si128(pair[0]), pair[1], 1);
    return _mm_insert_epi32(_mm_insert_epi32(pairs, pair[2], 2), pair[3], 3);
}
INLINE void FN(pairs_u16)(const u16 *const *at, ptrdiff_t offset, __m256 *a, __m256 *b) {
    __m256i pairs = _mm256_set_m128i(FN(four_u16)(at + 4, offset), FN(four_u16)(at, offset));
    *a = _mm256_cvtepi32_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(0xffff)));
    *b = _mm256_cvtepi32_ps(_mm256_srli_epi32(pairs, 16));
}
INLINE __m128 FN(two_f32)(const f32 *const *at, ptrdiff_t offset) {
    __m128 pair = _mm_loadl_pi(_mm_setzero_ps(), (const __m64 *)((const char *)at[0] + offset));
    return _mm_loadh_pi(pair, (const __m64 *)((const char *)at[1] + offset));
}
INLINE void FN(pairs_f32)(const f32 *const *at, ptrdiff_t offset, __m256 *a, __m256 *b) {
    __m256 p = _mm256_set_m128(FN(two_f32)(at + 4, offset), FN(two_f32)(at, offset));
    __m256 q = _mm256_set_m128(FN(two_f32)(at + 6, offset), FN(two_f32)(at + 2, offset));
    *a = _mm256_shuffle_ps(p, q, 0x88);
    *b = _mm256_shuffle_ps(p, q, 0xdd);
}
/* Two pixels of four samples, or of three and two samples more. */
INLINE __m256 FN(pixels_u8)(const u8 *p) { return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p))); }
INLINE __m256 FN(pixels_u16)(const u16 *p) { return _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p))); }
INLINE __m256 FN(pixels_f32)(const f32 *p) { return _mm256_loadu_ps(p); }

INLINE void FN(put8_u8)(u8 *out, __m256 v) {
    __m256i codes = _mm256_cvtps_epi32(v);
    __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(codes), _mm256_extracti128_si256(codes, 1));
    _mm_storel_epi64((__m128i *)out, _mm_packus_epi16(words, words));
}
INLINE void FN(put8_u16)(u16 *out, __m256 v) {
    __m256i codes = _mm256_cvtps_epi32(v);
    _mm_storeu_si128((__m128i *)out, _mm_packus_epi32(_mm256_castsi256_si128(codes), _mm256_extracti128_si256(codes, 1)));
}
INLINE void FN(put8_f32)(f32 *out, __m256 v) { _mm256_storeu_ps(out, v); }
INLINE void FN(put4_u8)(u8 *out, __m128 v) {
    __m128i words = _mm_packus_epi32(_mm_cvtps_epi32(v), _mm_setzero_si128());
    i32 bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
    memcpy(out, &bytes, 4);
}
INLINE void FN(put4_u16)(u16 *out, __m128 v) {
    _mm_storel_epi64((__m128i *)out, _mm_packus_epi32(_mm_cvtps_epi32(v), _mm_setzero_si128()));
}
INLINE void FN(put4_f32)(f32 *out, __m128 v) { _mm_storeu_ps(out, v); }

#define EIGHT(kind, masked)                                                                                                   \
    INLINE void FN(eight_##kind)(const Picture *picture, const FN(Places) *places, kind *out, const int channels) {        \
        const kind *at[8];                                                                                                \
        ptrdiff_t stride = picture->stride;                                                                               \
        for (int k = 0; k < 8; k++)                                                                                       \
            at[k] = (const kind *)((const char *)picture->pixels + places->first[2 * k]);                                 \
        if (channels == 1) {                                                                                              \
            __m256 fc = _mm256_loadu_ps(places->column_share), fr = _mm256_loadu_ps(places->row_share), a, b, c, d;       \
            FN(pairs_##kind)(at, 0, &a, &b);                                                                              \
            FN(pairs_##kind)(at, stride, &c, &d);                                                                         \
            FN(put8_##kind)(out, FN(blend8)(FN(blend8)(a, c, fr, masked), FN(blend8)(b, d, fr, masked), fc, masked));     \
            return;                                                                                                       \
        }                                                                                                                 \
        const __m256i second = _mm256_setr_epi32(channels, channels + 1, channels + 2, 7, 0, 0, 0, 0);                    \
        for (int k = 0; k < 8; k++) {                                                                                     \
            __m256 both = FN(blend8)(FN(pixels_##kind)(at[k]), FN(pixels_##kind)((const kind *)((const char *)at[k] + stride)), \
                                     _mm256_broadcast_ss(&places->row_share[k]), masked);                                 \
            __m128 left = _mm256_castps256_ps128(both);                                                                   \
            __m128 right = channels == 4 ? _mm256_extractf128_ps(both, 1)                                                 \
                                         : _mm256_castps256_ps128(_mm256_permutevar8x32_ps(both, second));                \
            FN(put4_##kind)(out + k * channels, FN(blend4)(left, right, _mm_broadcast_ss(&places->column_share[k]), masked)); \
        }                                                                                                                 \
    }
EIGHT(u8, 0)
EIGHT(u16, 0)
EIGHT(f32, 1)
#undef EIGHT

/* Vectors of four and eight samples reach beyond pixels of three: that takes another column at the right, and a pixel
   behind the last of the eight. Images of 2^31 bytes and more, and of 2^23 rows or columns, go pixel by pixel. */
#define EIGHTS(kind)                                                                                                      \
    const ptrdiff_t spare = channels == 3;                                                                                \
    const f64 far = fabs((f64)picture->stride) * (f64)picture->height;                                                    \
    const int small = far < 0x1p31 && picture->height < 8388608 && picture->width < 8388608;                              \
    const f32 last[2] = {small ? (f32)(picture->height - 1) : 0, small ? (f32)(picture->width - 1) : 0};                  \
    const f32 end[2] = {last[0], last[1] - (f32)spare};                                                                   \
    const i32 across = channels * (i32)sizeof(kind), down = small ? (i32)picture->stride : 0;                             \
    const __m256i steps = _mm256_setr_epi32(down, across, down, across, down, across, down, across);                      \
    for (; i + 8 + spare <= n; i += 8) {                                                                                  \
        FN(Places) places;                                                                                                \
        if (FN(places_inside)(positions, doubles, i, end, steps, &places))                                                \
            FN(eight_##kind)(picture, &places, out + i * channels, channels);                                             \
        else if (FN(places_near)(positions, doubles, i, last, picture->border, &places))                                  \
            for (int k = 0; k < 8; k++) {                                                                                 \
                const i64 r[2] = {places.first[2 * k], places.second[2 * k]};                                             \
                const i64 c[2] = {places.first[2 * k + 1], places.second[2 * k + 1]};                                     \
                warp_taps_##kind(picture, r, c, places.row_share[k], places.column_share[k], out + (i + k) * channels, channels); \
            }                                                                                                             \
        else                                                                                                              \
            for (ptrdiff_t k = i; k < i + 8; k++)                                                                         \
                warp_pixel_##kind(picture, FN(position)(positions, doubles, 2 * k), FN(position)(positions, doubles, 2 * k + 1), out + k * channels, channels); \
    }
#else
#define EIGHTS(kind)
#endif

#define WARP(kind)                                                                                                        \
    INLINE void FN(warp_by_##kind)(const Picture *picture, const void *positions, int doubles, kind *out, ptrdiff_t n,     \
                                   const int channels) {                                                                  \
        ptrdiff_t i = 0;                                                                                                  \
        EIGHTS(kind)                                                                                                      \
        for (; i < n; i++)                                                                                                \
            warp_pixel_##kind(picture, FN(position)(positions, doubles, 2 * i), FN(position)(positions, doubles, 2 * i + 1), out + i * channels, channels); \
    }                                                                                                                     \
    static void FN(warp_##kind)(const Picture *picture, const void *positions, int doubles, kind *out, ptrdiff_t n) {      \
        if (picture->channels == 1) FN(warp_by_##kind)(picture, positions, doubles, out, n, 1);                           \
        else if (picture->channels == 3) FN(warp_by_##kind)(picture, positions, doubles, out, n, 3);                      \
        else FN(warp_by_##kind)(picture, positions, doubles, out, n, 4);                                                  \
    }
WARP(u8)
WARP(u16)
WARP(f32)
#undef WARP
#undef EIGHTS
#endif
