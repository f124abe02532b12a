/* Flat morphology of one kind of samples at one level; see morphology.h, which includes it. */
#include "simd/morphology_vectors.h"

#include "simd/morphology_footprint.h"
#include "simd/morphology_rectangle.h"

static void ID(flat)(const Flat *f, ptrdiff_t y0, ptrdiff_t y1, void *dst, ptrdiff_t stride, ptrdiff_t ring,
                     void *scratch) {
    if (f->runs != NULL) {
        if (f->most) ID(footprint)(f, y0, y1, dst, stride, ring, scratch, 1);
        else ID(footprint)(f, y0, y1, dst, stride, ring, scratch, 0);
        return;
    }
    const int block = rectangle_block(2 * f->ry + 1);
#define RECTANGLE(rows)                                                                 \
    if (block == rows) {                                                                \
        if (f->most) ID(rectangle)(f, y0, y1, dst, stride, ring, scratch, rows, 1);     \
        else ID(rectangle)(f, y0, y1, dst, stride, ring, scratch, rows, 0);             \
    }
    RECTANGLE(1)
    RECTANGLE(2)
    RECTANGLE(4)
    RECTANGLE(8)
#undef RECTANGLE
}

#undef SAMPLE
#undef KEY
#undef KEYS
#undef LANES
#undef FLOATS_AS_KEYS
#undef ID
#undef LEAST
#undef MOST
