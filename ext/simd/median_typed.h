/* The work of median_windows.h for samples of type SAMPLE, at one level: included there for each. */

#define JOIN_NAME(name, type) name##_##type
#define JOIN(name, type) JOIN_NAME(name, type)
#define LEVELLED(name) FN(name)
#define TYPED(name) LEVELLED(JOIN(name, SAMPLE))
#define APPLY_NAME(macro, type) macro(type)
#define KEY APPLY_NAME(MEDIAN_KEY, SAMPLE)
#define V APPLY_NAME(WIRE, SAMPLE)
#define LANES ((ptrdiff_t)(sizeof(V) / sizeof(KEY)))
#define COMPARE(macro, type, i, j) macro(type, i, j)
#define S(i, j) COMPARE(MEDIAN_S, SAMPLE, i, j)
#define L(i, j) COMPARE(MEDIAN_L, SAMPLE, i, j)
#define H(i, j) COMPARE(MEDIAN_H, SAMPLE, i, j)
#define RUN(network) network(S, L, H)

#include "simd/median_rows.h"
#include "simd/median_strips.h"

static int TYPED(median_windows)(const SAMPLE *src, ptrdiff_t src_stride, SAMPLE *dst, ptrdiff_t dst_stride, ptrdiff_t width,
                                 int channels, int radius, const i64 *rows, const i64 *columns, SAMPLE fill, ptrdiff_t y0,
                                 ptrdiff_t y1) {
    /* With the distance of neighbours constant the addresses of their loads cost nothing. */
    if (radius == 1 && channels == 1)
        return TYPED(median_rows)(1, src, src_stride, dst, dst_stride, width, 1, rows, columns, fill, y0, y1);
    if (radius == 1) return TYPED(median_rows)(1, src, src_stride, dst, dst_stride, width, channels, rows, columns, fill, y0, y1);
    if (radius == 2) return TYPED(median_rows)(2, src, src_stride, dst, dst_stride, width, channels, rows, columns, fill, y0, y1);
    return TYPED(median_strips)(src, src_stride, dst, dst_stride, width, channels, radius, rows, columns, fill, y0, y1);
}

#undef JOIN_NAME
#undef JOIN
#undef LEVELLED
#undef TYPED
#undef APPLY_NAME
#undef KEY
#undef V
#undef LANES
#undef COMPARE
#undef S
#undef L
#undef H
#undef RUN
