/* Sums along rows of float64 column sums, eight rows at a time: what the kernel writes in the end.

   No sum is taken from another: blocks of `taps` pixels are added up from both ends, and a window is the tail of one
   block plus the head of the next (van Herk). So nothing outside a window, however large, NaN or infinite, can touch
   its sum, and at most 2 taps additions lie behind it. */
#ifndef LEVEL
#include "simd/box_eight.h"

enum { WIDE_F32, WIDE_U8, WIDE_U16, WIDE_U64 };

/* What becomes of a sum: (sum + offset) * scale as float32, or rounded down as an integer; u64 takes it as it is. */
typedef struct {
    int output;
    f64 offset, scale;
} Finish;

/* Windows of up to so many pixels are added up directly. */
#define WIDE_DIRECT 7

#define SIMD_SOURCE "simd/box_wide_rows.h"
#include "simd/levels.h"
#else

INLINE void FN(put_wide)(void *dst, ptrdiff_t i, f64 sum, const Finish *finish, int output) {
    const f64 value = output == WIDE_F32 ? sum * finish->scale : (sum + finish->offset) * finish->scale;
    if (output == WIDE_F32) ((f32 *)dst)[i] = (f32)value;
    if (output == WIDE_U8) ((u8 *)dst)[i] = (u8)(i32)value;
    if (output == WIDE_U16) ((u16 *)dst)[i] = (u16)(i32)value;
    if (output == WIDE_U64) ((u64 *)dst)[i] = (u64)(i64)sum;
}

INLINE void FN(direct_taps)(const f64 *restrict sums, ptrdiff_t n, ptrdiff_t step, int taps, const Finish *finish, int output,
                            void *restrict dst) {
    ptrdiff_t i = 0;
#if LEVEL != LEVEL_BASELINE
    const __m256d scale = _mm256_set1_pd(finish->scale);
    for (; output == WIDE_F32 && i + 8 <= n; i += 8) {
        __m256d a = _mm256_loadu_pd(sums + i), b = _mm256_loadu_pd(sums + i + 4);
        for (int k = 1; k < taps; k++) {
            a = _mm256_add_pd(a, _mm256_loadu_pd(sums + i + k * step));
            b = _mm256_add_pd(b, _mm256_loadu_pd(sums + i + k * step + 4));
        }
        const __m128 low = _mm256_cvtpd_ps(_mm256_mul_pd(a, scale)), high = _mm256_cvtpd_ps(_mm256_mul_pd(b, scale));
        _mm256_storeu_ps((f32 *)dst + i, _mm256_set_m128(high, low));
    }
#endif
    for (; i < n; i++) {
        f64 sum = sums[i];
        for (int k = 1; k < taps; k++) sum += sums[i + k * step];
        FN(put_wide)(dst, i, sum, finish, output);
    }
}

INLINE void FN(direct_any)(const f64 *sums, ptrdiff_t n, ptrdiff_t step, int taps, const Finish *finish, int output, void *dst) {
    switch (taps) {
    case 1: FN(direct_taps)(sums, n, step, 1, finish, output, dst); break;
    case 3: FN(direct_taps)(sums, n, step, 3, finish, output, dst); break;
    case 5: FN(direct_taps)(sums, n, step, 5, finish, output, dst); break;
    default: FN(direct_taps)(sums, n, step, WIDE_DIRECT, finish, output, dst);
    }
}

/* One row: n windows of up to WIDE_DIRECT column sums `step` apart. */
static void FN(direct_row)(const f64 *sums, ptrdiff_t n, ptrdiff_t step, int taps, const Finish *finish, void *dst) {
    switch (finish->output) {
    case WIDE_F32: FN(direct_any)(sums, n, step, taps, finish, WIDE_F32, dst); break;
    case WIDE_U8: FN(direct_any)(sums, n, step, taps, finish, WIDE_U8, dst); break;
    case WIDE_U16: FN(direct_any)(sums, n, step, taps, finish, WIDE_U16, dst); break;
    default: FN(direct_any)(sums, n, step, taps, finish, WIDE_U64, dst);
    }
}

/* The windows of eight rows, interleaved (sums[8 * sample + row]), left in the place of the first column sum of
   each as eight float32, int32 or float64. `tails` has room for 2 * min(taps, width) pixels of eight rows. */
