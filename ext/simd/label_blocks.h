/* Two label maps side by side, read in blocks as 32-bit integers whatever their dtypes. */
#ifndef LEVEL
#ifndef IMGPROC_LABEL_BLOCKS_H
#define IMGPROC_LABEL_BLOCKS_H
#include "simd/common.h"

#define LABEL_BLOCK 1024
/* Labels that are compared at once to see whether all are equal, as they are inside a segment. */
#define LABEL_RUN 32
/* What no int32 holds is read as this. */
#define LABEL_OUTSIDE INT32_MIN

enum { LABEL_U8, LABEL_U16, LABEL_I32, LABEL_U32, LABEL_I64 };

typedef struct {
    const char *first, *second; /* row 0 */
    ptrdiff_t first_step, second_step; /* bytes */
    int first_kind, second_kind;
    ptrdiff_t width;
} LabelMaps;

INLINE ptrdiff_t label_size(int kind) { return kind == LABEL_U8 ? 1 : kind == LABEL_U16 ? 2 : kind == LABEL_I64 ? 8 : 4; }

#define SIMD_SOURCE "simd/label_blocks.h"
#include "simd/levels.h"
#endif

#else

static void FN(load_labels)(const char *src, int kind, ptrdiff_t n, i32 *restrict labels) {
    if (kind == LABEL_U8) {
        for (ptrdiff_t i = 0; i < n; i++) labels[i] = ((const u8 *)src)[i];
    } else if (kind == LABEL_U16) {
        for (ptrdiff_t i = 0; i < n; i++) labels[i] = ((const u16 *)src)[i];
    } else if (kind == LABEL_I32) {
        memcpy(labels, src, (size_t)n * sizeof(i32));
    } else if (kind == LABEL_U32) {
        for (ptrdiff_t i = 0; i < n; i++) {
            const u32 value = ((const u32 *)src)[i];
            labels[i] = value <= INT32_MAX ? (i32)value : LABEL_OUTSIDE;
        }
    } else {
        for (ptrdiff_t i = 0; i < n; i++) {
            const i64 value = ((const i64 *)src)[i];
            labels[i] = value >= INT32_MIN && value <= INT32_MAX ? (i32)value : LABEL_OUTSIDE;
        }
    }
}

/* n labels of both maps from column x of row y. */
INLINE void FN(load_both)(const LabelMaps *maps, ptrdiff_t y, ptrdiff_t x, ptrdiff_t n, i32 *first, i32 *second) {
    FN(load_labels)(maps->first + y * maps->first_step + x * label_size(maps->first_kind), maps->first_kind, n, first);
    FN(load_labels)(maps->second + y * maps->second_step + x * label_size(maps->second_kind), maps->second_kind, n, second);
}

/* Whether LABEL_RUN integers are all the same. */
INLINE int FN(uniform)(const i32 *labels) {
    i32 different = 0;
    for (int i = 0; i < LABEL_RUN; i++) different |= labels[i] ^ labels[0];
    return !different;
}

#endif
