/* Minima or maxima over rectangles. Included for each SAMPLE at each level.

   Down the columns, `block` output rows at a time stay in registers: rows that all of them share are met once, then those
   above from the last output to the first and those below from the first to the last (van Herk, Gil and Werman, with
   blocks shorter than the window). In tall windows the shared rows come as groups of `block` rows, each found once, and
   the groups of a window as a suffix of one set of groups and a prefix of the next, so that the cost of a row does not
   depend on the height. Along the row, minima over runs of samples follow from those over shorter ones in place. */

/* The rows that a block meets singly, and where its results go. They are copied out of the lists, because a compiler
   must suppose that a store of bytes changes any list. */
typedef struct {
    const SAMPLE *above[RECTANGLE_BLOCK], *shared, *below[RECTANGLE_BLOCK];
    KEY *out[RECTANGLE_BLOCK];
} ID(Block);

/* Keys of the results in rows shorter than a vector. */
static void ID(narrow_columns)(const SAMPLE *const *rows, ptrdiff_t height, KEY *const *out, ptrdiff_t n, int most) {
    for (int w = 0; w < RECTANGLE_BLOCK; w++) {
        KEYS v = ID(take)(rows[w], n, most);
        for (ptrdiff_t k = 1; k < height; k++) v = ID(pick)(v, ID(take)(rows[w + k], n, most), most);
        ID(store)(out[w], v);
    }
}

/* Keys of the results; n is a vector at least. Window w of the block is rows[w .. w + height). Of the shared rows block - 1 .. height - 1, those
   from `first` to before the last are met singly, and the two rows of keys in `groups` stand for those before, where
   there are any. */
INLINE void ID(columns)(const SAMPLE *const *rows, ptrdiff_t height, const KEY *const *groups, ptrdiff_t first,
                        KEY *const *out, ptrdiff_t n, int block, int most) {
    ID(Block) b;
    b.shared = rows[height - 1];
    UNROLL_BLOCK
    for (int w = 0; w < block; w++) {
        b.above[w] = rows[w];
        b.below[w] = w > 0 ? rows[height + w - 1] : NULL;
        b.out[w] = out[w];
    }
    for (ptrdiff_t x = 0; x < n; x += LANES) {
        if (x > n - LANES) x = n - LANES; /* the last vector overlaps the one before */
        KEYS head[RECTANGLE_BLOCK], v = ID(take)(b.shared + x, LANES, most);
        for (ptrdiff_t k = first; k < height - 1; k++) v = ID(pick)(v, ID(take)(rows[k] + x, LANES, most), most);
        if (groups != NULL) v = ID(pick)(v, ID(pick)(ID(load)(groups[0] + x), ID(load)(groups[1] + x), most), most);
        UNROLL_BLOCK
        for (int w = block - 1; w >= 0; w--) head[w] = v = ID(pick)(v, ID(take)(b.above[w] + x, LANES, most), most);
        UNROLL_BLOCK
        for (int w = 0; w < block; w++) {
            KEYS least = head[w];
            if (w > 0) {
                const KEYS next = ID(take)(b.below[w] + x, LANES, most);
                v = w == 1 ? next : ID(pick)(v, next, most);
                least = ID(pick)(head[w], v, most);
            }
            ID(store)(b.out[w] + x, least);
        }
    }
}

#define COLUMNS(block, height)                                                                                       \
    static void ID(columns_##block)(const SAMPLE *const *rows, ptrdiff_t rows_high, const KEY *const *groups,        \
                                    ptrdiff_t first, KEY *const *out, ptrdiff_t n, int most) {                       \
        (void)rows_high;                                                                                             \
        if (most) ID(columns)(rows, height, groups, first, out, n, block, 1);                                        \
        else ID(columns)(rows, height, groups, first, out, n, block, 0);                                             \
    }
COLUMNS(1, 1)
COLUMNS(2, 3)
COLUMNS(4, rows_high)
COLUMNS(8, rows_high)
#undef COLUMNS

