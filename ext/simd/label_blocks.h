/* Two label maps side by side, read in blocks as 32-bit integers whatever their dtypes. */
#ifndef LEVEL
#ifndef IMGPROC_LABEL_BLOCKS_H
#define IMGPROC_LABEL_BLOCKS_H
#include "simd/common.h"

#define LABEL_BLOCK 2048
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

/* n labels from column x of row y of one map: where they are if they are of 32 bits and signed, else in `room`. */
static const i32 *FN(load_labels)(const char *row, int kind, ptrdiff_t x, ptrdiff_t n, i32 *restrict room) {
    const char *src = row + x * label_size(kind);
    if (kind == LABEL_I32) return (const i32 *)src;
    if (kind == LABEL_U8) {
        for (ptrdiff_t i = 0; i < n; i++) room[i] = ((const u8 *)src)[i];
    } else if (kind == LABEL_U16) {
        for (ptrdiff_t i = 0; i < n; i++) room[i] = ((const u16 *)src)[i];
    } else if (kind == LABEL_U32) {
        for (ptrdiff_t i = 0; i < n; i++) {
            const u32 value = ((const u32 *)src)[i];
            room[i] = value <= INT32_MAX ? (i32)value : LABEL_OUTSIDE;
        }
    } else {
        for (ptrdiff_t i = 0; i < n; i++) {
#if defined(SIMD_X86)
            /* The high half repeats the sign of the low one: all in 32 bits, which twice as many fit a vector. */
            const i32 low = ((const i32 *)src)[2 * i], high = ((const i32 *)src)[2 * i + 1];
            room[i] = high == (low < 0 ? -1 : 0) ? low : LABEL_OUTSIDE;
#else
            const i64 value = ((const i64 *)src)[i];
            room[i] = value >= INT32_MIN && value <= INT32_MAX ? (i32)value : LABEL_OUTSIDE;
#endif
        }
    }
    return room;
}

/* Whether LABEL_RUN integers are all the same. */
INLINE int FN(uniform)(const i32 *labels) {
    i32 different = 0;
    for (int i = 0; i < LABEL_RUN; i++) different |= labels[i] ^ labels[0];
    return !different;
}

#endif
