/* What a chosen box leaves of the scores of those around it: a block of boxes at a time, written once for all levels. */
#ifndef LEVEL
#ifndef IMGPROC_DECAY_H
#define IMGPROC_DECAY_H
#include "simd/rivals.h"

#define BLOCK 64
#define GONE (-1.0) /* the score of a box that was chosen or has fallen too low */

typedef struct {
    int gaussian;
    f64 threshold; /* linear: overlaps from here on count */
    f64 scale;     /* Gaussian: -1 / sigma */
    f64 least;     /* scores below are gone; not negative */
} Decay;

/* exp(x) for x <= 0, within 2 units in the last place; 1 for 0, and 0 below -708, where float64 loses digits. */
INLINE f64 falling_exp(f64 x) {
    const f64 inside = x > -708.0 ? x : -708.0, shifted = inside * 0x1.71547652b82fep+0 + 0x1.8p52;
    const f64 n = shifted - 0x1.8p52, r = (inside - n * 0x1.62e42feep-1) - n * 0x1.a39ef35793c76p-33;
    u64 bits;
    memcpy(&bits, &shifted, sizeof bits);
    f64 sum = 1.0 / 6227020800.0;
    sum = sum * r + 1.0 / 479001600.0;
    sum = sum * r + 1.0 / 39916800.0;
    sum = sum * r + 1.0 / 3628800.0;
    sum = sum * r + 1.0 / 362880.0;
    sum = sum * r + 1.0 / 40320.0;
    sum = sum * r + 1.0 / 5040.0;
    sum = sum * r + 1.0 / 720.0;
    sum = sum * r + 1.0 / 120.0;
    sum = sum * r + 1.0 / 24.0;
    sum = sum * r + 1.0 / 6.0;
    sum = sum * r + 0.5;
    sum = sum * r + 1.0;
    sum = sum * r + 1.0;
    f64 power;
    bits = (bits + 1023) << 52;
    memcpy(&power, &bits, sizeof power);
    return x > -708.0 ? sum * power : 0.0;
}

#define DEFINE_BLOCK(T)                                                                                    \
    typedef struct {                                                                                       \
        T x1[BLOCK], y1[BLOCK], x2[BLOCK], y2[BLOCK], area[BLOCK];                                         \
        f64 score[BLOCK];                                                                                  \
        i64 index[BLOCK];                                                                                  \
    } Block_##T;
DEFINE_BLOCK(f32)
DEFINE_BLOCK(f64)
#undef DEFINE_BLOCK

/* decay: new scores of a block beside the chosen box; gives the highest, and how many are left. */
#define DEFINE_DECAY(T)                                                                                    \
    static f64 FN(decay_##T)(Block_##T *block, Box_##T box, Decay rule, i64 *left) {                      \
        f64 overlap[BLOCK];                                                                                \
        for (int j = 0; j < BLOCK; j++) {                                                                  \
            T w = (block->x2[j] < box.x2 ? block->x2[j] : box.x2) - (block->x1[j] > box.x1 ? block->x1[j] : box.x1); \
            T h = (block->y2[j] < box.y2 ? block->y2[j] : box.y2) - (block->y1[j] > box.y1 ? block->y1[j] : box.y1); \
            w = w > 0 ? w : 0;                                                                             \
            h = h > 0 ? h : 0;                                                                             \
            const T inter = w * h, iou = inter / (block->area[j] + box.area - inter);                      \
            overlap[j] = iou >= 0 ? (f64)iou : 0.0;                                                        \
        }                                                                                                  \
        if (rule.gaussian)                                                                                 \
            for (int j = 0; j < BLOCK; j++) overlap[j] = falling_exp(overlap[j] * overlap[j] * rule.scale); \
        else                                                                                               \
            for (int j = 0; j < BLOCK; j++) overlap[j] = overlap[j] >= rule.threshold ? 1 - overlap[j] : 1; \
        for (int j = 0; j < BLOCK; j++) {                                                                  \
            const f64 old = block->score[j], score = old * overlap[j];                                     \
            const f64 left = score >= rule.least ? score : GONE;                                           \
            block->score[j] = old >= 0 ? left : GONE;                                                      \
        }                                                                                                  \
        *left = 0;                                                                                         \
        for (int j = 0; j < BLOCK; j++) *left += block->score[j] >= 0;                                     \
        return FN(highest)(block->score, BLOCK);                                                           \
    }                                                                                                      \
    static void FN(touched_##T)(const T *corners, ptrdiff_t n, Box_##T box, u8 *touched) {                 \
        const T *x1 = corners, *y1 = corners + n, *x2 = corners + 2 * n, *y2 = corners + 3 * n;            \
        for (ptrdiff_t i = 0; i < n; i++)                                                                  \
            touched[i] = (x1[i] < box.x2) & (y1[i] < box.y2) & (x2[i] > box.x1) & (y2[i] > box.y1);        \
    }

#define SIMD_SOURCE "simd/decay.h"
#include "simd/levels.h"
DISPATCH(f64, highest, (const f64 *values, ptrdiff_t n), (values, n))
DISPATCH(f64, decay_f32, (Block_f32 *block, Box_f32 box, Decay rule, i64 *left), (block, box, rule, left))
DISPATCH(f64, decay_f64, (Block_f64 *block, Box_f64 box, Decay rule, i64 *left), (block, box, rule, left))
DISPATCH(void, touched_f32, (const f32 *corners, ptrdiff_t n, Box_f32 box, u8 *touched), (corners, n, box, touched))
DISPATCH(void, touched_f64, (const f64 *corners, ptrdiff_t n, Box_f64 box, u8 *touched), (corners, n, box, touched))
#endif

#else

/* The highest of values free of NaN, GONE for none. */
static f64 FN(highest)(const f64 *values, ptrdiff_t n) {
    f64 lanes[16], best = GONE;
    ptrdiff_t i = 0;
    for (int lane = 0; lane < 16; lane++) lanes[lane] = GONE;
    for (; i + 16 <= n; i += 16)
        for (int lane = 0; lane < 16; lane++)
            lanes[lane] = values[i + lane] > lanes[lane] ? values[i + lane] : lanes[lane];
    for (; i < n; i++) best = values[i] > best ? values[i] : best;
    for (int lane = 0; lane < 16; lane++) best = lanes[lane] > best ? lanes[lane] : best;
    return best;
}

DEFINE_DECAY(f32)
DEFINE_DECAY(f64)
#endif
