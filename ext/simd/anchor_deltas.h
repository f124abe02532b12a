/* Deltas between float32 anchors and boxes. Logarithms and exponentials are sums of powers in float64, good to 2^-36, and
   rounded to float32 once: the same bits at every level, and faster than a call for each. */
#ifndef LEVEL
#include "simd/common.h"

#define DELTA_BLOCK 128

typedef struct {
    f32 x1[DELTA_BLOCK], y1[DELTA_BLOCK], x2[DELTA_BLOCK], y2[DELTA_BLOCK];
} DeltaColumns;

#define SIMD_SOURCE "simd/anchor_deltas.h"
#include "simd/levels.h"
/* n rows of four. */
DISPATCH(void, encode_f32, (const f32 *boxes, const f32 *anchors, const f32 *weights, f32 *deltas, ptrdiff_t n),
         (boxes, anchors, weights, deltas, n))
/* n rows of four deltas, `each` of them in turn for one anchor. */
DISPATCH(void, decode_f32,
         (const f32 *deltas, const f32 *anchors, ptrdiff_t each, const f32 *weights, f32 most, f32 *boxes, ptrdiff_t n),
         (deltas, anchors, each, weights, most, boxes, n))

#else
#include "simd/powers.h"

static void FN(take_apart)(const f32 *restrict rows, ptrdiff_t n, DeltaColumns *restrict columns) {
    for (ptrdiff_t i = 0; i < n; i++) {
        columns->x1[i] = rows[4 * i];
        columns->y1[i] = rows[4 * i + 1];
        columns->x2[i] = rows[4 * i + 2];
        columns->y2[i] = rows[4 * i + 3];
    }
}

static void FN(put_together)(const DeltaColumns *restrict columns, ptrdiff_t n, f32 *restrict rows) {
    for (ptrdiff_t i = 0; i < n; i++) {
        rows[4 * i] = columns->x1[i];
        rows[4 * i + 1] = columns->y1[i];
        rows[4 * i + 2] = columns->x2[i];
        rows[4 * i + 3] = columns->y2[i];
    }
}

INLINE void FN(encode_axis)(f32 *restrict low, f32 *restrict high, const f32 *restrict own_low,
                            const f32 *restrict own_high, ptrdiff_t n, f32 move, f32 grow) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const f32 side = high[i] - low[i], own = own_high[i] - own_low[i];
        const f32 delta = move * ((low[i] + 0.5f * side) - (own_low[i] + 0.5f * own)) / own;
        high[i] = grow * (f32)FN(ln)((f64)side / (f64)own);
        low[i] = delta;
    }
}

static void FN(encode_f32)(const f32 *boxes, const f32 *anchors, const f32 *weights, f32 *deltas, ptrdiff_t n) {
    DeltaColumns box, own;
    for (ptrdiff_t start = 0; start < n; start += DELTA_BLOCK) {
        const ptrdiff_t part = n - start < DELTA_BLOCK ? n - start : DELTA_BLOCK;
        FN(take_apart)(boxes + 4 * start, part, &box);
        FN(take_apart)(anchors + 4 * start, part, &own);
        FN(encode_axis)(box.x1, box.x2, own.x1, own.x2, part, weights[0], weights[2]);
        FN(encode_axis)(box.y1, box.y2, own.y1, own.y2, part, weights[1], weights[3]);
        FN(put_together)(&box, part, deltas + 4 * start);
    }
}

INLINE void FN(decode_axis)(f32 *restrict moved, f32 *restrict grown, const f32 *restrict own_low,
                            const f32 *restrict own_high, ptrdiff_t n, f32 move, f32 grow, f32 most) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const f32 own = own_high[i] - own_low[i], ratio = grown[i] / grow;
        const f32 centre = moved[i] / move * own + (own_low[i] + 0.5f * own);
        f64 x = ratio < most ? ratio : most;
        x = x > -700 ? x : -700;
        x = x < 700 ? x : 700;
        const f32 reach = 0.5f * ((f32)FN(power)(x) * own);
        moved[i] = centre - reach;
        grown[i] = centre + reach;
    }
}

static void FN(decode_f32)(const f32 *deltas, const f32 *anchors, ptrdiff_t each, const f32 *weights, f32 most,
                           f32 *boxes, ptrdiff_t n) {
    DeltaColumns box, own;
    for (ptrdiff_t start = 0; start < n; start += DELTA_BLOCK) {
        const ptrdiff_t part = n - start < DELTA_BLOCK ? n - start : DELTA_BLOCK;
        FN(take_apart)(deltas + 4 * start, part, &box);
        if (each == 1) FN(take_apart)(anchors + 4 * start, part, &own);
        for (ptrdiff_t i = 0; each > 1 && i < part; i++) {
            const f32 *anchor = anchors + 4 * ((start + i) / each);
            own.x1[i] = anchor[0];
            own.y1[i] = anchor[1];
            own.x2[i] = anchor[2];
            own.y2[i] = anchor[3];
        }
        FN(decode_axis)(box.x1, box.x2, own.x1, own.x2, part, weights[0], weights[2], most);
        FN(decode_axis)(box.y1, box.y2, own.y1, own.y2, part, weights[1], weights[3], most);
        FN(put_together)(&box, part, boxes + 4 * start);
    }
}

#endif
