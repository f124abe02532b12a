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

/* ln of a quotient of two positive float32, which is a normal float64. With the mantissa m from 1/√2 to √2 and
   s = (m - 1) / (m + 1), ln m = 2 (s + s^3 / 3 + s^5 / 5 ...); s^2 < 0.0295. */
INLINE f64 FN(ln)(f64 x) {
    u64 bits;
    f64 m, exponent;
    memcpy(&bits, &x, sizeof bits);
    /* The exponent plus 1024, then as the last bits of 2^52: AVX2 has no conversion from 64-bit integers. */
    const u64 raised = (bits - 0x3fe6a09e667f3bcdu /* 1 / sqrt(2) */ + ((u64)1024 << 52)) >> 52;
    const u64 counted = 0x4330000000000000u | raised;
    memcpy(&exponent, &counted, sizeof exponent);
    exponent -= 4503599627370496.0 + 1024.0;
    bits -= (raised - 1024) << 52;
    memcpy(&m, &bits, sizeof m);
    const f64 s = (m - 1) / (m + 1), q = s * s;
    const f64 odd = 1 + q * (1 / 3.0 + q * (1 / 5.0 + q * (1 / 7.0 + q * (1 / 9.0 + q * (1 / 11.0 + q * (1 / 13.0))))));
    return exponent * 0.69314718055994531 + 2 * s * odd;
}

/* e^x for x from -700 to 700: 2^k e^r with |r| <= ln(2) / 2. */
INLINE f64 FN(power)(f64 x) {
    const f64 magic = 6755399441055744.0; /* 1.5 * 2^52: adding it leaves the nearest integer in the low bits */
    const f64 shifted = x * 1.4426950408889634 + magic, k = shifted - magic;
    const f64 r = (x - k * 0.6931471803691238) - k * 1.9082149292705877e-10;
    const f64 e = 1 + r * (1 + r * (1 / 2.0 + r * (1 / 6.0 + r * (1 / 24.0 + r * (1 / 120.0 + r * (1 / 720.0 +
                  r * (1 / 5040.0 + r * (1 / 40320.0 + r * (1 / 362880.0)))))))));
    u64 bits, whole;
    f64 result;
    memcpy(&whole, &shifted, sizeof whole);
    memcpy(&bits, &e, sizeof bits);
    bits += whole << 52;
    memcpy(&result, &bits, sizeof result);
    return result;
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
