/* Rows of samples as rows of a model's input: channels apart or side by side, in another order, normalised, in float32,
   float16 or as they are. */
#ifndef LEVEL
#ifndef IMGPROC_PREPROCESS_TARGET_H
#define IMGPROC_PREPROCESS_TARGET_H
#include "simd/past_caches.h"

/* The input of one image in a batch, and where its resized image lies there. */
typedef struct {
    char *data;
    ptrdiff_t height, width;  /* of the input */
    ptrdiff_t rows, columns;  /* of the resized image */
    ptrdiff_t top, left;      /* where that begins; below 0 where it is cropped */
    int planes;               /* channels of the input */
    int apart;                /* each channel a plane of its own */
    int bytes;                /* of a sample: 4 float32, 2 float16, 1 uint8 as it is */
    int reversed;             /* the order of the channels against that of the source */
    int fresh;                /* memory that was never written: the system clears it page by page, which brings it into the caches */
    int past;                 /* stores past the caches */
    f32 mean[3], factor[3], pad[3]; /* by channel of the input: (sample - mean) * factor; what fills the rest */
    f32 *line;                /* three for each column, for float16 */
} Target;

/* float32 to float16, rounded half to even. */
INLINE u16 half_bits(f32 v) {
    u32 bits, sign;
    memcpy(&bits, &v, sizeof bits);
    sign = bits >> 16 & 0x8000, bits &= 0x7fffffff;
    if (bits > 0x7f800000) return (u16)(sign | 0x7e00 | (bits >> 13 & 0x3ff));
    if (bits >= 0x477ff000) return (u16)(sign | 0x7c00);
    if (bits < 0x38800000) { /* below the normal numbers: 1/2 has its last digit where they have theirs */
        f32 shifted;
        memcpy(&shifted, &bits, sizeof shifted);
        shifted += 0.5f;
        memcpy(&bits, &shifted, sizeof bits);
        return (u16)(sign | (bits - 0x3f000000));
    }
    return (u16)(sign | ((bits - 0x38000000 + 0xfff + (bits >> 13 & 1)) >> 13));
}

INLINE char *target_at(const Target *t, int plane, ptrdiff_t y, ptrdiff_t x) {
    ptrdiff_t sample = t->apart ? (plane * t->height + y) * t->width + x : (y * t->width + x) * t->planes + plane;
    return t->data + sample * t->bytes;
}

#define SIMD_SOURCE "simd/preprocess_target.h"
#include "simd/levels.h"
#endif

#else

/* Columns [x0, x1) of row y hold no image. */
INLINE void FN(fill_columns)(const Target *t, ptrdiff_t y, ptrdiff_t x0, ptrdiff_t x1) {
    const ptrdiff_t step = t->apart ? 1 : t->planes;
    for (int p = 0; p < t->planes && x0 < x1; p++) {
        char *to = target_at(t, p, y, x0);
        const ptrdiff_t end = (x1 - x0) * step;
        const u16 half = half_bits(t->pad[p]);
        if (t->bytes == 4)
            for (ptrdiff_t i = 0; i < end; i += step) ((f32 *)(void *)to)[i] = t->pad[p];
        else if (t->bytes == 2)
            for (ptrdiff_t i = 0; i < end; i += step) ((u16 *)(void *)to)[i] = half;
        else
            for (ptrdiff_t i = 0; i < end; i += step) ((u8 *)to)[i] = (u8)t->pad[p];
    }
}

/* n numbers, one after the other, as float16. */
INLINE void FN(put_halves)(const f32 *restrict from, u16 *restrict out, ptrdiff_t n) {
    ptrdiff_t i = 0;
#if LEVEL >= LEVEL_AVX2
    for (; i + 8 <= n; i += 8) _mm_storeu_si128((__m128i *)(out + i), _mm256_cvtps_ph(_mm256_loadu_ps(from + i), 0));
    for (; i < n; i++) out[i] = _cvtss_sh(from[i], 0);
#else
    for (; i < n; i++) out[i] = half_bits(from[i]);
#endif
}

