/* Flat morphology of one kind of samples at one level; see morphology.h, which includes it. */
#include "simd/morphology_vectors.h"

#include "simd/morphology_footprint.h"
#if LEVEL > LEVEL_BASELINE
#include "simd/morphology_near.h"
#endif
#include "simd/morphology_rectangle.h"

static void ID(flat)(const Flat *f, ptrdiff_t y0, ptrdiff_t y1, void *dst, ptrdiff_t stride, ptrdiff_t ring,
                     void *scratch) {
    if (f->runs != NULL) {
        ID(footprint)(f, y0, y1, dst, stride, ring, scratch);
        return;
    }
#if LEVEL > LEVEL_BASELINE
    const ID(NearFunction) near = ID(near_function)(f);
    if (near != NULL) {
        ID(near_rows)(f, y0, y1, dst, stride, ring, (SAMPLE *)scratch, near);
        return;
    }
#endif
    ID(rectangle)(f, y0, y1, dst, stride, ring, scratch);
}

#undef SAMPLE
#undef KEY
#undef KEYS
#undef LANES
#undef FLOATS_AS_KEYS
#undef ID
#undef NEAR_SHAPES
#undef RUN_SHAPES
#undef LEAST
#undef MOST
