/* Correlation with a large kernel: transforms down the columns, products summed along the rows, transforms back.

   A block of `length` rows gives length - kernel height + 1 rows of results (overlap-save). Columns lie side by side, so
   that a vector holds the same row of several of them, and no transform shuffles. Two columns are transformed as one
   complex number: those of the left and of the right half of a section, `a + i b`, which real weights keep apart. The
   transforms leave frequencies in the order that their last step makes, in which the factors come too. */
#ifndef LEVEL
#ifndef IMGPROC_SPECTRUM_H
#define IMGPROC_SPECTRUM_H
#include "simd/correlate_rows.h"
#include "simd/correlate_vectors.h"

enum {
    SPECTRUM_CHUNK = 128, /* columns of each half whose spectra are kept at a time: those of 256 rows fit the second cache */
    SPECTRUM_GROUP = 16   /* columns that are transformed together, at most: those of 256 rows fit the first cache */
};

/* A correlation by transforms; `c.reach` is that of the kernel, whose step across is the number of channels. */
typedef struct {
    Correlation c;
    ptrdiff_t length;     /* rows in a transform, a power of two from 4 on */
    const void *twiddles; /* of each step but a last one of two: exp(-2 pi i k f / m) for k < m / 4 and f = 2, 1, 3, as pairs */
    const void *factors;  /* of each frequency and column of the kernel: real part, imaginary part, minus imaginary part */
} Spectrum;

#define SIMD_SOURCE "simd/spectrum.h"
#include "simd/levels.h"

/* Rows [y, y1) of the result, at most length - kernel height + 1, in the pixels [x, x1). Returns 1 where sums are not
   finite and the block has to be made otherwise, -1 where there is no memory: the work takes
   O(length (SPECTRUM_CHUNK + kernel width * channels)) numbers. Same bits at every level. */
DISPATCH(int, spectrum_f32, (const Spectrum *s, const void *src, ptrdiff_t src_stride, char *dst, ptrdiff_t dst_stride,
                             ptrdiff_t y, ptrdiff_t y1, ptrdiff_t x, ptrdiff_t x1),
         (s, src, src_stride, dst, dst_stride, y, y1, x, x1))
DISPATCH(int, spectrum_f64, (const Spectrum *s, const void *src, ptrdiff_t src_stride, char *dst, ptrdiff_t dst_stride,
                             ptrdiff_t y, ptrdiff_t y1, ptrdiff_t x, ptrdiff_t x1),
         (s, src, src_stride, dst, dst_stride, y, y1, x, x1))
#endif

#else

#define OF(name) FN(name##_f32)
#define NUMBER f32
#define LANES ((ptrdiff_t)(sizeof(FN(vector_f32)) / sizeof(f32)))
#include "simd/spectrum_transforms.h"
#include "simd/spectrum_blocks.h"
#undef OF
#undef NUMBER
#undef LANES

#define OF(name) FN(name##_f64)
#define NUMBER f64
#define LANES ((ptrdiff_t)(sizeof(FN(vector_f64)) / sizeof(f64)))
#include "simd/spectrum_transforms.h"
#include "simd/spectrum_blocks.h"
#undef OF
#undef NUMBER
#undef LANES

#endif