#if LEVEL >= LEVEL_AVX512
/* 16 pixels at a time: a channel's bytes are brought to 32-bit lanes; the last ones by masks. */
INLINE ptrdiff_t FN(planes_u8)(const u8 *row, const int channels, ptrdiff_t n, f32 *const out[3], const f32 mean[3], const f32 factor[3], int past) {
    __m512i order[3];
    __m512 m[3], a[3];
    for (int c = 0; c < 3; c++) {
        const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        order[c] = _mm512_add_epi32(_mm512_mullo_epi32(lanes, _mm512_set1_epi32(channels)), _mm512_set1_epi32(c));
        m[c] = _mm512_set1_ps(mean[c]), a[c] = _mm512_set1_ps(factor[c]);
        past = past && (uintptr_t)out[c] % 16 == 0;
    }
    for (ptrdiff_t x = 0; x < n; x += 16) {
        const ptrdiff_t left = n - x < 16 ? n - x : 16;
        const __m512i pixels = _mm512_maskz_loadu_epi8(((u64)-1) >> (64 - left * channels), row + x * channels);
        prefetch_read(row + x * channels, 64);
        for (int c = 0; c < 3; c++) {
            const __m512i bytes = _mm512_maskz_permutexvar_epi8(0x1111111111111111, order[c], pixels);
            const __m512 v = _mm512_mul_ps(_mm512_sub_ps(_mm512_cvtepi32_ps(bytes), m[c]), a[c]);
            if (left == 16) FN(store_vector)(out[c] + x, _mm512_castps_si512(v), past);
            else _mm512_mask_storeu_ps(out[c] + x, (__mmask16)((1u << left) - 1), v);
        }
    }
    return n;
}
#elif LEVEL >= LEVEL_AVX2
/* 8 pixels at a time, while four bytes more than theirs can be read. */
INLINE ptrdiff_t FN(planes_u8)(const u8 *row, const int channels, ptrdiff_t n, f32 *const out[3], const f32 mean[3], const f32 factor[3], int past) {
    __m256i order[3];
    for (int c = 0; c < 3; c++) {
        const int d = channels;
        order[c] = _mm256_broadcastsi128_si256(_mm_setr_epi8((char)c, -1, -1, -1, (char)(d + c), -1, -1, -1, (char)(2 * d + c), -1, -1, -1, (char)(3 * d + c), -1, -1, -1));
        past = past && (uintptr_t)out[c] % 16 == 0;
    }
    ptrdiff_t x = 0;
    for (; x * channels + 4 * channels + 16 <= n * channels; x += 8) {
        const u8 *p = row + x * channels;
        const __m256i pixels = _mm256_loadu2_m128i((const __m128i *)(p + 4 * channels), (const __m128i *)p);
        prefetch_read(p, 32);
        for (int c = 0; c < 3; c++) {
            const __m256 v = _mm256_cvtepi32_ps(_mm256_shuffle_epi8(pixels, order[c]));
            const __m256 done = _mm256_mul_ps(_mm256_sub_ps(v, _mm256_set1_ps(mean[c])), _mm256_set1_ps(factor[c]));
            FN(store_vector)(out[c] + x, _mm256_castps_si256(done), past);
        }
    }
    return x;
}
#else
INLINE ptrdiff_t FN(planes_u8)(const u8 *row, const int channels, ptrdiff_t n, f32 *const out[3], const f32 mean[3], const f32 factor[3], int past) {
    (void)row, (void)channels, (void)n, (void)out, (void)mean, (void)factor, (void)past;
    return 0;
}
#endif
INLINE ptrdiff_t FN(planes_u16)(const u16 *row, const int channels, ptrdiff_t n, f32 *const out[3], const f32 mean[3], const f32 factor[3], int past) {
    (void)row, (void)channels, (void)n, (void)out, (void)mean, (void)factor, (void)past;
    return 0;
}
INLINE ptrdiff_t FN(planes_f32)(const f32 *row, const int channels, ptrdiff_t n, f32 *const out[3], const f32 mean[3], const f32 factor[3], int past) {
    (void)row, (void)channels, (void)n, (void)out, (void)mean, (void)factor, (void)past;
    return 0;
}

