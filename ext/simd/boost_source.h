/* Windows of a training set in groups, and features of them (P. Viola, M. Jones, 2001; S. Liao et al., 2007).

   Of each group of BOOST_GROUP windows lie, for each corner of the window, the integral images' values of all its windows
   next to each other, so that a feature of 16 windows is one vector load for each of its corners. Groups of objects come
   first; a group that is not full ends in windows of zeros. */
#ifndef IMGPROC_BOOST_SOURCE_H
#define IMGPROC_BOOST_SOURCE_H
#include "simd/common.h"

#define BOOST_GROUP 128

enum { BOOST_HAAR, BOOST_LBP, BOOST_MATRIX };

/* Places of corners in a group; of a feature of a matrix only its number. */
typedef struct {
    i32 corners[16];
    f32 weights[3];
    i32 rectangles;
    ptrdiff_t row;
} BoostFeature;

/* Where values come from: `sums` has `planes` rows of BOOST_GROUP for each group, `norms` one for each window. A matrix
   has its values in rows of groups * BOOST_GROUP. */
typedef struct {
    const u32 *sums;
    const f32 *norms, *matrix;
    ptrdiff_t planes, groups, object_groups, objects, others;
    int kind;
} BoostSource;

/* How many windows of a group are no padding. */
INLINE ptrdiff_t boost_filled(const BoostSource *s, ptrdiff_t group) {
    const ptrdiff_t left = group < s->object_groups ? s->objects - group * BOOST_GROUP
                                                    : s->others - (group - s->object_groups) * BOOST_GROUP;
    return left < BOOST_GROUP ? left : BOOST_GROUP;
}

#endif
