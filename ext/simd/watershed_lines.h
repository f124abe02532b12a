/* Lines between labels, drawn on a finished map.

   Of two neighbours with different labels one becomes a line pixel, unless the other is one already: not a marker rather than a
   marker, then the higher, then the later in memory. Line pixels of which no neighbour keeps another label are given back. So
   no two labels touch, no line pixel could be spared, and the labels beside the lines are as they were. */
#ifndef LEVEL
#include "simd/watershed.h"

typedef struct {
    i32 *labels; /* while at work, line pixels hold their label below 0 */
    const i32 *markers;
    const void *relief;
    int kind;
    ptrdiff_t shape[3];
    const ptrdiff_t *steps; /* (count, 3): each neighbour's slice, row and column from here; the first `half` lead on in memory */
    ptrdiff_t count, half;
} Lines;

INLINE int lies_higher(const Lines *l, ptrdiff_t a, ptrdiff_t b) {
    switch (l->kind) {
    case RELIEF_U8: return ((const u8 *)l->relief)[a] > ((const u8 *)l->relief)[b];
    case RELIEF_U16: return ((const u16 *)l->relief)[a] > ((const u16 *)l->relief)[b];
    case RELIEF_I32: return ((const i32 *)l->relief)[a] > ((const i32 *)l->relief)[b];
    case RELIEF_F32: return ((const f32 *)l->relief)[a] > ((const f32 *)l->relief)[b];
    default: return ((const f64 *)l->relief)[a] > ((const f64 *)l->relief)[b];
    }
}

INLINE int touch(i32 a, i32 b) { return (a != b) & (a > 0) & (b > 0); }

/* No branch on what labels and heights are: borders are winding, and nothing foretells them. */
INLINE void part(const Lines *l, ptrdiff_t a, ptrdiff_t b) {
    i32 *labels = l->labels;
    const i32 first = labels[a], second = labels[b], touching = -touch(first, second);
    const int marker = l->markers[a] != 0, other = l->markers[b] != 0;
    const i32 higher = -((marker != other) ? other : lies_higher(l, a, b));
    /* -x is (x ^ -1) + 1 */
    const i32 turn_first = touching & higher, turn_second = touching & ~higher;
    labels[a] = (first ^ turn_first) - turn_first;
    labels[b] = (second ^ turn_second) - turn_second;
}

/* Pixels looked at together, of which few are of interest. */
#define LINES_BLOCK 64

/* Bit i is byte i, 0 or 1. */
INLINE u64 gather_bits(const u8 *bytes) {
    u64 bits = 0;
    for (int i = 0; i < LINES_BLOCK; i += 8) {
        u64 word = 0;
        for (int k = 0; k < 8; k++) word |= (u64)bytes[i + k] << 8 * k;
        bits |= (word * 0x0102040810204080u >> 56) << i;
    }
    return bits;
}

INLINE int lowest_bit(u64 bits) {
#if defined(__GNUC__)
    return __builtin_ctzll(bits);
#else
    int at = 0;
    while (!(bits >> at & 1)) at++;
    return at;
#endif
}

/* Settles a line pixel, at p: it stays one where a neighbour keeps another label. */
INLINE void settle(const Lines *l, const ptrdiff_t *near, ptrdiff_t z, ptrdiff_t y, ptrdiff_t x, ptrdiff_t p) {
    const ptrdiff_t *shape = l->shape;
    const i32 label = -l->labels[p];
    i32 divides = 0;
    for (ptrdiff_t k = 0; k < l->count; k++) {
        const ptrdiff_t *step = l->steps + 3 * k;
        if ((size_t)(z + step[0]) >= (size_t)shape[0] || (size_t)(y + step[1]) >= (size_t)shape[1]) continue;
        if ((size_t)(x + step[2]) >= (size_t)shape[2]) continue;
        divides |= touch(label, l->labels[p + near[k]]);
    }
    l->labels[p] = label & (divides - 1);
}

#define SIMD_SOURCE "simd/watershed_lines.h"
#include "simd/levels.h"

/* near: room for as many as there are steps. */
DISPATCH(void, draw_lines, (const Lines *l, ptrdiff_t *near), (l, near))

#else

/* Pairs of pixels of two rows, or of one row and itself further on. */
static void FN(part_rows)(const Lines *l, ptrdiff_t a, ptrdiff_t b, ptrdiff_t width) {
    const i32 *first = l->labels + a, *second = l->labels + b;
    ptrdiff_t x = 0;
    for (; x + LINES_BLOCK <= width; x += LINES_BLOCK) {
        u8 differ[LINES_BLOCK];
        for (int i = 0; i < LINES_BLOCK; i++) differ[i] = (u8)touch(first[x + i], second[x + i]);
        for (u64 bits = gather_bits(differ); bits; bits &= bits - 1) {
            const ptrdiff_t at = x + lowest_bit(bits);
            part(l, a + at, b + at);
        }
    }
    for (; x < width; x++) part(l, a + x, b + x);
}

static void FN(draw_lines)(const Lines *l, ptrdiff_t *near) {
    const ptrdiff_t depth = l->shape[0], height = l->shape[1], width = l->shape[2];
    for (ptrdiff_t k = 0; k < l->count; k++)
        near[k] = (l->steps[3 * k] * height + l->steps[3 * k + 1]) * width + l->steps[3 * k + 2];
    for (ptrdiff_t z = 0; z < depth; z++)
        for (ptrdiff_t y = 0; y < height; y++)
            for (ptrdiff_t k = 0; k < l->half; k++) {
                const ptrdiff_t nz = z + l->steps[3 * k], ny = y + l->steps[3 * k + 1], dx = l->steps[3 * k + 2];
                const ptrdiff_t from = dx < 0 ? -dx : 0, to = dx > 0 ? width - dx : width;
                if (nz >= depth || ny < 0 || ny >= height || from >= to) continue;
                FN(part_rows)(l, (z * height + y) * width + from, (nz * height + ny) * width + from + dx, to - from);
            }
    for (ptrdiff_t z = 0; z < depth; z++)
        for (ptrdiff_t y = 0; y < height; y++) {
            const ptrdiff_t start = (z * height + y) * width;
            const i32 *row = l->labels + start;
            ptrdiff_t x = 0;
            for (; x + LINES_BLOCK <= width; x += LINES_BLOCK) {
                u8 below[LINES_BLOCK];
                for (int i = 0; i < LINES_BLOCK; i++) below[i] = row[x + i] < 0;
                for (u64 bits = gather_bits(below); bits; bits &= bits - 1) {
                    const ptrdiff_t at = x + lowest_bit(bits);
                    settle(l, near, z, y, at, start + at);
                }
            }
            for (; x < width; x++)
                if (row[x] < 0) settle(l, near, z, y, x, start + x);
        }
}

#endif
