/* Cascades as the kernels read them, the tiles they are run over, and what they find. */
#ifndef IMGPROC_CASCADE_MODEL_H
#define IMGPROC_CASCADE_MODEL_H
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
#endif