/* The least of each column of RECTANGLE_BLOCK rows. */
INLINE void ID(group)(const SAMPLE *const *rows, KEY *out, ptrdiff_t n, int most) {
    const SAMPLE *row[RECTANGLE_BLOCK];
    for (int k = 0; k < RECTANGLE_BLOCK; k++) row[k] = rows[k];
    for (ptrdiff_t x = 0; x < n; x += LANES) {
        if (x > n - LANES) x = n - LANES;
        KEYS v = ID(take)(row[0] + x, LANES, most);
        UNROLL_BLOCK
        for (int k = 1; k < RECTANGLE_BLOCK; k++) v = ID(pick)(v, ID(take)(row[k] + x, LANES, most), most);
        ID(store)(out + x, v);
    }
}

/* met[x] = least of met[x] and with[x]. */
INLINE void ID(meet_keys)(KEY *met, const KEY *with, ptrdiff_t n, int most) {
    for (ptrdiff_t x = 0; x < n; x += LANES) ID(store)(met + x, ID(pick)(ID(load)(met + x), ID(load)(with + x), most));
}

static void ID(find_group)(const SAMPLE *const *rows, KEY *out, ptrdiff_t n, int most) {
    if (most) ID(group)(rows, out, n, 1);
    else ID(group)(rows, out, n, 0);
}

static void ID(meet_groups)(KEY *met, const KEY *with, ptrdiff_t n, int most) {
    if (most) ID(meet_keys)(met, with, n, 1);
    else ID(meet_keys)(met, with, n, 0);
}

/* The last step of a run: minima over `windows` runs of p samples that cover it. */
INLINE void ID(cover)(const KEY *t, SAMPLE *out, ptrdiff_t n, ptrdiff_t s, ptrdiff_t last, int windows, int most) {
    const int whole = n >= LANES;
    for (ptrdiff_t x = 0; x < n; x += LANES) {
        if (whole && x > n - LANES) x = n - LANES;
        KEYS v = ID(load)(t + x);
        if (windows > 1) v = ID(pick)(v, ID(load)(t + x + last), most);
        if (windows > 2) v = ID(pick)(v, ID(load)(t + x + s), most);
        if (windows > 3) v = ID(pick)(v, ID(load)(t + x + 2 * s), most);
        if (whole) ID(give)(out + x, v, LANES, most);
        else ID(give)(out, v, n, most);
    }
}

/* out[x] = least of t[x], t[x + step], ... `length` samples, where t holds minima over `found` of them already; t is
   spoilt, with two vectors of room behind its n + (length - 1) * step samples. */
INLINE void ID(run)(KEY *t, SAMPLE *out, ptrdiff_t n, ptrdiff_t length, ptrdiff_t step, ptrdiff_t found, int most) {
    ptrdiff_t s = found * step;
    for (; 4 * s < length * step; s *= 4)
        for (ptrdiff_t x = 0; x < n + length * step - 4 * s; x += LANES) {
            const KEYS a = ID(pick)(ID(load)(t + x), ID(load)(t + x + s), most);
            const KEYS b = ID(pick)(ID(load)(t + x + 2 * s), ID(load)(t + x + 3 * s), most);
            ID(store)(t + x, ID(pick)(a, b, most));
        }
    const ptrdiff_t last = length * step - s;
    if (last == 0) ID(cover)(t, out, n, s, last, 1, most);
    else if (last <= s) ID(cover)(t, out, n, s, last, 2, most);
    else if (last <= 2 * s) ID(cover)(t, out, n, s, last, 3, most);
    else ID(cover)(t, out, n, s, last, 4, most);
}

static void ID(finish_run)(KEY *t, SAMPLE *out, ptrdiff_t n, ptrdiff_t length, ptrdiff_t step, ptrdiff_t found, int most) {
    if (most) ID(run)(t, out, n, length, step, found, 1);
    else ID(run)(t, out, n, length, step, found, 0);
}

#if LEVEL > LEVEL_BASELINE
#include "simd/morphology_runs.h"
#endif

