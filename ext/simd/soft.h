/* Soft non-maximum suppression: the best box is chosen, the scores of those that overlap it fall, and again.

   Boxes that lie near each other stand in one block, and blocks that the chosen box does not touch are left alone: the
   scores in them would be multiplied by 1. Included once for each type of boxes. */
#ifndef NAME
#ifndef IMGPROC_SOFT_H
#define IMGPROC_SOFT_H
#include "simd/decay.h"
#include "simd/ranking.h"

/* The bits of a number below 2^16, each followed by a zero. */
INLINE u32 spread(u32 v) {
    v = (v | v << 8) & 0x00ff00ffu;
    v = (v | v << 4) & 0x0f0f0f0fu;
    v = (v | v << 2) & 0x33333333u;
    return (v | v << 1) & 0x55555555u;
}

#define T f32
#define NAME(name) name##_f32
#include "simd/soft.h"
#undef T
#undef NAME
#define T f64
#define NAME(name) name##_f64
#include "simd/soft.h"
#undef T
#undef NAME
#endif
#else

/* The members in the order of a Z-curve through their middles; 0 without memory. */
static int NAME(along_curve)(const T *boxes, const i64 *members, i64 count, i64 *curve) {
    Rank_u64 *ranks = malloc(2 * sizeof *ranks * (size_t)count + 1);
    size_t *counts = malloc(sizeof *counts * RADIX_COUNTS);
    const int done = ranks && counts;
    if (done) {
        f64 low[2] = {DBL_MAX, DBL_MAX}, high[2] = {-DBL_MAX, -DBL_MAX}, scale[2];
        for (i64 i = 0; i < count; i++)
            for (int k = 0; k < 2; k++) {
                const f64 middle = boxes[4 * members[i] + k] * 0.5 + boxes[4 * members[i] + k + 2] * 0.5;
                low[k] = middle < low[k] ? middle : low[k];
                high[k] = middle > high[k] ? middle : high[k];
            }
        for (int k = 0; k < 2; k++) {
            const f64 range = high[k] * 0.5 - low[k] * 0.5;
            scale[k] = range > DBL_MIN ? 32767.0 / range : 0;
        }
        for (i64 i = 0; i < count; i++) {
            u32 key = 0;
            for (int k = 0; k < 2; k++) {
                const f64 middle = boxes[4 * members[i] + k] * 0.5 + boxes[4 * members[i] + k + 2] * 0.5;
                key |= spread((u32)((middle * 0.5 - low[k] * 0.5) * scale[k])) << k;
            }
            ranks[i].key = key;
            ranks[i].index = (u64)i;
        }
        const Rank_u64 *sorted = radix_u64(ranks, ranks + count, (size_t)count, counts);
        for (i64 i = 0; i < count; i++) curve[i] = members[sorted[i].index];
    }
    free(ranks);
    free(counts);
    return done;
}

/* Blocks in use, and of each its highest score, how many of its boxes are left, its rectangle, and whether the chosen box
   touches it. */
typedef struct {
    NAME(Block) *blocks;
    f64 *best;
    i64 *left;
    T *corners;
    u8 *touched;
    i64 count, total; /* blocks, and boxes left in them */
} NAME(Blocks);

/* Sets up what is known of the blocks once boxes and scores stand in the first `boxes` places. */
static void NAME(survey)(NAME(Blocks) *all, i64 boxes) {
    const i64 n = all->count = (boxes + BLOCK - 1) / BLOCK;
    all->total = boxes;
    for (i64 b = 0; b < n; b++) {
        NAME(Block) *block = all->blocks + b;
        const int used = (int)(boxes - b * BLOCK < BLOCK ? boxes - b * BLOCK : BLOCK);
        for (int j = used; j < BLOCK; j++) {
            block->x1[j] = block->y1[j] = block->x2[j] = block->y2[j] = block->area[j] = 0;
            block->score[j] = GONE;
        }
        T x1 = block->x1[0], y1 = block->y1[0], x2 = block->x2[0], y2 = block->y2[0];
        for (int j = 1; j < used; j++) {
            x1 = block->x1[j] < x1 ? block->x1[j] : x1;
            y1 = block->y1[j] < y1 ? block->y1[j] : y1;
            x2 = block->x2[j] > x2 ? block->x2[j] : x2;
            y2 = block->y2[j] > y2 ? block->y2[j] : y2;
        }
        all->corners[b] = x1;
        all->corners[n + b] = y1;
        all->corners[2 * n + b] = x2;
        all->corners[3 * n + b] = y2;
        all->best[b] = highest(block->score, BLOCK);
        all->left[b] = used;
    }
}