/* Columns [x, x + n) of row y from n pixels; means and factors are in the order of the source's channels. */
#define TAKE(kind)                                                                                                        \
    INLINE void FN(three_##kind)(const kind *row, const int channels, ptrdiff_t n, f32 *const out[3], const f32 mean[3],  \
                                 const f32 factor[3], int past) {                                                         \
        f32 *restrict o0 = out[0], *restrict o1 = out[1], *restrict o2 = out[2];                                          \
        const f32 m0 = mean[0], m1 = mean[1], m2 = mean[2], a0 = factor[0], a1 = factor[1], a2 = factor[2];               \
        for (ptrdiff_t i = FN(planes_##kind)(row, channels, n, out, mean, factor, past); i < n; i++) {                    \
            o0[i] = ((f32)row[i * channels] - m0) * a0;                                                                   \
            o1[i] = ((f32)row[i * channels + 1] - m1) * a1;                                                               \
            o2[i] = ((f32)row[i * channels + 2] - m2) * a2;                                                               \
        }                                                                                                                 \
    }                                                                                                                     \
    INLINE void FN(mixed_##kind)(const kind *restrict row, const int channels, const int reversed, ptrdiff_t n,           \
                                 f32 *restrict out, const f32 *mean, const f32 *factor) {                                 \
        const int c0 = reversed ? 2 : 0, c2 = channels == 1 ? 0 : 2 - c0, c1 = channels == 1 ? 0 : 1;                     \
        const f32 m0 = mean[c0], m1 = mean[1], m2 = mean[2 - c0], a0 = factor[c0], a1 = factor[1], a2 = factor[2 - c0];   \
        for (ptrdiff_t i = 0; i < n; i++) {                                                                               \
            out[3 * i] = ((f32)row[i * channels + (channels == 1 ? 0 : c0)] - m0) * a0;                                   \
            out[3 * i + 1] = ((f32)row[i * channels + c1] - m1) * a1;                                                     \
            out[3 * i + 2] = ((f32)row[i * channels + c2] - m2) * a2;                                                     \
        }                                                                                                                 \
    }                                                                                                                     \
    static void FN(take_##kind)(const kind *row, int channels, ptrdiff_t n, const Target *t, ptrdiff_t y, ptrdiff_t x) {  \
        const int direct = t->bytes == 4;                                                                                 \
        f32 *out[3] = {t->line, t->line + n, t->line + 2 * n}, mean[3], factor[3];                                        \
        for (int p = 0; p < t->planes; p++) {                                                                             \
            const int c = t->reversed ? 2 - p : p;                                                                        \
            if (direct) out[c] = (f32 *)(void *)target_at(t, p, y, x);                                                    \
            mean[c] = t->mean[p], factor[c] = t->factor[p];                                                               \
        }                                                                                                                 \
        if (t->bytes == 1) {                                                                                              \
            const ptrdiff_t step = t->apart ? 1 : t->planes;                                                              \
            for (int p = 0; p < t->planes; p++) {                                                                         \
                const kind *from = row + (channels == 1 ? 0 : t->reversed ? 2 - p : p);                                   \
                u8 *to = (u8 *)target_at(t, p, y, x);                                                                     \
                for (ptrdiff_t i = 0; i < n; i++) to[i * step] = (u8)from[i * channels];                                  \
            }                                                                                                             \
            return;                                                                                                       \
        }                                                                                                                 \
        if (t->planes == 3 && !t->apart) {                                                                                \
            f32 *mixed = direct ? (f32 *)(void *)target_at(t, 0, y, x) : t->line;                                         \
            if (channels == 1) FN(mixed_##kind)(row, 1, t->reversed, n, mixed, mean, factor);                             \
            else if (channels == 4) FN(mixed_##kind)(row, 4, t->reversed, n, mixed, mean, factor);                        \
            else if (t->reversed) FN(mixed_##kind)(row, 3, 1, n, mixed, mean, factor);                                    \
            else FN(mixed_##kind)(row, 3, 0, n, mixed, mean, factor);                                                     \
        } else if (channels == 3) FN(three_##kind)(row, 3, n, out, mean, factor, direct && t->past);                      \
        else if (channels == 4) FN(three_##kind)(row, 4, n, out, mean, factor, direct && t->past);                        \
        else                                                                                                              \
            for (int c = 0; c < t->planes; c++) {                                                                         \
                f32 *restrict to = out[c];                                                                                \
                for (ptrdiff_t i = 0; i < n; i++) to[i] = ((f32)row[i] - mean[c]) * factor[c];                            \
            }                                                                                                             \
        if (direct) return;                                                                                               \
        if (!t->apart) FN(put_halves)(t->line, (u16 *)(void *)target_at(t, 0, y, x), n * t->planes);                      \
        else                                                                                                              \
            for (int p = 0; p < t->planes; p++)                                                                           \
                FN(put_halves)(out[t->reversed ? 2 - p : p], (u16 *)(void *)target_at(t, p, y, x), n);                    \
    }
TAKE(u8)
TAKE(u16)
TAKE(f32)
#undef TAKE

#endif
