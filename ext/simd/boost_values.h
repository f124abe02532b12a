/* Feature values of groups of windows, and their codes of 8 bits. */
#ifndef LEVEL
#include "simd/boost_source.h"
#define SIMD_SOURCE "simd/boost_values.h"
#include "simd/levels.h"
/* The values of one feature for one group, float32 as a cascade computes them; of LBP features their codes. */
DISPATCH(void, boost_values, (const BoostSource *s, const BoostFeature *feature, ptrdiff_t group, f32 *values),
         (s, feature, group, values))
/* Codes of `count` features for all groups. Codes rise with the values, and each stands for about equally many windows.
   Row f holds, from rows + f * pitch, the higher four bits of all windows, then the lower four: those of windows k and
   k + 64 of a group share a byte. */
DISPATCH(void, boost_encode,
         (const BoostSource *s, const BoostFeature *features, ptrdiff_t count, f32 *maps, u8 *rows, ptrdiff_t pitch),
         (s, features, count, maps, rows, pitch))

#else

INLINE void FN(haar_group)(const BoostFeature *f, const u32 *sums, const f32 *restrict norms, f32 *restrict values) {
    const u32 *p[12];
    for (int i = 0; i < 12; i++) p[i] = sums + (ptrdiff_t)f->corners[i] * BOOST_GROUP;
    const f32 w0 = f->weights[0], w1 = f->weights[1], w2 = f->weights[2];
#define SUM(r) ((f32)(i32)(p[4 * r][i] - p[4 * r + 1][i] - p[4 * r + 2][i] + p[4 * r + 3][i]))
    if (f->rectangles > 2) {
        for (ptrdiff_t i = 0; i < BOOST_GROUP; i++) values[i] = (w0 * SUM(0) + w1 * SUM(1) + w2 * SUM(2)) * norms[i];
    } else {
        for (ptrdiff_t i = 0; i < BOOST_GROUP; i++) values[i] = (w0 * SUM(0) + w1 * SUM(1)) * norms[i];
    }
#undef SUM
}

INLINE void FN(lbp_group)(const BoostFeature *f, const u32 *sums, u8 *restrict codes) {
    const u32 *p[16];
    for (int i = 0; i < 16; i++) p[i] = sums + (ptrdiff_t)f->corners[i] * BOOST_GROUP;
#define BLOCK(k) ((i32)(p[k][i] - p[(k) + 1][i] - p[(k) + 4][i] + p[(k) + 5][i]))
    for (ptrdiff_t i = 0; i < BOOST_GROUP; i++) {
        const i32 middle = BLOCK(5);
        codes[i] = (u8)((BLOCK(0) >= middle) << 7 | (BLOCK(1) >= middle) << 6 | (BLOCK(2) >= middle) << 5 |
                        (BLOCK(6) >= middle) << 4 | (BLOCK(10) >= middle) << 3 | (BLOCK(9) >= middle) << 2 |
                        (BLOCK(8) >= middle) << 1 | (BLOCK(4) >= middle));
    }
#undef BLOCK
}

static void FN(boost_values)(const BoostSource *s, const BoostFeature *f, ptrdiff_t group, f32 *values) {
    if (s->kind == BOOST_MATRIX) {
        memcpy(values, s->matrix + (f->row * s->groups + group) * BOOST_GROUP, BOOST_GROUP * sizeof *values);
        return;
    }
    const u32 *sums = s->sums + group * s->planes * BOOST_GROUP;
    if (s->kind == BOOST_HAAR) {
        FN(haar_group)(f, sums, s->norms + group * BOOST_GROUP, values);
        return;
    }
    u8 codes[BOOST_GROUP];
    FN(lbp_group)(f, sums, codes);
    for (ptrdiff_t i = 0; i < BOOST_GROUP; i++) values[i] = codes[i];
}

/* Middle and spread of a feature over at most 4 groups: only how well codes tell windows apart hangs on them. */
INLINE void FN(measure)(const BoostSource *s, const BoostFeature *f, f32 *map) {
    f32 values[4][BOOST_GROUP];
    ptrdiff_t filled[4], count = 0, taken = s->groups < 4 ? s->groups : 4;
    f64 sum = 0, spread = 0;
    for (ptrdiff_t k = 0; k < taken; k++) {
        const ptrdiff_t group = taken < 2 ? 0 : k * (s->groups - 1) / (taken - 1);
        FN(boost_values)(s, f, group, values[k]);
        count += filled[k] = boost_filled(s, group);
        for (ptrdiff_t i = 0; i < filled[k]; i++) sum += values[k][i];
    }
    const f64 middle = sum / (f64)(count ? count : 1);
    for (ptrdiff_t k = 0; k < taken; k++)
        for (ptrdiff_t i = 0; i < filled[k]; i++) spread += fabs(values[k][i] - middle);
    const f64 scale = spread > 0 ? (f64)count / spread : 0;
    map[0] = (f32)middle;
    map[1] = scale < 1e30 ? (f32)scale : 0;
}

/* Every step keeps the order of its argument after rounding, so codes rise with the values. */
INLINE void FN(code_group)(const f32 *restrict values, f32 middle, f32 scale, u8 *restrict codes) {
    i32 wide[BOOST_GROUP];
    for (ptrdiff_t i = 0; i < BOOST_GROUP; i++) {
        const f32 z = scale > 0 ? (values[i] - middle) * scale : 0.0f;
        const f32 rest = 127.99f / (1.0f + fabsf(z));
        const i32 whole = (i32)rest;
        wide[i] = z < 0 ? whole : 255 - whole;
    }
    for (ptrdiff_t i = 0; i < BOOST_GROUP; i++) codes[i] = (u8)wide[i];
}

static void FN(boost_encode)(const BoostSource *s, const BoostFeature *features, ptrdiff_t count, f32 *maps, u8 *rows,
                             ptrdiff_t pitch) {
    const ptrdiff_t half = s->groups * (BOOST_GROUP / 2);
    if (s->kind != BOOST_LBP)
        for (ptrdiff_t f = 0; f < count; f++) FN(measure)(s, features + f, maps + 2 * f);
    for (ptrdiff_t group = 0; group < s->groups; group++) {
        for (ptrdiff_t f = 0; f < count; f++) {
            f32 values[BOOST_GROUP];
            u8 codes[BOOST_GROUP];
            if (s->kind == BOOST_LBP) {
                FN(lbp_group)(features + f, s->sums + group * s->planes * BOOST_GROUP, codes);
            } else {
                FN(boost_values)(s, features + f, group, values);
                FN(code_group)(values, maps[2 * f], maps[2 * f + 1], codes);
            }
            u8 *restrict high = rows + f * pitch + group * (BOOST_GROUP / 2), *restrict low = high + half;
            for (ptrdiff_t i = 0; i < BOOST_GROUP / 2; i++) {
                high[i] = (u8)(codes[i] >> 4 | (codes[i + 64] & 0xf0));
                low[i] = (u8)((codes[i] & 0x0f) | codes[i + 64] << 4);
            }
        }
    }
}

#endif
