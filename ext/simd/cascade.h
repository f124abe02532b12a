/* Boosted cascades over rectangle features (P. Viola, M. Jones, 2001): which windows of a tile pass every stage.

   A tile is some rows of windows of one scale. Its sums lie in `planes`, the columns apart by `step`, so that windows
   that are `step` pixels from each other have their corners next to each other: a vector of windows is one load for
   each corner. Sums are modulo 2^32, which differences undo. */
#ifndef LEVEL
#ifndef IMGPROC_CASCADE_H
#define IMGPROC_CASCADE_H

#include "simd/common.h"

/* A node tests one feature. Haar: the sums of `rectangles` (2 or 3) rectangles, times their weights, times the window's
   norm, against `threshold`. LBP: which of the 8 blocks around the middle of 3 x 3 have at least its sum, as a byte that
   `subset` holds or not. The corners of the rectangles, or the 16 of the blocks in rows, are `offsets` from the window's.
   `left` (below the threshold, or in the subset) and `right` are nodes of the tree if > 0, else leaves, negated. */
typedef struct {
    i32 offsets[16];
    f32 weights[3];
    f32 threshold;
    u32 subset[8];
    i32 left, right, rectangles;
} CascadeNode;

/* Trees first_node[t] to first_node[t + 1] of nodes; leaves of tree t begin at first_node[t] + t. */
typedef struct {
    const i32 *first_node;
    const CascadeNode *nodes;
    const f32 *leaves;
    const i32 *first_tree; /* of each stage, and their number */
    const f32 *thresholds; /* of the stages */
    const f32 *slack;      /* how far a float32 sum of a stage's leaves may be from the exact one */
    int stages, lbp, stumps;
} CascadeModel;

/* One tile: `columns` windows in each of `rows` rows. `squares` holds sums of squares as `planes` does sums (NULL for
   LBP); `norm` the corners of the rectangle whose variance counts, of `area` pixels. `mask` is NULL or a byte for each
   window. `seen` is NULL or counts the windows that enter each stage. */
typedef struct {
    const u32 *planes, *squares;
    ptrdiff_t pitch, columns, rows;
    i32 norm[4];
    f64 area;
    const u8 *mask;
    i64 *seen;
} CascadeTile;

/* What is found: column and row of a window, and by how much its last stage was passed. */
typedef struct {
    i32 column, row;
    f32 margin;
} CascadeHit;

/* Writes the windows that pass, row by row, and gives their number. `norms` and `open` are scratch, of `columns` + 64
   each; planes and squares may be read up to 64 values past their ends. */
#define SIMD_SOURCE "simd/cascade.h"
#endif
#include "simd/levels.h"
DISPATCH(ptrdiff_t, cascade_scan,
         (const CascadeModel *model, const CascadeTile *tile, f32 *norms, u8 *open, CascadeHit *hits),
         (model, tile, norms, open, hits))

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
#if LEVEL == LEVEL_AVX512
#define WINDOWS 16
#elif LEVEL == LEVEL_AVX2
#define WINDOWS 8
#else
#define WINDOWS 4
#endif
typedef i32 FN(words) __attribute__((vector_size(4 * WINDOWS)));
typedef f32 FN(reals) __attribute__((vector_size(4 * WINDOWS)));
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
    for (int i = 0; i < WINDOWS; i++) held[i] = -(i32)(node->subset[code[i] >> 5] >> (code[i] & 31) & 1);
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
    for (int i = 0; i < WINDOWS; i++) bits |= (u32)(mask[i] & 1) << i;
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
#define WINDOWS 1
INLINE int FN(first_bit)(u32 bits) { return (void)bits, 0; }
INLINE int FN(bit_count)(u32 bits) { return (int)bits; }
INLINE u32 FN(stage_windows)(const CascadeModel *m, int stage, const u32 *p, const f32 *norms, u32 open, int lbp, int stumps) {
    (void)stumps;
    return open && FN(stage_sum)(m, stage, p, lbp ? 0 : *norms, lbp) >= m->thresholds[stage];
}
#endif

