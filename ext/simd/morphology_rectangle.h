/* Minima or maxima over rectangles. Included for each SAMPLE at each level.

   Down the columns, `block` output rows at a time stay in registers: rows that all of them share are met once, then those
   above from the last output to the first and those below from the first to the last (van Herk, Gil and Werman, with
   blocks shorter than the window). In tall windows most of the shared rows come as groups of `block` rows, each found
   once. Along the row, minima over 4, 16, 64 ... samples follow from each other in place. */

/* The rows that a block meets singly, and where its results go. They are copied out of the lists, because a compiler
   must suppose that a store of bytes changes any list. */
typedef struct {
    const SAMPLE *above[RECTANGLE_BLOCK], *shared, *below[RECTANGLE_BLOCK];
    void *out[RECTANGLE_BLOCK];
} ID(Block);

/* Window w of the block is rows[w .. w + height). Of the shared rows block - 1 .. height - 1, those from `block` on are
   the groups, as many as there are. Results of `direct` go to samples, else to keys. */
INLINE void ID(column)(const ID(Block) *b, const SAMPLE *const *rows, ptrdiff_t height, const KEY *const *groups,
                       ptrdiff_t group_count, ptrdiff_t x, ptrdiff_t count, int block, int most, int direct) {
    KEYS head[RECTANGLE_BLOCK], v = ID(take)(b->shared + x, count, most);
    for (ptrdiff_t k = block * (1 + group_count); k < height - 1; k++)
        v = ID(pick)(v, ID(take)(rows[k] + x, count, most), most);
    for (ptrdiff_t g = 0; g < group_count; g++) v = ID(pick)(v, ID(load)(groups[g] + x), most);
    UNROLL_BLOCK
    for (int w = block - 1; w >= 0; w--) head[w] = v = ID(pick)(v, ID(take)(b->above[w] + x, count, most), most);
    UNROLL_BLOCK
    for (int w = 0; w < block; w++) {
        KEYS least = head[w];
        if (w > 0) {
            const KEYS next = ID(take)(b->below[w] + x, count, most);
            v = w == 1 ? next : ID(pick)(v, next, most);
            least = ID(pick)(head[w], v, most);
        }
        if (direct) ID(give)((SAMPLE *)b->out[w] + x, least, count, most);
        else ID(store)((KEY *)b->out[w] + x, least);
    }
}

INLINE void ID(columns)(const SAMPLE *const *rows, ptrdiff_t height, const KEY *const *groups, ptrdiff_t group_count,
                        void *const *out, ptrdiff_t n, int block, int most, int direct) {
    ID(Block) b;
    b.shared = rows[height - 1];
    UNROLL_BLOCK
    for (int w = 0; w < block; w++) {
        b.above[w] = rows[w];
        b.below[w] = w > 0 ? rows[height + w - 1] : NULL;
        b.out[w] = out[w];
    }
    ptrdiff_t x = 0;
    for (; x + LANES <= n; x += LANES)
        ID(column)(&b, rows, height, groups, group_count, x, LANES, block, most, direct);
    if (x == n) return;
    /* A vector that overlaps the one before, or, in a row shorter than one, part of a vector. */
    if (n > LANES) ID(column)(&b, rows, height, groups, group_count, n - LANES, LANES, block, most, direct);
    else ID(column)(&b, rows, height, groups, group_count, 0, n, block, most, direct);
}

/* The least of each column of RECTANGLE_BLOCK rows. */
INLINE void ID(group)(const SAMPLE *const *rows, KEY *out, ptrdiff_t n, int most) {
    for (ptrdiff_t x = 0; x < n; x += LANES) {
        const ptrdiff_t count = n - x < LANES ? n - x : LANES;
        KEYS v = ID(take)(rows[0] + x, count, most);
        UNROLL_BLOCK
        for (int k = 1; k < RECTANGLE_BLOCK; k++) v = ID(pick)(v, ID(take)(rows[k] + x, count, most), most);
        ID(store)(out + x, v);
    }
}

