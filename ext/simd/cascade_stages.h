/* Whether windows pass a stage of a cascade: one window exactly, and as many as a vector holds at once. */
#ifndef LEVEL
#ifndef IMGPROC_CASCADE_STAGES_H
#define IMGPROC_CASCADE_STAGES_H
#include "simd/cascade_model.h"

#define CASCADE_WINDOWS FN(CASCADE_WINDOWS)
#if defined(__GNUC__)
#define CASCADE_WINDOWS_baseline 4
#else
#define CASCADE_WINDOWS_baseline 1
#endif
#define CASCADE_WINDOWS_avx2 8
#define CASCADE_WINDOWS_avx512 16

#define SIMD_SOURCE "simd/cascade_stages.h"
#include "simd/levels.h"
#endif
#else

INLINE u32 FN(corner_sum)(const u32 *p, const i32 *o) { return p[o[0]] - p[o[1]] - p[o[2]] + p[o[3]]; }

/* Whether one window goes left at a node: OpenCV's arithmetic, whose products and sums are float32 in this order. */
INLINE int FN(goes_left)(const u32 *p, const CascadeNode *node, f32 norm, int lbp) {
    const i32 *o = node->offsets;
    if (!lbp) {
        f32 value = node->weights[0] * (f32)(i32)FN(corner_sum)(p, o) + node->weights[1] * (f32)(i32)FN(corner_sum)(p, o + 4);
        if (node->rectangles > 2) value += node->weights[2] * (f32)(i32)FN(corner_sum)(p, o + 8);
        return value * norm < node->threshold;
    }
#define BLOCK(i) ((i32)(p[o[i]] - p[o[(i) + 1]] - p[o[(i) + 4]] + p[o[(i) + 5]]))
    const i32 middle = BLOCK(5);
    const u32 code = (u32)(BLOCK(0) >= middle) << 7 | (u32)(BLOCK(1) >= middle) << 6 | (u32)(BLOCK(2) >= middle) << 5 |
                     (u32)(BLOCK(6) >= middle) << 4 | (u32)(BLOCK(10) >= middle) << 3 | (u32)(BLOCK(9) >= middle) << 2 |
                     (u32)(BLOCK(8) >= middle) << 1 | (u32)(BLOCK(4) >= middle);
#undef BLOCK
    return node->subset[code >> 5] >> (code & 31) & 1;
}

/* The sum of a stage's leaves for one window, in float64: exact, whatever the order. */
INLINE f64 FN(stage_sum)(const CascadeModel *m, int stage, const u32 *p, f32 norm, int lbp) {
    f64 sum = 0;
    for (i32 t = m->first_tree[stage]; t < m->first_tree[stage + 1]; t++) {
        const CascadeNode *tree = m->nodes + m->first_node[t];
        i32 at = 0;
        do at = FN(goes_left)(p, tree + at, norm, lbp) ? tree[at].left : tree[at].right;
        while (at > 0);
        sum += m->leaves[m->first_node[t] + t - at];
    }
    return sum;
}

#if defined(__GNUC__)
typedef i32 FN(words) __attribute__((vector_size(4 * CASCADE_WINDOWS)));
typedef f32 FN(reals) __attribute__((vector_size(4 * CASCADE_WINDOWS)));
#define WORDS FN(words)
#define REALS FN(reals)

