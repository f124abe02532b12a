/* The overlap of one block of anchors with one box. Included once for each of float32 and float64, at every level.

   REAL is the type, WORD the signed integer of its size, NAME(x) the name of x for both. Anchors are taken apart into
   columns once per block, so that a loop over the block is a loop over vectors. */

typedef struct {
    REAL x1[ANCHOR_BLOCK], y1[ANCHOR_BLOCK], x2[ANCHOR_BLOCK], y2[ANCHOR_BLOCK], area[ANCHOR_BLOCK];
    REAL bounds[4]; /* of all of the block */
    union {
        REAL value[ANCHOR_BLOCK];
        WORD bits[ANCHOR_BLOCK];
    } iou;
    REAL best[ANCHOR_BLOCK];
    WORD index[ANCHOR_BLOCK];
} NAME(block);

/* n <= ANCHOR_BLOCK anchors; the rest of the block is boxes without area, whose IoU is 0. */
static void NAME(load_block)(NAME(block) *block, const REAL *anchors, ptrdiff_t n) {
    REAL *const bounds = block->bounds;
    memset(block, 0, offsetof(NAME(block), bounds));
    memcpy(bounds, anchors, 4 * sizeof(REAL));
    for (ptrdiff_t i = 0; i < n; i++) {
        const REAL *box = anchors + 4 * i;
        block->x1[i] = box[0];
        block->y1[i] = box[1];
        block->x2[i] = box[2];
        block->y2[i] = box[3];
        block->area[i] = (box[2] - box[0]) * (box[3] - box[1]);
        bounds[0] = box[0] < bounds[0] ? box[0] : bounds[0];
        bounds[1] = box[1] < bounds[1] ? box[1] : bounds[1];
        bounds[2] = box[2] > bounds[2] ? box[2] : bounds[2];
        bounds[3] = box[3] > bounds[3] ? box[3] : bounds[3];
    }
}

INLINE int NAME(meets_block)(const NAME(block) *block, const REAL *box) {
    const REAL *bounds = block->bounds;
    return box[0] < bounds[2] && box[2] > bounds[0] && box[1] < bounds[3] && box[3] > bounds[1];
}

/* IoU = inter / (area + area - inter), 0 where the union has no area. The areas are finite. */
INLINE void NAME(overlap_block)(NAME(block) *restrict block, const REAL *box) {
    const REAL x1 = box[0], y1 = box[1], x2 = box[2], y2 = box[3], area = (x2 - x1) * (y2 - y1);
    for (int i = 0; i < ANCHOR_BLOCK; i++) {
        const REAL left = block->x1[i] > x1 ? block->x1[i] : x1, right = block->x2[i] < x2 ? block->x2[i] : x2;
        const REAL top = block->y1[i] > y1 ? block->y1[i] : y1, bottom = block->y2[i] < y2 ? block->y2[i] : y2;
        const REAL across = right - left > 0 ? right - left : 0, down = bottom - top > 0 ? bottom - top : 0;
        const REAL inter = across * down, all = block->area[i] + area - inter;
        block->iou.value[i] = inter / (all > 0 ? all : 1);
    }
}

/* Keeps for each anchor of the block its best box so far, the first among equals; gives the largest IoU of this box.
   IoU is never negative, so that its bits, read as an integer, are in the same order: maxima of integers vectorise. */
INLINE REAL NAME(keep_best)(NAME(block) *restrict block, WORD number) {
    WORD most = 0;
    REAL largest;
    for (int i = 0; i < ANCHOR_BLOCK; i++) {
        const REAL iou = block->iou.value[i];
        const int better = iou > block->best[i];
        block->best[i] = better ? iou : block->best[i];
        block->index[i] = better ? number : block->index[i];
    }
    for (int i = 0; i < ANCHOR_BLOCK; i++) most = block->iou.bits[i] > most ? block->iou.bits[i] : most;
    memcpy(&largest, &most, sizeof largest);
    return largest;
}

/* Anchors [a0, a1), a0 a multiple of the block: the IoU of each with its best box and which it is, -1 where it meets
   none. For each box the largest IoU with these anchors and the first and last block that has it. */
static void NAME(nearest)(const REAL *anchors, ptrdiff_t a0, ptrdiff_t a1, const REAL *boxes, ptrdiff_t count,
                          REAL *best, i64 *index, REAL *top, i64 *spans) {
    NAME(block) block;
    for (ptrdiff_t t = 0; t < count; t++) top[t] = 0;
    for (ptrdiff_t start = a0; start < a1; start += ANCHOR_BLOCK) {
        const ptrdiff_t n = a1 - start < ANCHOR_BLOCK ? a1 - start : ANCHOR_BLOCK;
        NAME(load_block)(&block, anchors + 4 * start, n);
        memset(block.best, 0, sizeof block.best);
        memset(block.index, -1, sizeof block.index);
        for (ptrdiff_t t = 0; t < count; t++) {
            if (!NAME(meets_block)(&block, boxes + 4 * t)) continue;
            NAME(overlap_block)(&block, boxes + 4 * t);
            const REAL largest = NAME(keep_best)(&block, (WORD)t);
            if (largest > top[t]) spans[2 * t] = start;
            if (largest >= top[t]) spans[2 * t + 1] = start;
            top[t] = largest > top[t] ? largest : top[t];
        }
        memcpy(best + start, block.best, (size_t)n * sizeof(REAL));
        for (ptrdiff_t i = 0; i < n; i++) index[start + i] = block.index[i];
    }
}

/* Marks the anchors among [a0, a1) whose IoU with a box is its goal, above 0, in the blocks of its span. */
static void NAME(mark_best)(const REAL *anchors, ptrdiff_t a0, ptrdiff_t a1, const REAL *boxes, ptrdiff_t count,
                            const REAL *goals, const i64 *spans, i8 *marks) {
    NAME(block) block;
    for (ptrdiff_t start = a0; start < a1; start += ANCHOR_BLOCK) {
        const ptrdiff_t n = a1 - start < ANCHOR_BLOCK ? a1 - start : ANCHOR_BLOCK;
        int loaded = 0;
        for (ptrdiff_t t = 0; t < count; t++) {
            if (!(goals[t] > 0) || start < spans[2 * t] || start > spans[2 * t + 1]) continue;
            if (!loaded) NAME(load_block)(&block, anchors + 4 * start, n);
            loaded = 1;
            if (!NAME(meets_block)(&block, boxes + 4 * t)) continue;
            NAME(overlap_block)(&block, boxes + 4 * t);
            for (ptrdiff_t i = 0; i < n; i++) marks[start + i] = block.iou.value[i] == goals[t] ? 1 : marks[start + i];
        }
    }
}