/* Output rows [y0, y1) into rows y modulo `ring` of dst. */
static void ID(rectangle)(const Flat *f, ptrdiff_t y0, ptrdiff_t y1, void *dst, ptrdiff_t dst_stride, ptrdiff_t ring,
                          char *scratch) {
    const int most = f->most;
    const ptrdiff_t height = 2 * f->ry + 1, length = 2 * f->rx + 1;
    const int block = rectangle_block(height);
    const ptrdiff_t n = f->width * f->channels, margin = f->rx * f->channels;
    const ptrdiff_t row_bytes = flat_row_bytes(f, sizeof(KEY)), count = n < LANES ? 0 : rectangle_groups(height);
    const ptrdiff_t end = y1 + 2 * f->ry - 1; /* the last position that rows [y0, y1) see */
    const SAMPLE **rows = (const SAMPLE **)scratch;
    char *lines = (char *)(rows + height + RECTANGLE_BLOCK), *store;
    lines += -(uintptr_t)lines & 63;
    store = lines + RECTANGLE_BLOCK * row_bytes;
#define GROUP(g) (KEY *)(store + (g) * row_bytes)
    /* As large as the compiler believes a pixel may be. */
    KEY fill[16], *const prefix = GROUP(count), *out[RECTANGLE_BLOCK];
    for (int c = 0; c < 16; c++) ID(key)((const SAMPLE *)f->fill_row + c % f->channels, fill + c, most);
    for (int w = 0; w < RECTANGLE_BLOCK; w++) out[w] = (KEY *)(lines + w * row_bytes + flat_margin_bytes(f, sizeof(KEY)));
    ptrdiff_t at = 0; /* the group in its set that the window of row y begins with */
    for (ptrdiff_t y = y0; y < y1; y += RECTANGLE_BLOCK) {
        /* Most of the list is that of the block before, further on. */
        if (y > y0) memmove(rows, rows + RECTANGLE_BLOCK, (size_t)(height - 1) * sizeof *rows);
        for (ptrdiff_t k = y > y0 ? height - 1 : 0; k < height + RECTANGLE_BLOCK - 1; k++)
            rows[k] = row_at(f->src, f->stride, f->rows, y + k < end ? y + k : end, f->fill_row);
        const KEY *groups[2];
        if (count > 0) {
            /* A set begins with its groups, which become their suffixes. The groups that follow are kept for the next
               set, and met in the prefix; a group of the old set makes room for each. */
            if (y == y0)
                for (ptrdiff_t g = 0; g < count; g++)
                    ID(find_group)(rows + RECTANGLE_BLOCK * (g + 1), GROUP(g), n, most);
            else {
                KEY *const last = GROUP(at);
                ID(find_group)(rows + RECTANGLE_BLOCK * count, last, n, most);
                if (at == 0) memcpy(prefix, last, (size_t)n * sizeof(KEY));
                else ID(meet_groups)(prefix, last, n, most);
                at = at + 1 == count ? 0 : at + 1;
            }
            if (at == 0)
                for (ptrdiff_t g = count - 2; g >= 0; g--) ID(meet_groups)(GROUP(g), GROUP(g + 1), n, most);
            groups[0] = GROUP(at);
            groups[1] = at == 0 ? groups[0] : prefix;
        }
        if (n < LANES) ID(narrow_columns)(rows, height, out, n, most);
        for (int w = 0; n >= LANES && w < RECTANGLE_BLOCK && y + w < y1; w += block) {
            if (block == 1) ID(columns_1)(rows + w, height, NULL, 1, out + w, n, most);
            else if (block == 2) ID(columns_2)(rows + w, height, NULL, 2, out + w, n, most);
            else if (block == 4) ID(columns_4)(rows + w, height, NULL, 4, out + w, n, most);
            else ID(columns_8)(rows, height, count > 0 ? groups : NULL, RECTANGLE_BLOCK * (1 + count), out, n, most);
        }
        const int found_rows = y1 - y < RECTANGLE_BLOCK ? (int)(y1 - y) : RECTANGLE_BLOCK;
        for (int w = 0; w < found_rows; w++)
            extend_row(out[w], f->width, f->columns, f->rx, f->rx, fill, (size_t)f->channels * sizeof(KEY));
        ptrdiff_t found = 1;
#if LEVEL > LEVEL_BASELINE
        if (length > 7) found = ID(start_runs)(out, found_rows, -margin, n + margin, length, f->channels, most);
#endif
        for (int w = 0; w < found_rows; w++)
            ID(finish_run)(out[w] - margin, (SAMPLE *)((char *)dst + (y + w) % ring * dst_stride), n, length, f->channels,
                           found, most);
    }
#undef GROUP
}
