/* The padded image without a padded copy: the row that stands at a position, and a row extended at both ends.

   Python hands every kernel the same two lists of indices (see _core/neighbors.py): `rows`, the source row of each
   row of the padded image, and `columns`, the source columns of the pixels left and right of the image. -1 is fill. */
#ifndef IMGPROC_BORDERS_H
#define IMGPROC_BORDERS_H

#include "simd/common.h"

INLINE const void *row_at(const void *src, ptrdiff_t stride, const i64 *rows, ptrdiff_t position, const void *fill_row) {
    return rows[position] < 0 ? fill_row : (const char *)src + rows[position] * stride;
}

/* `before` pixels in front of row[0] and `after` behind its `width` pixels, from the row itself or from fill.
   `bytes` is the size of a pixel; a constant one lets the compiler make plain moves of the copies. */
INLINE void extend_by(char *row, ptrdiff_t width, const i64 *columns, ptrdiff_t before, ptrdiff_t after, const char *fill,
                      size_t bytes) {
    for (ptrdiff_t i = 0; i < before; i++)
        memcpy(row - (before - i) * (ptrdiff_t)bytes, columns[i] < 0 ? fill : row + columns[i] * (ptrdiff_t)bytes, bytes);
    for (ptrdiff_t i = 0; i < after; i++)
        memcpy(row + (width + i) * (ptrdiff_t)bytes,
               columns[before + i] < 0 ? fill : row + columns[before + i] * (ptrdiff_t)bytes, bytes);
}

/* Extends a row in place; `row` points at its first pixel, with room in front and behind. */
static UNUSED void extend_row(void *row, ptrdiff_t width, const i64 *columns, ptrdiff_t before, ptrdiff_t after,
                              const void *fill, size_t bytes) {
    switch (bytes) {
    case 1: extend_by(row, width, columns, before, after, fill, 1); break;
    case 2: extend_by(row, width, columns, before, after, fill, 2); break;
    case 3: extend_by(row, width, columns, before, after, fill, 3); break;
    case 4: extend_by(row, width, columns, before, after, fill, 4); break;
    case 6: extend_by(row, width, columns, before, after, fill, 6); break;
    case 8: extend_by(row, width, columns, before, after, fill, 8); break;
    case 12: extend_by(row, width, columns, before, after, fill, 12); break;
    case 16: extend_by(row, width, columns, before, after, fill, 16); break;
    default: extend_by(row, width, columns, before, after, fill, bytes);
    }
}

#endif
