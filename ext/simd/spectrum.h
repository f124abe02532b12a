/* Products of spectra, summed down the columns: the middle of a convolution by transforms along the rows.

   out[y][p][f] = sum over i of factors[i][f] * spectra[y + i][p][f], complex numbers as pairs; `n` is even. The
   factors come in strips of SPECTRUM_STRIP numbers, those of all taps together so that they stay in the first cache: of
   each tap the real parts, each twice for both members of a pair, then the imaginary parts likewise. One rounding for
   each product of f32, two for f64, in the order of i: same bits at every level and for every division of the rows. */
#ifndef LEVEL
#ifndef IMGPROC_SPECTRUM_H
#define IMGPROC_SPECTRUM_H
#include "simd/correlate_vectors.h"

enum { SPECTRUM_STRIP = 64 };

INLINE f32 spectrum_product_f32(f32 sum, f32 s, f32 w) { return fused_f32(s, w, sum); }
INLINE f64 spectrum_product_f64(f64 sum, f64 s, f64 w) { return sum + s * w; }

#define SIMD_SOURCE "simd/spectrum.h"
#include "simd/levels.h"
DISPATCH(void, spectrum_f32, (const f32 *spectra, ptrdiff_t stride, const f32 *factors, ptrdiff_t taps, ptrdiff_t pieces,
                              ptrdiff_t n, f32 *out, ptrdiff_t out_stride, ptrdiff_t rows),
         (spectra, stride, factors, taps, pieces, n, out, out_stride, rows))
DISPATCH(void, spectrum_f64, (const f64 *spectra, ptrdiff_t stride, const f64 *factors, ptrdiff_t taps, ptrdiff_t pieces,
                              ptrdiff_t n, f64 *out, ptrdiff_t out_stride, ptrdiff_t rows),
         (spectra, stride, factors, taps, pieces, n, out, out_stride, rows))
#endif

#else

#define OF(name) FN(name##_f32)
#define NUMBER f32
#define LANES ((ptrdiff_t)(sizeof(FN(vector_f32)) / sizeof(f32)))
#define PLAIN spectrum_product_f32
#include "simd/spectrum_sums.h"

#define OF(name) FN(name##_f64)
#define NUMBER f64
#define LANES ((ptrdiff_t)(sizeof(FN(vector_f64)) / sizeof(f64)))
#define PLAIN spectrum_product_f64
#include "simd/spectrum_sums.h"

#endif