/* The last step of a run: minima over `windows` runs of p samples that cover it. */
INLINE void ID(cover)(const KEY *t, SAMPLE *out, ptrdiff_t n, ptrdiff_t s, ptrdiff_t last, int windows, int most) {
    for (ptrdiff_t x = 0; x < n; x += LANES) {
        const ptrdiff_t i = x + LANES <= n || n < LANES ? x : n - LANES;
        KEYS v = ID(pick)(ID(load)(t + i), ID(load)(t + i + last), most);
        if (windows > 2) v = ID(pick)(v, ID(load)(t + i + s), most);
        if (windows > 3) v = ID(pick)(v, ID(load)(t + i + 2 * s), most);
        if (n < LANES) ID(give)(out, v, n, most);
        else ID(give)(out + i, v, LANES, most);
    }
}

/* out[x] = least of t[x], t[x + step], ... `length` samples, length > 1; t is spoilt, with two vectors of room behind
   its n + (length - 1) * step samples. */
INLINE void ID(run)(KEY *t, SAMPLE *out, ptrdiff_t n, ptrdiff_t length, ptrdiff_t step, int most) {
    ptrdiff_t s = step;
    for (; 4 * s <= length * step; s *= 4)
        for (ptrdiff_t x = 0; x < n + length * step - 4 * s; x += LANES) {
            const KEYS a = ID(pick)(ID(load)(t + x), ID(load)(t + x + s), most);
            const KEYS b = ID(pick)(ID(load)(t + x + 2 * s), ID(load)(t + x + 3 * s), most);
            ID(store)(t + x, ID(pick)(a, b, most));
        }
    const ptrdiff_t last = length * step - s;
    if (last <= s) ID(cover)(t, out, n, s, last, 2, most);
    else if (last <= 2 * s) ID(cover)(t, out, n, s, last, 3, most);
    else ID(cover)(t, out, n, s, last, 4, most);
}

/* Output rows [y0, y1) into rows y modulo `ring` of dst. */
INLINE void ID(rectangle)(const Flat *f, ptrdiff_t y0, ptrdiff_t y1, void *dst, ptrdiff_t dst_stride, ptrdiff_t ring,
                          char *scratch, int block, int most) {
    const ptrdiff_t height = block == 1 ? 1 : block == 2 ? 3 : 2 * f->ry + 1; /* constant for the compiler */
    const ptrdiff_t n = f->width * f->channels, margin = f->rx * f->channels;
    const ptrdiff_t row_bytes = flat_row_bytes(f, sizeof(KEY)), count = rectangle_groups(height, block);
    const ptrdiff_t end = y1 + 2 * f->ry - 1; /* the last position that rows [y0, y1) see */
    const SAMPLE **rows = (const SAMPLE **)scratch;
    const KEY **groups = (const KEY **)(rows + height + RECTANGLE_BLOCK);
    KEY fill[4];
    char *lines = (char *)(groups + count), *store;
    lines += -(uintptr_t)lines & 63;
    store = lines + RECTANGLE_BLOCK * row_bytes;
    for (int c = 0; c < 4; c++) ID(key)((const SAMPLE *)f->fill_row, fill + c, most);
    for (ptrdiff_t y = y0; y < y1; y += block) {
        void *out[RECTANGLE_BLOCK];
        const ptrdiff_t found = (y - y0) / block; /* the group that ends where the window of row y begins */
        for (ptrdiff_t k = 0; k < height + block - 1; k++)
            rows[k] = row_at(f->src, f->stride, f->rows, y + k < end ? y + k : end, f->fill_row);
        for (ptrdiff_t g = y > y0 && count > 0 ? count - 1 : 0; g < count; g++)
            ID(group)(rows + block * (g + 1), (KEY *)(store + (found + g) % count * row_bytes), n, most);
        for (ptrdiff_t g = 0; g < count; g++) groups[g] = (const KEY *)(store + (found + g) % count * row_bytes);
        for (int w = 0; w < block; w++) {
            out[w] = lines + w * row_bytes + flat_margin_bytes(f, sizeof(KEY));
            if (margin == 0 && y + w < y1) out[w] = (char *)dst + (y + w) % ring * dst_stride;
        }
        if (margin == 0) ID(columns)(rows, height, groups, count, out, n, block, most, 1);
        else ID(columns)(rows, height, groups, count, out, n, block, most, 0);
        for (int w = 0; margin > 0 && w < block && y + w < y1; w++) {
            KEY *t = (KEY *)out[w];
            extend_row(t, f->width, f->columns, f->rx, f->rx, fill, (size_t)f->channels * sizeof(KEY));
            ID(run)(t - margin, (SAMPLE *)((char *)dst + (y + w) % ring * dst_stride), n, 2 * f->rx + 1, f->channels, most);
        }
    }
}
