/* Resampling by a filter of a few taps, as Pillow does it: along x, then along y, each rounded to the samples of the image.
   Here uint16 and float32, summed in float64 in the order of the taps. */
#ifndef LEVEL
#ifndef IMGPROC_PREPROCESS_TAPS_H
#define IMGPROC_PREPROCESS_TAPS_H
#include "simd/common.h"

/* Target pixel i is the sum of weights[i][k] times source pixel first[i] + k, all inside the source; neither falls. */
typedef struct {
    ptrdiff_t count, taps;
    const i64 *first;
    const i32 *weights; /* uint8 */
    const f64 *shares;  /* the others */
} Taps;

/* Samples of a row along y whose sums are kept at a time. */
#define FILTER_BLOCK 256

INLINE u16 filter_word(f64 sum) {
    sum += 0.5;
    return (u16)(sum < 0 ? 0 : sum > 65535 ? 65535 : sum);
}

#define SIMD_SOURCE "simd/preprocess_taps.h"
#include "simd/levels.h"
#endif

#else

INLINE u16 FN(rounded_u16)(f64 sum) { return filter_word(sum); }
INLINE f32 FN(rounded_f32)(f64 sum) { return (f32)sum; }
/* Taps of no weight are left out, so that NaN and infinity there have no part. */
#define FILTER(kind)                                                                                                      \
    INLINE void FN(filter_across_##kind)(const kind *row, kind *out, const Taps *taps, ptrdiff_t channels) {              \
        for (ptrdiff_t x = 0; x < taps->count; x++) {                                                                     \
            const f64 *shares = taps->shares + x * taps->taps;                                                            \
            const kind *p = row + taps->first[x] * channels;                                                              \
            for (ptrdiff_t c = 0; c < channels; c++) {                                                                    \
                f64 sum = 0;                                                                                              \
                for (ptrdiff_t k = 0; k < taps->taps; k++)                                                                \
                    if (shares[k] != 0) sum += p[k * channels + c] * shares[k];                                           \
                out[x * channels + c] = FN(rounded_##kind)(sum);                                                          \
            }                                                                                                             \
        }                                                                                                                 \
    }                                                                                                                     \
    INLINE void FN(filter_down_##kind)(const kind *const *rows, const f64 *shares, ptrdiff_t taps, kind *out, ptrdiff_t n) { \
        for (ptrdiff_t i = 0; i < n; i += FILTER_BLOCK) {                                                                 \
            f64 sums[FILTER_BLOCK] = {0};                                                                                 \
            const ptrdiff_t block = n - i < FILTER_BLOCK ? n - i : FILTER_BLOCK;                                          \
            for (ptrdiff_t t = 0; t < taps; t++)                                                                          \
                if (shares[t] != 0)                                                                                       \
                    for (ptrdiff_t k = 0; k < block; k++) sums[k] += rows[t][i + k] * shares[t];                          \
            for (ptrdiff_t k = 0; k < block; k++) out[i + k] = FN(rounded_##kind)(sums[k]);                               \
        }                                                                                                                 \
    }
FILTER(u16)
FILTER(f32)
#undef FILTER

#endif
