/* Overlap of every box with every other: rows of a matrix. */
#ifndef LEVEL
#ifndef IMGPROC_IOU_H
#define IMGPROC_IOU_H
#include "simd/common.h"

enum { IOU, GIOU, DIOU, CIOU };

/* Boxes met by a row before the next one, so that they stay in the nearest cache. */
#define IOU_TILE 1024

#define DEFINE_SIDE(T)                                                                                   \
    typedef struct {                                                                                     \
        T *x1, *y1, *x2, *y2, *area, *x, *y, *angle; /* corners, middle, angle of the diagonal */        \
        ptrdiff_t count;                                                                                 \
    } Side_##T;                                                                                          \
    /* `planes` has room for 8 * n numbers. The angle is taken in double, by one library at all levels. */ \
    static UNUSED void iou_side_##T(const T *boxes, ptrdiff_t n, T *planes, Side_##T *side) {            \
        T **fields[8] = {&side->x1, &side->y1, &side->x2, &side->y2,                                     \
                         &side->area, &side->x, &side->y, &side->angle};                                 \
        for (int k = 0; k < 8; k++) *fields[k] = planes + k * n;                                         \
        side->count = n;                                                                                 \
        for (ptrdiff_t i = 0; i < n; i++, boxes += 4) {                                                  \
            const T w = boxes[2] - boxes[0], h = boxes[3] - boxes[1];                                    \
            side->x1[i] = boxes[0];                                                                      \
            side->y1[i] = boxes[1];                                                                      \
            side->x2[i] = boxes[2];                                                                      \
            side->y2[i] = boxes[3];                                                                      \
            side->area[i] = w * h;                                                                       \
            side->x[i] = boxes[0] * (T)0.5 + boxes[2] * (T)0.5;                                          \
            side->y[i] = boxes[1] * (T)0.5 + boxes[3] * (T)0.5;                                          \
            side->angle[i] = 0;                                                                          \
        }                                                                                                \
    }                                                                                                    \
    static UNUSED void iou_angles_##T(Side_##T *side) {                                                  \
        for (ptrdiff_t i = 0; i < side->count; i++)                                                      \
            side->angle[i] = (T)atan2((f64)(side->x2[i] - side->x1[i]), (f64)(side->y2[i] - side->y1[i])); \
    }
DEFINE_SIDE(f32)
DEFINE_SIDE(f64)
#undef DEFINE_SIDE

/* A quotient without value, 0 / 0 or inf / inf, counts as 0. */
#define DEFINE_ROWS(T)                                                                                   \
    INLINE T FN(share_##T)(T part, T whole) {                                                            \
        const T share = part / whole;                                                                    \
        return share >= 0 ? share : 0;                                                                   \
    }                                                                                                    \
                                                                                                         \
    INLINE void FN(iou_row_##T)(const Side_##T *a, ptrdiff_t i, const Side_##T *b, ptrdiff_t j0,         \
                                ptrdiff_t j1, T *restrict out, int kind) {                               \
        const T x1 = a->x1[i], y1 = a->y1[i], x2 = a->x2[i], y2 = a->y2[i], area = a->area[i];           \
        const T x = a->x[i], y = a->y[i], angle = a->angle[i];                                           \
        for (ptrdiff_t j = j0; j < j1; j++) {                                                            \
            const T bx1 = b->x1[j], by1 = b->y1[j], bx2 = b->x2[j], by2 = b->y2[j];                      \
            T w = (bx2 < x2 ? bx2 : x2) - (bx1 > x1 ? bx1 : x1);                                         \
            T h = (by2 < y2 ? by2 : y2) - (by1 > y1 ? by1 : y1);                                         \
            w = w > 0 ? w : 0;                                                                           \
            h = h > 0 ? h : 0;                                                                           \
            const T inter = w * h, both = area + b->area[j] - inter;                                     \
            const T iou = FN(share_##T)(inter, both);                                                    \
            T value = iou;                                                                               \
            if (kind != IOU) {                                                                           \
                const T ew = (bx2 > x2 ? bx2 : x2) - (bx1 < x1 ? bx1 : x1);                              \
                const T eh = (by2 > y2 ? by2 : y2) - (by1 < y1 ? by1 : y1);                              \
                if (kind == GIOU) {                                                                      \
                    const T around = ew * eh;                                                            \
                    value = iou - FN(share_##T)(around - both, around);                                  \
                } else {                                                                                 \
                    const T dx = x - b->x[j], dy = y - b->y[j];                                          \
                    value = iou - FN(share_##T)(dx * dx + dy * dy, ew * ew + eh * eh);                   \
                }                                                                                        \
            }                                                                                            \
            if (kind == CIOU) {                                                                          \
                const T turn = angle - b->angle[j];                                                      \
                const T v = (T)0.40528473456935108577551785283891 * (turn * turn); /* 4 / pi^2 */        \
                value = value - FN(share_##T)(v, 1 - iou + v) * v;                                       \
            }                                                                                            \
            out[j] = value;                                                                              \
        }                                                                                                \
    }                                                                                                    \
                                                                                                         \
    static void FN(iou_rows_##T)(const Side_##T *a, const Side_##T *b, T *out, int kind, ptrdiff_t i0,   \
                                 ptrdiff_t i1) {                                                         \
        for (ptrdiff_t j0 = 0; j0 < b->count; j0 += IOU_TILE) {                                          \
            const ptrdiff_t j1 = j0 + IOU_TILE < b->count ? j0 + IOU_TILE : b->count;                    \
            for (ptrdiff_t i = i0; i < i1; i++) {                                                        \
                T *row = out + i * b->count;                                                             \
                if (kind == IOU) FN(iou_row_##T)(a, i, b, j0, j1, row, IOU);                             \
                else if (kind == GIOU) FN(iou_row_##T)(a, i, b, j0, j1, row, GIOU);                      \
                else if (kind == DIOU) FN(iou_row_##T)(a, i, b, j0, j1, row, DIOU);                      \
                else FN(iou_row_##T)(a, i, b, j0, j1, row, CIOU);                                        \
            }                                                                                            \
        }                                                                                                \
    }

#define SIMD_SOURCE "simd/iou.h"
#include "simd/levels.h"
DISPATCH(void, iou_rows_f32, (const Side_f32 *a, const Side_f32 *b, f32 *out, int kind, ptrdiff_t i0, ptrdiff_t i1),
         (a, b, out, kind, i0, i1))
DISPATCH(void, iou_rows_f64, (const Side_f64 *a, const Side_f64 *b, f64 *out, int kind, ptrdiff_t i0, ptrdiff_t i1),
         (a, b, out, kind, i0, i1))
#endif

#else
DEFINE_ROWS(f32)
DEFINE_ROWS(f64)
#endif
