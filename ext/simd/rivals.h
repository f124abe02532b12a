/* Does any of the boxes kept so far overlap a candidate by more than a threshold? All of them, a vector at a time. */
#ifndef LEVEL
#ifndef IMGPROC_RIVALS_H
#define IMGPROC_RIVALS_H
#include "simd/common.h"
#include <float.h>

#define LARGEST_f32 FLT_MAX
#define LARGEST_f64 DBL_MAX
#define before_f32(value) nextafterf(value, 0)
#define before_f64(value) nextafter(value, 0)

/* Boxes are looked at this many at a time; the arrays of kept ones end in boxes without extent up to a multiple of it. */
#define RIVALS 32

/* Overlap is inter / (area + area - inter), in the arithmetic of the boxes: `cut` is the largest number of that type which
   is not above the threshold. The squared distance of the centres over that of the corners of what encloses both is taken
   off where `distance` is set. No overlap is NaN: a quotient without value is none. */
#define DEFINE_RIVALS(T, FLAG, TINY)                                                                       \
    typedef struct {                                                                                       \
        T x1, y1, x2, y2, area;                                                                            \
    } Box_##T;                                                                                             \
    typedef struct {                                                                                       \
        T *x1, *y1, *x2, *y2, *area;                                                                       \
        ptrdiff_t count;                                                                                   \
    } Kept_##T;                                                                                            \
    typedef struct {                                                                                       \
        T cut;                                                                                             \
        int distance;                                                                                      \
    } Limit_##T;                                                                                           \
                                                                                                           \
    INLINE T distance_##T(Box_##T a, Box_##T b) {                                                          \
        const T w = (a.x2 > b.x2 ? a.x2 : b.x2) - (a.x1 < b.x1 ? a.x1 : b.x1);                             \
        const T h = (a.y2 > b.y2 ? a.y2 : b.y2) - (a.y1 < b.y1 ? a.y1 : b.y1);                             \
        const T dx = (a.x1 * (T)0.5 + a.x2 * (T)0.5) - (b.x1 * (T)0.5 + b.x2 * (T)0.5);                    \
        const T dy = (a.y1 * (T)0.5 + a.y2 * (T)0.5) - (b.y1 * (T)0.5 + b.y2 * (T)0.5);                    \
        const T share = (dx * dx + dy * dy) / (w * w + h * h);                                             \
        return share >= 0 ? share : 0;                                                                     \
    }                                                                                                      \
                                                                                                           \
    INLINE int exceeds_##T(Box_##T a, Box_##T b, Limit_##T limit) {                                        \
        const T w = (a.x2 < b.x2 ? a.x2 : b.x2) - (a.x1 > b.x1 ? a.x1 : b.x1);                             \
        const T h = (a.y2 < b.y2 ? a.y2 : b.y2) - (a.y1 > b.y1 ? a.y1 : b.y1);                             \
        if (!(w > 0) || !(h > 0)) return 0;                                                                \
        const T inter = w * h, iou = inter / (a.area + b.area - inter);                                    \
        if (!(iou > limit.cut)) return 0;                                                                  \
        return !limit.distance || iou - distance_##T(a, b) > limit.cut;                                    \
    }

/* Divisions are left to `exceeds`: where inter / union rounds to more than `cut`, inter is at least cut * union rounded,
   because rounding keeps order and inter needs none. TINY is the smallest number above 0. */
#define DEFINE_OVERLAPPED(T, FLAG, TINY)                                                                   \
    static int FN(overlapped_##T)(const Kept_##T *kept, Box_##T box, Limit_##T limit) {                    \
        const T tiny = TINY;                                                                               \
        for (ptrdiff_t start = 0; start < kept->count; start += RIVALS) {                                  \
            const T *x1 = kept->x1 + start, *y1 = kept->y1 + start, *x2 = kept->x2 + start;                \
            const T *y2 = kept->y2 + start, *area = kept->area + start;                                    \
            FLAG any = 0;                                                                                  \
            for (int j = 0; j < RIVALS; j++) {                                                             \
                T w = (x2[j] < box.x2 ? x2[j] : box.x2) - (x1[j] > box.x1 ? x1[j] : box.x1);               \
                T h = (y2[j] < box.y2 ? y2[j] : box.y2) - (y1[j] > box.y1 ? y1[j] : box.y1);               \
                w = w > 0 ? w : 0;                                                                         \
                const T inter = w * h;                                                                     \
                T least = limit.cut * (area[j] + box.area - inter);                                        \
                least = least > tiny ? least : tiny;                                                       \
                any |= inter >= least;                                                                     \
            }                                                                                              \
            if (!any) continue;                                                                            \
            for (int j = 0; j < RIVALS; j++) {                                                             \
                const Box_##T other = {x1[j], y1[j], x2[j], y2[j], area[j]};                               \
                if (exceeds_##T(other, box, limit)) return 1;                                              \
            }                                                                                              \
        }                                                                                                  \
        return 0;                                                                                          \
    }

DEFINE_RIVALS(f32, i32, 0x1p-149f)
DEFINE_RIVALS(f64, i64, 0x1p-1074)

#define SIMD_SOURCE "simd/rivals.h"
#include "simd/levels.h"
DISPATCH(int, overlapped_f32, (const Kept_f32 *kept, Box_f32 box, Limit_f32 limit), (kept, box, limit))
DISPATCH(int, overlapped_f64, (const Kept_f64 *kept, Box_f64 box, Limit_f64 limit), (kept, box, limit))
#endif

#else
DEFINE_OVERLAPPED(f32, i32, 0x1p-149f)
DEFINE_OVERLAPPED(f64, i64, 0x1p-1074)
#endif