INLINE void FN(wide_windows)(f64 *sums, ptrdiff_t width, ptrdiff_t taps, ptrdiff_t channels, f64 *tails,
                             const Finish *finish, int output) {
    const ptrdiff_t step = 8 * channels, room = (taps < width ? taps : width) * 8;
    const f64 offset = output == WIDE_F32 ? 0 : finish->offset, scale = finish->scale;
    for (ptrdiff_t c = 0; c < channels; c++) {
        f64 *tail = tails, *next_tail = tails + room, *block = sums + 8 * c;
        EIGHT sum = FN(zero8)();
        for (ptrdiff_t i = taps - 1; i >= 0; i--) {
            sum = FN(add8)(sum, FN(load8)(block + i * step));
            if (i < width) FN(store8)(tail + 8 * i, sum);
        }
        for (ptrdiff_t x = 0; x < width; x += taps, block += taps * step) {
            const ptrdiff_t count = width - x < taps ? width - x : taps, left = width - x - taps;
            const f64 *next = block + taps * step;
            EIGHT head = FN(zero8)(), coming = FN(zero8)();
#define WINDOW(i)                                                                       \
    do {                                                                                \
        const EIGHT window = FN(add8)(FN(load8)(tail + 8 * (i)), head);                 \
        if (output == WIDE_U64) FN(store8)(block + (i) * step, window);                 \
        else FN(narrow8)(block + (i) * step, FN(scale8)(window, offset, scale), output != WIDE_F32); \
    } while (0)
            if (left <= 0) {
                for (ptrdiff_t i = 0; i < count; i++) {
                    WINDOW(i);
                    if (i + 1 < count) head = FN(add8)(head, FN(load8)(next + i * step));
                }
                break;
            }
            /* Heads of the block that follows and its tails, from opposite ends: two chains that do not wait. */
            for (ptrdiff_t i = 0; i < taps; i++) {
                const ptrdiff_t back = taps - 1 - i;
                WINDOW(i);
                head = FN(add8)(head, FN(load8)(next + i * step));
                coming = FN(add8)(coming, FN(load8)(next + back * step));
                FN(store8)(next_tail + 8 * back, coming);
            }
#undef WINDOW
            f64 *swap = tail;
            tail = next_tail;
            next_tail = swap;
        }
    }
}

#if LEVEL != LEVEL_BASELINE
INLINE void FN(put_eight)(void *dst, ptrdiff_t i, __m256 values, int output) {
    const __m256i v = _mm256_castps_si256(values);
    const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    if (output == WIDE_F32) _mm256_storeu_ps((f32 *)dst + i, values);
    else if (output == WIDE_U16) _mm_storeu_si128((void *)((u16 *)dst + i), words);
    else _mm_storel_epi64((void *)((u8 *)dst + i), _mm_packus_epi16(words, words));
}

/* Eight samples of eight rows, 64 bytes from sample to sample. */
INLINE void FN(turn)(const char *from, void *const *to, ptrdiff_t i, int output) {
    __m256 a[8], b[8];
    for (int k = 0; k < 8; k++) a[k] = _mm256_loadu_ps((const f32 *)(from + 64 * k));
    for (int k = 0; k < 4; k++) {
        b[2 * k] = _mm256_unpacklo_ps(a[2 * k], a[2 * k + 1]);
        b[2 * k + 1] = _mm256_unpackhi_ps(a[2 * k], a[2 * k + 1]);
    }
    for (int k = 0; k < 8; k += 4)
        for (int j = 0; j < 2; j++) {
            a[k + 2 * j] = _mm256_shuffle_ps(b[k + j], b[k + 2 + j], 0x44);
            a[k + 2 * j + 1] = _mm256_shuffle_ps(b[k + j], b[k + 2 + j], 0xee);
        }
    for (int k = 0; k < 4; k++) {
        FN(put_eight)(to[k], i, _mm256_permute2f128_ps(a[k], a[k + 4], 0x20), output);
        FN(put_eight)(to[k + 4], i, _mm256_permute2f128_ps(a[k], a[k + 4], 0x31), output);
    }
}
#endif

/* Rows of their own from what wide_windows left: dst[row][i]. */
INLINE void FN(wide_out)(const f64 *sums, ptrdiff_t n, int count, int output, void *const *dst) {
    ptrdiff_t i = 0;
#if LEVEL != LEVEL_BASELINE
    if (output != WIDE_U64 && count == 8)
        for (; i + 8 <= n; i += 8) FN(turn)((const char *)(sums + 8 * i), dst, i, output);
#endif
    for (; i < n; i++)
        for (int row = 0; row < count; row++) {
            const char *at = (const char *)(sums + 8 * i);
            i32 whole;
            memcpy(&whole, at + 4 * row, 4);
            if (output == WIDE_F32) memcpy((f32 *)dst[row] + i, &whole, 4);
            if (output == WIDE_U8) ((u8 *)dst[row])[i] = (u8)whole;
            if (output == WIDE_U16) ((u16 *)dst[row])[i] = (u16)whole;
            if (output == WIDE_U64) ((u64 *)dst[row])[i] = (u64)(i64)sums[8 * i + row];
        }
}

static void FN(wide_rows)(f64 *sums, ptrdiff_t width, ptrdiff_t taps, ptrdiff_t channels, f64 *tails, const Finish *finish,
                          int count, void *const *dst) {
    switch (finish->output) {
    case WIDE_F32:
        FN(wide_windows)(sums, width, taps, channels, tails, finish, WIDE_F32);
        FN(wide_out)(sums, width * channels, count, WIDE_F32, dst);
        break;
    case WIDE_U64:
        FN(wide_windows)(sums, width, taps, channels, tails, finish, WIDE_U64);
        FN(wide_out)(sums, width * channels, count, WIDE_U64, dst);
        break;
    default:
        FN(wide_windows)(sums, width, taps, channels, tails, finish, WIDE_U16);
        if (finish->output == WIDE_U16) FN(wide_out)(sums, width * channels, count, WIDE_U16, dst);
        else FN(wide_out)(sums, width * channels, count, WIDE_U8, dst);
    }
}
#endif
