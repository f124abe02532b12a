/* Which of a few boxes each of many anchors overlaps most, and which anchors each box overlaps most, without the matrix
   of all overlaps: a block of anchors stays in the first cache while all boxes pass by. */
#ifndef LEVEL
#include "simd/common.h"

/* Anchors of a block: its columns fit the first cache in float64, and neighbours in a grid stay close together, so that
   most boxes miss most blocks as a whole. */
#define ANCHOR_BLOCK 256

#define SIMD_SOURCE "simd/anchors.h"
#include "simd/levels.h"

#define DISPATCH_ANCHORS(type, real)                                                                                  \
    DISPATCH(void, nearest_##type,                                                                                    \
             (const real *anchors, ptrdiff_t a0, ptrdiff_t a1, const real *boxes, ptrdiff_t count, real *best,        \
              i64 *index, real *top, i64 *spans),                                                                     \
             (anchors, a0, a1, boxes, count, best, index, top, spans))                                                \
    DISPATCH(void, mark_best_##type,                                                                                  \
             (const real *anchors, ptrdiff_t a0, ptrdiff_t a1, const real *boxes, ptrdiff_t count, const real *goals, \
              const i64 *spans, i8 *marks),                                                                           \
             (anchors, a0, a1, boxes, count, goals, spans, marks))
DISPATCH_ANCHORS(f32, f32)
DISPATCH_ANCHORS(f64, f64)

#else

#define REAL f32
#define WORD i32
#define NAME(name) FN(name##_f32)
#include "simd/anchor_blocks.h"
#undef REAL
#undef WORD
#undef NAME

#define REAL f64
#define WORD i64
#define NAME(name) FN(name##_f64)
#include "simd/anchor_blocks.h"
#undef REAL
#undef WORD
#undef NAME

#endif
