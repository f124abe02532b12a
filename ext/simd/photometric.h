/* What two images differ by at each pixel: absolute differences and structural dissimilarities from means of windows. */
#ifndef LEVEL
#ifndef IMGPROC_PHOTOMETRIC_H
#define IMGPROC_PHOTOMETRIC_H
#include "simd/common.h"

/* Samples of two images and the means of windows of a, b, a a, b b and a b. */
typedef struct {
    const f32 *a, *b, *mean_a, *mean_b, *square_a, *square_b, *both;
    f32 plain, structure; /* shares; the means are not read where the second is 0 */
} Photometric;

/* Pixels in a block: what is known of their samples stays in the nearest cache until the channels are summed. */
enum { PHOTOMETRIC_BLOCK = 256 };

#define SIMD_SOURCE "simd/photometric.h"
#include "simd/levels.h"

/* Pixels [i0, i1) of 1 or 3 channels: out = plain mean(|a - b|) + structure mean(clip((1 - SSIM) / 2, 0, 1)), means over the
   channels, every operation rounded; NaN where it comes in. */
DISPATCH(void, photometric, (const Photometric *images, f32 *out, int channels, ptrdiff_t i0, ptrdiff_t i1),
         (images, out, channels, i0, i1))
#endif

#else

INLINE void FN(dissimilar)(const Photometric *p, ptrdiff_t at, int n, f32 *restrict apart) {
    const f32 c1 = (f32)(0.01 * 0.01), c2 = (f32)(0.03 * 0.03);
    for (int k = 0; k < n; k++) {
        const f32 a = p->mean_a[at + k], b = p->mean_b[at + k], a_a = a * a, b_b = b * b;
        const f32 variances = p->square_a[at + k] - a_a + p->square_b[at + k] - b_b, covariance = p->both[at + k] - a * b;
        const f32 above = (2 * a * b + c1) * (2 * covariance + c2), below = (a_a + b_b + c1) * (variances + c2);
        const f32 half = (1 - above / below) * 0.5f, low = half < 0 ? 0 : half;
        apart[k] = low > 1 ? 1 : low;
    }
}

INLINE f32 FN(channel_mean)(const f32 *v, int channels) { return channels == 1 ? v[0] : (v[0] + v[1] + v[2]) / 3; }

INLINE void FN(photometric_any)(const Photometric *p, f32 *out, int channels, ptrdiff_t i0, ptrdiff_t i1) {
    f32 samples[3 * PHOTOMETRIC_BLOCK];
    for (ptrdiff_t i = i0; i < i1; i += PHOTOMETRIC_BLOCK) {
        const int pixels = i1 - i < PHOTOMETRIC_BLOCK ? (int)(i1 - i) : PHOTOMETRIC_BLOCK, n = pixels * channels;
        const ptrdiff_t at = i * channels;
        for (int k = 0; k < n; k++) samples[k] = fabsf(p->a[at + k] - p->b[at + k]);
        for (int k = 0; k < pixels; k++) out[i + k] = p->plain * FN(channel_mean)(samples + k * channels, channels);
        if (p->structure == 0) continue;
        FN(dissimilar)(p, at, n, samples);
        for (int k = 0; k < pixels; k++) out[i + k] += p->structure * FN(channel_mean)(samples + k * channels, channels);
    }
}

static void FN(photometric)(const Photometric *images, f32 *out, int channels, ptrdiff_t i0, ptrdiff_t i1) {
    if (channels == 1) FN(photometric_any)(images, out, 1, i0, i1);
    else FN(photometric_any)(images, out, 3, i0, i1);
}

#endif
