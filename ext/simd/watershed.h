/* Watershed by flooding: what its kernels share. A relief is a volume, an image a volume of one slice, and stands in a
   frame as wide as neighbours reach, so that no step asks whether it is still inside. */
#ifndef IMGPROC_WATERSHED_H
#define IMGPROC_WATERSHED_H

#include "simd/common.h"

typedef struct {
    ptrdiff_t shape[3];
    ptrdiff_t reach[3];
    const ptrdiff_t *steps; /* (count, 3): slices, rows and columns to each neighbour, in the order in which they are flooded */
    const ptrdiff_t *near;  /* the same steps in the framed volume */
    ptrdiff_t count;
} Volume;

typedef struct {
    const i32 *markers; /* 0 for none */
    const u8 *mask;     /* NULL where every pixel counts */
    i32 *labels;
} Basins;

INLINE ptrdiff_t framed_width(const Volume *v) { return v->shape[2] + 2 * v->reach[2]; }
INLINE ptrdiff_t framed_slice(const Volume *v) { return framed_width(v) * (v->shape[1] + 2 * v->reach[1]); }
INLINE ptrdiff_t framed_size(const Volume *v) { return framed_slice(v) * (v->shape[0] + 2 * v->reach[0]); }
INLINE ptrdiff_t volume_rows(const Volume *v) { return v->shape[0] * v->shape[1]; }

/* Where a row of the volume begins in its frame; rows are counted through all slices. */
INLINE ptrdiff_t framed_row(const Volume *v, ptrdiff_t row) {
    ptrdiff_t z = row / v->shape[1], y = row % v->shape[1];
    return (z + v->reach[0]) * framed_slice(v) + (y + v->reach[1]) * framed_width(v) + v->reach[2];
}

enum { RELIEF_U8, RELIEF_U16, RELIEF_I32, RELIEF_F32, RELIEF_F64 };

/* The relief as float64, which holds each dtype's values, in a frame of infinite height. */
static UNUSED void framed_heights(const Volume *v, const void *relief, int kind, f64 *heights) {
    const ptrdiff_t rows = volume_rows(v), width = v->shape[2], size = framed_size(v);
    ptrdiff_t done = 0;
    for (ptrdiff_t row = 0; row < rows; row++) {
        const ptrdiff_t start = framed_row(v, row), from = row * width;
        for (; done < start; done++) heights[done] = INFINITY;
        f64 *to = heights + start;
        switch (kind) {
        case RELIEF_U8: for (ptrdiff_t x = 0; x < width; x++) to[x] = ((const u8 *)relief)[from + x]; break;
        case RELIEF_U16: for (ptrdiff_t x = 0; x < width; x++) to[x] = ((const u16 *)relief)[from + x]; break;
        case RELIEF_I32: for (ptrdiff_t x = 0; x < width; x++) to[x] = ((const i32 *)relief)[from + x]; break;
        case RELIEF_F32: for (ptrdiff_t x = 0; x < width; x++) to[x] = ((const f32 *)relief)[from + x]; break;
        default: memcpy(to, (const f64 *)relief + from, (size_t)width * sizeof *to);
        }
        done = start + width;
    }
    for (; done < size; done++) heights[done] = INFINITY;
}

/* How far ahead of the pixel in hand its successors in the queue are asked for. */
#define FLOOD_AHEAD 16

#if defined(__GNUC__)
#define FLOOD_PREFETCH(p) __builtin_prefetch(p, 1)
#else
#define FLOOD_PREFETCH(p) ((void)(p))
#endif

/* How many pixels lie below each level of a relief of bytes: 256 of them. Neighbours are often of one level, and several tables keep one
   count from waiting for the last. */
static UNUSED void count_levels_u8(const u8 *relief, ptrdiff_t size, u32 *starts) {
    u32 counts[4][256], below = 0;
    memset(counts, 0, sizeof counts);
    for (ptrdiff_t i = 0; i < size; i++) counts[i & 3][relief[i]]++;
    for (int level = 0; level < 256; level++) {
        starts[level] = below;
        below += counts[0][level] + counts[1][level] + counts[2][level] + counts[3][level];
    }
}

/* The same of words: of 65536 levels those up to the highest there is; gives how many. */
static UNUSED u32 count_levels_u16(const u16 *relief, ptrdiff_t size, u32 *starts) {
    u32 top = 0, below = 0;
    for (ptrdiff_t i = 0; i < size; i++) top = relief[i] > top ? relief[i] : top;
    memset(starts, 0, (top + 1) * sizeof *starts);
    for (ptrdiff_t i = 0; i < size; i++) starts[relief[i]]++;
    for (u32 level = 0; level <= top; level++) {
        const u32 here = starts[level];
        starts[level] = below;
        below += here;
    }
    return top + 1;
}

#define FLOOD_CELL u32
#define FLOOD_BITS 8
#define FLOOD_LEVEL u8
#define FLOOD(name) name##_u8
#include "simd/watershed_flood.h"

#define FLOOD_CELL u32
#define FLOOD_BITS 16
#define FLOOD_LEVEL u16
#define FLOOD(name) name##_u16
#include "simd/watershed_flood.h"

#define FLOOD_CELL u64
#define FLOOD_BITS 32
#define FLOOD_LEVEL u32
#define FLOOD(name) name##_u32
#include "simd/watershed_flood.h"

#endif
