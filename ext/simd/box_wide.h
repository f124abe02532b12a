/* Box means and sums in float64: float32 images, and integers whose windows sum up beyond 32 bits.

   Sums of integers stay below 2^53 and are exact. Memory: (2 ry + 1) / 8 rows of float64 for the tails of blocks,
   eight rows for the windows under way. */
#ifndef LEVEL
#include "simd/box_few.h"
#include "simd/box_wide_columns.h"
#include "simd/box_wide_rows.h"
#define SIMD_SOURCE "simd/box_wide.h"
#include "simd/levels.h"

/* Rows [y0, y1) of a box filter over samples of `size` bytes: 1 and 2 unsigned, 4 float32. False where memory is short. */
DISPATCH(int, box_wide, (const Box *box, const Finish *finish, int size, ptrdiff_t y0, ptrdiff_t y1),
         (box, finish, size, y0, y1))

#else

typedef struct {
    const Box *box;
    const Finish *finish;
    int size;
    void *fill_row, *zero_row;
    f64 *sums, *tails, *row_tails, *head;
} FN(Wide);

INLINE const void *FN(wide_row)(const FN(Wide) *wide, ptrdiff_t position) {
    return row_at(wide->box->src, wide->box->src_step, wide->box->rows, position, wide->fill_row);
}

/* From the column sums of rows [y, y + count) to the output. */
static void FN(wide_output)(const FN(Wide) *wide, const Windows *windows, ptrdiff_t y, int count) {
    const Box *box = wide->box;
    const ptrdiff_t n = box_samples(box), taps = 2 * box->rx + 1, reach = box->rx * box->channels, length = n + 2 * reach;
    const int turned = taps > WIDE_DIRECT, rows = turned ? 1 : 8, depth = turned ? 8 : 1;
    f64 fill[32];
    void *dst[8] = {0};
    for (int i = 0; i < 32; i++) fill[i] = (f64)(2 * box->ry + 1) * box->fill;
    FN(wide_columns)(windows, n, wide->size, wide->sums + reach * depth, length, turned);
    for (int row = 0; row < rows && row < count; row++)
        extend_row(wide->sums + row * length + reach * depth, box->width, box->columns, box->rx, box->rx, fill,
                   sizeof(f64) * (size_t)(box->channels * depth));
    for (int row = 0; row < count; row++) {
        dst[row] = box_output(box, y + row);
        if (!turned) FN(direct_row)(wide->sums + row * length, n, box->channels, (int)taps, wide->finish, dst[row]);
    }
    if (turned) FN(wide_rows)(wide->sums, box->width, taps, box->channels, wide->row_tails, wide->finish, count, dst);
}

static void FN(wide_direct)(const FN(Wide) *wide, ptrdiff_t y0, ptrdiff_t y1) {
    Windows windows = {.taps = (int)(2 * wide->box->ry + 1)};
    for (ptrdiff_t y = y0; y < y1; y += 8) {
        const int count = y1 - y < 8 ? (int)(y1 - y) : 8;
        for (int k = 0; k < 7 + windows.taps; k++)
            windows.tail_rows[k] = k < count + windows.taps - 1 ? FN(wide_row)(wide, y + k) : wide->zero_row;
        FN(wide_output)(wide, &windows, y, count);
    }
}

/* Few rows and few columns of float32. From five rows on, an even row and the next share the additions of the rows
   that both windows have; a row without its partner, at the edge of a band, adds in the same order. With three rows
   that gains less than the column sums of a second row cost, which crowd the first cache; square windows of gray
   images need no room for them. */
static void FN(wide_few)(const FN(Wide) *wide, ptrdiff_t y0, ptrdiff_t y1) {
    const Box *box = wide->box;
    const ptrdiff_t n = box_samples(box), reach = box->rx * box->channels, length = n + 2 * reach;
    const int height = (int)(2 * box->ry + 1), taps = (int)(2 * box->rx + 1);
    const f32 *rows[WIDE_DIRECT + 1];
    const int paired = LEVEL != LEVEL_BASELINE && box->channels == 1 && height == taps && height > 1;
    f64 fill[4];
    for (int c = 0; c < 4; c++) fill[c] = (f64)height * box->fill;
    for (ptrdiff_t y = y0; y < y1;) {
        const ptrdiff_t odd = y % 2, count = !odd && y + 1 < y1 && (height > 3 || paired) ? 2 : 1;
        for (int k = 0; k < height; k++) rows[k] = FN(wide_row)(wide, y + (odd ? k : (k + 1) % height));
        if (count == 2) rows[height] = FN(wide_row)(wide, y + height);
        if (count == 2 && paired) {
            FN(few_pair)(box, rows, height, wide->finish->scale, box_output(box, y), box_output(box, y + 1));
            y += 2;
            continue;
        }
        FN(few_rows)(rows, n, height, wide->sums + reach, count == 2 ? wide->sums + length + reach : NULL);
        for (ptrdiff_t row = 0; row < count; row++, y++) {
            f64 *sums = wide->sums + row * length;
            extend_row(sums + reach, box->width, box->columns, box->rx, box->rx, fill, sizeof(f64) * (size_t)box->channels);
            FN(direct_row)(sums, n, box->channels, taps, wide->finish, box_output(box, y));
        }
    }
}