/* One over the standard deviation of each window of a row, times its area; 0 where the window is flat. */
static void FN(window_norms)(const CascadeTile *tile, const u32 *s, const u32 *q, f32 *norms) {
    const i32 *o = tile->norm;
    const u32 *s0 = s + o[0], *s1 = s + o[1], *s2 = s + o[2], *s3 = s + o[3];
    const u32 *q0 = q + o[0], *q1 = q + o[1], *q2 = q + o[2], *q3 = q + o[3];
    const f64 area = tile->area;
    for (ptrdiff_t i = 0; i < tile->columns; i++) {
        const f64 sum = (f64)(i32)(s0[i] - s1[i] - s2[i] + s3[i]), squares = (f64)(q0[i] - q1[i] - q2[i] + q3[i]);
        const f64 spread = area * squares - sum * sum;
        const f32 norm = (f32)(1.0 / sqrt(spread > 0 ? spread : 1.0));
        norms[i] = spread > 0 && area * norm < 0.1 ? norm : 0;
    }
}

/* The windows of one row that pass the first stage, one bit in `open` for each of a group. OpenCV skips the window after
   each that fails it, and so must we to find the same. */
INLINE void FN(first_stage)(const CascadeModel *m, const CascadeTile *tile, const u32 *p, const f32 *norms, const u8 *mask,
                            u8 *open, int lbp, int stumps) {
    int skip = 0;
    for (ptrdiff_t i = 0; i < tile->columns; i += WINDOWS) {
        const int count = tile->columns - i < WINDOWS ? (int)(tile->columns - i) : WINDOWS;
        u32 asked = 0;
        for (int k = 0; k < count; k++) asked |= (u32)((lbp || norms[i + k] != 0) && (!mask || mask[i + k])) << k;
        const u32 pass = asked ? FN(stage_windows)(m, 0, p + i, norms + i, asked, lbp, stumps) : 0, fail = asked & ~pass;
        u32 visited = 0;
        for (int k = 0; k < count; k++) {
            visited |= (u32)!skip << k;
            skip = !skip && (fail >> k & 1);
        }
        if (tile->seen) tile->seen[0] += FN(bit_count)(asked & visited);
        const u32 left = pass & visited;
        for (int k = 0; k < count; k++) open[i + k] = left >> k & 1;
    }
}

INLINE ptrdiff_t FN(scan_as)(const CascadeModel *m, const CascadeTile *tile, f32 *norms, u8 *open, CascadeHit *hits, int lbp,
                             int stumps) {
    ptrdiff_t found = 0;
    for (ptrdiff_t y = 0; y < tile->rows; y++) {
        const u32 *p = tile->planes + y * tile->pitch;
        if (!lbp) FN(window_norms)(tile, p, tile->squares + y * tile->pitch, norms);
        FN(first_stage)(m, tile, p, norms, tile->mask ? tile->mask + y * tile->columns : NULL, open, lbp, stumps);
        for (ptrdiff_t i = 0; i < tile->columns; i += WINDOWS) {
            const int count = tile->columns - i < WINDOWS ? (int)(tile->columns - i) : WINDOWS;
            u32 left = 0;
            for (int k = 0; k < count; k++) left |= (u32)open[i + k] << k;
            int stage = 1;
            /* A vector costs as much as some two windows one by one. */
            for (; stage < m->stages && (left & (left - 1)); stage++) {
                if (tile->seen) tile->seen[stage] += FN(bit_count)(left);
                left = FN(stage_windows)(m, stage, p + i, norms + i, left, lbp, stumps);
            }
            for (; left; left &= left - 1) {
                const int k = FN(first_bit)(left);
                const f32 norm = lbp ? 0 : norms[i + k];
                int at = stage;
                f64 sum = 0;
                for (; at < m->stages; at++) {
                    if (tile->seen) tile->seen[at]++;
                    sum = FN(stage_sum)(m, at, p + i + k, norm, lbp);
                    if (sum < m->thresholds[at]) break;
                }
                if (at < m->stages) continue;
                if (stage == m->stages) sum = FN(stage_sum)(m, at - 1, p + i + k, norm, lbp);
                hits[found++] = (CascadeHit){(i32)(i + k), (i32)y, (f32)(sum - m->thresholds[at - 1])};
            }
        }
    }
    return found;
}

static ptrdiff_t FN(cascade_scan)(const CascadeModel *m, const CascadeTile *tile, f32 *norms, u8 *open, CascadeHit *hits) {
    if (m->lbp) return m->stumps ? FN(scan_as)(m, tile, norms, open, hits, 1, 1) : FN(scan_as)(m, tile, norms, open, hits, 1, 0);
    return m->stumps ? FN(scan_as)(m, tile, norms, open, hits, 0, 1) : FN(scan_as)(m, tile, norms, open, hits, 0, 0);
}
#undef WINDOWS

#endif