INLINE WORDS FN(load_words)(const void *p) {
    WORDS v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE WORDS FN(corner_sums)(const u32 *p, const i32 *o) {
    return FN(load_words)(p + o[0]) - FN(load_words)(p + o[1]) - FN(load_words)(p + o[2]) + FN(load_words)(p + o[3]);
}

/* All bits set in the lanes of windows that go left. */
INLINE WORDS FN(go_left)(const u32 *p, const CascadeNode *node, REALS norm, int lbp) {
    const i32 *o = node->offsets;
    if (!lbp) {
        REALS value = __builtin_convertvector(FN(corner_sums)(p, o), REALS) * node->weights[0] +
                      __builtin_convertvector(FN(corner_sums)(p, o + 4), REALS) * node->weights[1];
        if (node->rectangles > 2) value += __builtin_convertvector(FN(corner_sums)(p, o + 8), REALS) * node->weights[2];
        return (WORDS)(value * norm < node->threshold);
    }
    WORDS c[16];
    for (int i = 0; i < 16; i++) c[i] = FN(load_words)(p + o[i]);
#define BLOCK(i) (c[i] - c[(i) + 1] - c[(i) + 4] + c[(i) + 5])
    const WORDS middle = BLOCK(5);
    const WORDS code = ((BLOCK(0) >= middle) & 128) | ((BLOCK(1) >= middle) & 64) | ((BLOCK(2) >= middle) & 32) |
                       ((BLOCK(6) >= middle) & 16) | ((BLOCK(10) >= middle) & 8) | ((BLOCK(9) >= middle) & 4) |
                       ((BLOCK(8) >= middle) & 2) | ((BLOCK(4) >= middle) & 1);
#undef BLOCK
#if LEVEL == LEVEL_AVX512
    const __m512i subset = _mm512_broadcast_i64x4(_mm256_loadu_si256((const void *)node->subset));
    const __m512i word = _mm512_permutexvar_epi32(_mm512_srli_epi32((__m512i)code, 5), subset);
    return -(WORDS)_mm512_and_si512(_mm512_srlv_epi32(word, _mm512_and_si512((__m512i)code, _mm512_set1_epi32(31))),
                                    _mm512_set1_epi32(1));
#elif LEVEL == LEVEL_AVX2
    const __m256i subset = _mm256_loadu_si256((const void *)node->subset);
    const __m256i word = _mm256_permutevar8x32_epi32(subset, _mm256_srli_epi32((__m256i)code, 5));
    return -(WORDS)_mm256_and_si256(_mm256_srlv_epi32(word, _mm256_and_si256((__m256i)code, _mm256_set1_epi32(31))),
                                    _mm256_set1_epi32(1));
#else
    WORDS held;
    for (int i = 0; i < CASCADE_WINDOWS; i++) held[i] = -(i32)(node->subset[code[i] >> 5] >> (code[i] & 31) & 1);
    return held;
#endif
}

INLINE REALS FN(choose)(WORDS mask, REALS a, REALS b) { return (REALS)(((WORDS)a & mask) | ((WORDS)b & ~mask)); }

INLINE u32 FN(lanes_set)(WORDS mask) {
#if LEVEL == LEVEL_AVX512
    return _mm512_movepi32_mask((__m512i)mask);
#elif LEVEL == LEVEL_AVX2
    return (u32)_mm256_movemask_ps((__m256)mask);
#else
    u32 bits = 0;
    for (int i = 0; i < CASCADE_WINDOWS; i++) bits |= (u32)(mask[i] & 1) << i;
    return bits;
#endif
}

/* Which of the windows `open` pass a stage. The float32 sums decide unless they are within their error of the threshold. */
INLINE u32 FN(stage_windows)(const CascadeModel *m, int stage, const u32 *p, const f32 *norms, u32 open, int lbp, int stumps) {
    const REALS norm = lbp ? (REALS){0} : (REALS)FN(load_words)(norms);
    REALS sum = {0};
    for (i32 t = m->first_tree[stage]; t < m->first_tree[stage + 1]; t++) {
        const CascadeNode *tree = m->nodes + m->first_node[t];
        const f32 *leaves = m->leaves + m->first_node[t] + t;
        const WORDS left = FN(go_left)(p, tree, norm, lbp);
        const REALS none = {0};
        if (stumps) {
            sum += FN(choose)(left, none + leaves[0], none + leaves[1]);
            continue;
        }
        /* Children come after their parents, so one pass over the nodes follows all windows to their leaves. */
        WORDS at = (left & tree->left) | (~left & tree->right);
        const i32 count = m->first_node[t + 1] - m->first_node[t];
        for (i32 n = 1; n < count; n++) {
            const WORDS here = at == n, way = FN(go_left)(p, tree + n, norm, lbp);
            at = (here & ((way & tree[n].left) | (~way & tree[n].right))) | (~here & at);
        }
        REALS value = none;
        for (i32 n = 0; n <= count; n++) value = FN(choose)(at == -n, none + leaves[n], value);
        sum += value;
    }
    const f32 threshold = m->thresholds[stage], slack = m->slack[stage];
    const u32 sure = FN(lanes_set)((WORDS)(sum >= threshold + slack)) & open;
    u32 near = FN(lanes_set)((WORDS)(sum >= threshold - slack)) & open & ~sure, pass = sure;
    for (; near; near &= near - 1) {
        const int i = __builtin_ctz(near);
        if (FN(stage_sum)(m, stage, p + i, lbp ? 0 : norms[i], lbp) >= threshold) pass |= 1u << i;
    }
    return pass;
}
#undef WORDS
#undef REALS
INLINE int FN(first_bit)(u32 bits) { return __builtin_ctz(bits); }
INLINE int FN(bit_count)(u32 bits) { return __builtin_popcount(bits); }
#else
INLINE int FN(first_bit)(u32 bits) { return (void)bits, 0; }
INLINE int FN(bit_count)(u32 bits) { return (int)bits; }
INLINE u32 FN(stage_windows)(const CascadeModel *m, int stage, const u32 *p, const f32 *norms, u32 open, int lbp, int stumps) {
    (void)stumps;
    return open && FN(stage_sum)(m, stage, p, lbp ? 0 : *norms, lbp) >= m->thresholds[stage];
}
#endif

#endif