/* to = from + the rows from position `first` on, `step` (1 or -1) apart. */
static void FN(wide_add)(const FN(Wide) *wide, const f64 *from, f64 *to, ptrdiff_t first, ptrdiff_t count, ptrdiff_t step) {
    const void *rows[8];
    for (ptrdiff_t i = 0; i < count; i += 8, from = to) {
        for (ptrdiff_t k = 0; k < 8; k++)
            rows[k] = i + k < count ? FN(wide_row)(wide, first + step * (i + k)) : wide->zero_row;
        FN(add_rows)(from, to, rows, box_samples(wide->box), wide->size);
    }
}

/* Windows [from, to) of the block that begins at padded row `base`. */
static void FN(wide_block)(const FN(Wide) *wide, ptrdiff_t base, ptrdiff_t from, ptrdiff_t to) {
    const ptrdiff_t n = box_samples(wide->box), taps = 2 * wide->box->ry + 1, chunks = (to - from + 7) / 8;
    f64 *last = wide->tails + (chunks - 1) * n;
    memset(last, 0, (size_t)n * sizeof(f64));
    FN(wide_add)(wide, last, last, base + taps - 1, taps - to, -1);
    for (ptrdiff_t chunk = chunks - 1; chunk > 0; chunk--) {
        const ptrdiff_t first = from + 8 * chunk, end = first + 8 < to ? first + 8 : to;
        FN(wide_add)(wide, wide->tails + chunk * n, wide->tails + (chunk - 1) * n, base + end - 1, end - first, -1);
    }
    memset(wide->head, 0, (size_t)n * sizeof(f64));
    FN(wide_add)(wide, wide->head, wide->head, base + taps, from, 1);
    for (ptrdiff_t chunk = 0; chunk < chunks; chunk++) {
        const ptrdiff_t j = from + 8 * chunk;
        const int count = to - j < 8 ? (int)(to - j) : 8;
        Windows windows = {.tail = wide->tails + chunk * n, .head = wide->head};
        for (int k = 0; k < 8; k++) {
            windows.tail_rows[k] = k < count ? FN(wide_row)(wide, base + j + k) : wide->zero_row;
            /* The last window of all has no row after its last one. */
            windows.head_rows[k] = j + k + 1 < to ? FN(wide_row)(wide, base + taps + j + k) : wide->zero_row;
        }
        FN(wide_output)(wide, &windows, base + j, count);
    }
}

static int FN(box_wide)(const Box *box, const Finish *finish, int size, ptrdiff_t y0, ptrdiff_t y1) {
    const ptrdiff_t n = box_samples(box), height = 2 * box->ry + 1, taps = 2 * box->rx + 1;
    const ptrdiff_t together = height < y1 - y0 ? height : y1 - y0, across = taps < box->width ? taps : box->width;
    FN(Wide) wide = {.box = box, .finish = finish, .size = size};
    Scratch scratch = {NULL, 0};
    for (int pass = 0; pass < 2; pass++) {
        scratch.used = 0;
        wide.fill_row = scratch_piece(&scratch, (size_t)(n * size));
        wide.zero_row = scratch_piece(&scratch, (size_t)(n * size));
        wide.head = scratch_piece(&scratch, (size_t)n * sizeof(f64));
        wide.sums = scratch_piece(&scratch, (size_t)(n + 2 * box->rx * box->channels) * 8 * sizeof(f64));
        wide.row_tails = scratch_piece(&scratch, (size_t)across * 16 * sizeof(f64));
        wide.tails = scratch_piece(&scratch, (size_t)((together + 7) / 8 * n) * sizeof(f64));
        if (!pass && !(scratch.base = malloc(scratch.used))) return 0;
    }
    memset(wide.zero_row, 0, (size_t)(n * size));
    fill_samples(wide.fill_row, n, box->fill, (size_t)size);
    if (height <= WIDE_DIRECT && taps <= WIDE_DIRECT && size == 4)
        FN(wide_few)(&wide, y0, y1);
    else if (height <= WIDE_DIRECT)
        FN(wide_direct)(&wide, y0, y1);
    else
        for (ptrdiff_t base = y0 / height * height; base < y1; base += height)
            FN(wide_block)(&wide, base, y0 > base ? y0 - base : 0, y1 - base < height ? y1 - base : height);
    free(scratch.base);
    return 1;
}
#endif