/* Moves those that are left to the front, in order. */
static void NAME(close_ranks)(NAME(Blocks) *all) {
    i64 to = 0;
    for (i64 from = 0; from < all->count * BLOCK; from++) {
        const NAME(Block) *source = all->blocks + from / BLOCK;
        const int i = (int)(from % BLOCK);
        if (source->score[i] < 0) continue;
        NAME(Block) *target = all->blocks + to / BLOCK;
        const int j = (int)(to++ % BLOCK);
        target->x1[j] = source->x1[i];
        target->y1[j] = source->y1[i];
        target->x2[j] = source->x2[i];
        target->y2[j] = source->y2[i];
        target->area[j] = source->area[i];
        target->score[j] = source->score[i];
        target->index[j] = source->index[i];
    }
    NAME(survey)(all, to);
}

/* Block and place of the box with this score that has the lowest index. */
static i64 NAME(lowest)(const NAME(Blocks) *all, f64 score) {
    i64 place = -1, index = INT64_MAX;
    for (i64 b = 0; b < all->count; b++) {
        if (all->best[b] != score) continue;
        const NAME(Block) *block = all->blocks + b;
        for (int j = 0; j < BLOCK; j++)
            if (block->score[j] == score && block->index[j] < index) {
                index = block->index[j];
                place = b * BLOCK + j;
            }
    }
    return place;
}

/* Chooses until `most` are, or none is left, and sets result[index] of each to its score then; the others stay. */
static void NAME(choose)(NAME(Blocks) *all, Decay rule, i64 most, f64 *result) {
    for (i64 found = 0; found < most; found++) {
        const f64 score = highest(all->best, all->count);
        if (score < 0) return;
        const i64 place = NAME(lowest)(all, score), own = place / BLOCK;
        NAME(Block) *block = all->blocks + own;
        const int j = (int)(place % BLOCK);
        const NAME(Box) box = {block->x1[j], block->y1[j], block->x2[j], block->y2[j], block->area[j]};
        result[block->index[j]] = score;
        block->score[j] = GONE;
        NAME(touched)(all->corners, all->count, box, all->touched);
        all->touched[own] = 1;
        for (i64 b = 0; b < all->count; b++)
            if (all->touched[b] && all->left[b]) {
                all->total -= all->left[b];
                all->best[b] = NAME(decay)(all->blocks + b, box, rule, all->left + b);
                all->total += all->left[b];
            }
        if (all->total < all->count * BLOCK / 2) NAME(close_ranks)(all);
    }
}

/* Soft suppression among the members: result[member] becomes the score it was chosen with. 0 without memory. */
static int NAME(soften)(const T *boxes, const f64 *scores, const i64 *members, i64 count, Decay rule, i64 most,
                        f64 *result) {
    const size_t room = ((size_t)count + BLOCK - 1) / BLOCK;
    i64 *curve = malloc(sizeof *curve * (size_t)count + 1);
    NAME(Blocks) all = {malloc(sizeof(NAME(Block)) * room + 1), malloc(sizeof(f64) * room + 1),
                        malloc(sizeof(i64) * room + 1), malloc(4 * sizeof(T) * room + 1), malloc(room + 1), 0, 0};
    int done = curve && all.blocks && all.best && all.left && all.corners && all.touched;
    if (done && count > 2 * BLOCK) done = NAME(along_curve)(boxes, members, count, curve);
    else if (done) memcpy(curve, members, sizeof *curve * (size_t)count);
    if (done) {
        for (i64 i = 0; i < count; i++) {
            NAME(Block) *block = all.blocks + i / BLOCK;
            const int j = (int)(i % BLOCK);
            const T *b = boxes + 4 * curve[i];
            block->x1[j] = b[0];
            block->y1[j] = b[1];
            block->x2[j] = b[2];
            block->y2[j] = b[3];
            block->area[j] = (b[2] - b[0]) * (b[3] - b[1]);
            block->index[j] = curve[i];
            block->score[j] = scores[curve[i]] + 0.0; /* no negative zero */
        }
        NAME(survey)(&all, count);
        NAME(choose)(&all, rule, most, result);
    }
    free(curve);
    free(all.blocks);
    free(all.best);
    free(all.left);
    free(all.corners);
    free(all.touched);
    return done;
}

#endif
