/* Products of spectra, summed down the columns: the middle of a convolution by transforms along the rows. */
#ifndef LEVEL
#ifndef IMGPROC_SPECTRUM_H
#define IMGPROC_SPECTRUM_H
#include "simd/correlate_vectors.h"

#define SPECTRUM_ROWS 4 /* results that share a loaded vector */

#define SIMD_SOURCE "simd/spectrum.h"
#include "simd/levels.h"

/* out[y][p][f] = sum over i of factors[i][f] * spectra[y + i][p][f], complex numbers as pairs. `real` and `imaginary`
   hold the factors' parts twice, for both members of a pair; `n` is even. One rounding for each product of f32, two for
   f64, in the order of i: same bits at every level and for every division of the rows. */
DISPATCH(void, spectrum_f32, (const f32 *spectra, const f32 *real, const f32 *imaginary, ptrdiff_t taps, ptrdiff_t pieces,
                              ptrdiff_t n, f32 *out, ptrdiff_t rows),
         (spectra, real, imaginary, taps, pieces, n, out, rows))
DISPATCH(void, spectrum_f64, (const f64 *spectra, const f64 *real, const f64 *imaginary, ptrdiff_t taps, ptrdiff_t pieces,
                              ptrdiff_t n, f64 *out, ptrdiff_t rows),
         (spectra, real, imaginary, taps, pieces, n, out, rows))
#endif

#else

INLINE f32 FN(one_product_f32)(f32 sum, f32 s, f32 w) { return fused_f32(s, w, sum); }
INLINE f64 FN(one_product_f64)(f64 sum, f64 s, f64 w) { return sum + s * w; }

#if LEVEL == LEVEL_BASELINE
#define SPECTRUM_LANES(kind) 1
#else
#define SPECTRUM_LANES(kind) (ptrdiff_t)(sizeof(FN(vector_##kind)) / sizeof(kind))
#endif

/* a holds spectrum * real part, b spectrum * imaginary part. */
#define DEFINE_SPECTRUM(kind)                                                                                        \
    INLINE void FN(join_##kind)(const kind *a, const kind *b, kind *out, ptrdiff_t n) {                               \
        for (ptrdiff_t x = 0; x < n; x += 2) {                                                                       \
            out[x] = a[x] - b[x + 1];                                                                                \
            out[x + 1] = a[x + 1] + b[x];                                                                            \
        }                                                                                                            \
    }                                                                                                                \
    INLINE void FN(spectrum_block_##kind)(const kind *spectra, const kind *real, const kind *imaginary, ptrdiff_t taps, \
                                          ptrdiff_t stride, ptrdiff_t n, kind *out, const int rows) {                \
        enum { LANES = SPECTRUM_LANES(kind) < 2 ? 2 : SPECTRUM_LANES(kind), PER = LANES / SPECTRUM_LANES(kind) };    \
        kind left[SPECTRUM_ROWS][LANES], right[SPECTRUM_ROWS][LANES];                                                \
        ptrdiff_t x = 0;                                                                                             \
        for (; x + LANES <= n; x += LANES) {                                                                         \
            FN(vector_##kind) a[SPECTRUM_ROWS][PER], b[SPECTRUM_ROWS][PER];                                          \
            for (int r = 0; r < rows; r++)                                                                           \
                for (int l = 0; l < PER; l++) a[r][l] = b[r][l] = FN(every_##kind)(0);                               \
            for (ptrdiff_t i = 0; i < taps + rows - 1; i++) {                                                        \
                FN(vector_##kind) s[PER];                                                                            \
                for (int l = 0; l < PER; l++) s[l] = FN(load_##kind)(spectra + i * stride + x + l);                  \
                for (int r = 0; r < rows; r++) {                                                                     \
                    if (i < r || i - r >= taps) continue;                                                            \
                    const kind *re = real + (i - r) * n + x, *im = imaginary + (i - r) * n + x;                      \
                    for (int l = 0; l < PER; l++) {                                                                  \
                        a[r][l] = FN(add_product_##kind)(a[r][l], s[l], FN(load_##kind)(re + l));                    \
                        b[r][l] = FN(add_product_##kind)(b[r][l], s[l], FN(load_##kind)(im + l));                    \
                    }                                                                                                \
                }                                                                                                    \
            }                                                                                                        \
            for (int r = 0; r < rows; r++) {                                                                         \
                for (int l = 0; l < PER; l++) {                                                                      \
                    FN(store_##kind)(left[r] + l, a[r][l]);                                                          \
                    FN(store_##kind)(right[r] + l, b[r][l]);                                                         \
                }                                                                                                    \
                FN(join_##kind)(left[r], right[r], out + r * stride + x, LANES);                                     \
            }                                                                                                        \
        }                                                                                                            \
        for (; x < n; x += 2)                                                                                        \
            for (int r = 0; r < rows; r++) {                                                                         \
                kind p[2] = {0, 0}, q[2] = {0, 0};                                                                   \
                for (ptrdiff_t i = 0; i < taps; i++)                                                                 \
                    for (int l = 0; l < 2; l++) {                                                                    \
                        const kind s = spectra[(i + r) * stride + x + l];                                            \
                        p[l] = FN(one_product_##kind)(p[l], s, real[i * n + x + l]);                                 \
                        q[l] = FN(one_product_##kind)(q[l], s, imaginary[i * n + x + l]);                            \
                    }                                                                                                \
                FN(join_##kind)(p, q, out + r * stride + x, 2);                                                      \
            }                                                                                                        \
    }                                                                                                                \
    static void FN(spectrum_##kind)(const kind *spectra, const kind *real, const kind *imaginary, ptrdiff_t taps,    \
                                    ptrdiff_t pieces, ptrdiff_t n, kind *out, ptrdiff_t rows) {                      \
        const ptrdiff_t stride = pieces * n;                                                                         \
        ptrdiff_t y = 0;                                                                                             \
        for (; y + SPECTRUM_ROWS <= rows; y += SPECTRUM_ROWS)                                                        \
            for (ptrdiff_t p = 0; p < pieces; p++)                                                                   \
                FN(spectrum_block_##kind)(spectra + y * stride + p * n, real, imaginary, taps, stride, n,            \
                                          out + y * stride + p * n, SPECTRUM_ROWS);                                  \
        for (; y < rows; y++)                                                                                        \
            for (ptrdiff_t p = 0; p < pieces; p++)                                                                   \
                FN(spectrum_block_##kind)(spectra + y * stride + p * n, real, imaginary, taps, stride, n,            \
                                          out + y * stride + p * n, 1);                                              \
    }

DEFINE_SPECTRUM(f32)
DEFINE_SPECTRUM(f64)
#undef DEFINE_SPECTRUM
#undef SPECTRUM_LANES

#endif
