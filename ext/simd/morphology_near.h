/* Minima or maxima over small squares, in one pass from the source to the result. Included for each SAMPLE at each level
   above the baseline.

   NEAR_BLOCK output rows at a time, a vector of columns of each is found in registers; its neighbours along the row are
   parts of that vector and of those before and behind it, so that nothing between is written. */
#define NEAR_BLOCK 4

/* The bytes from `by` in front of `v`, with `low` from a half or a quarter of a vector in front of it. */
#define BEFORE(v, low, by) OP(alignr_epi8)(v, low, 16 - (by))
/* The bytes from `by` behind the first of `v`, with `high` from 16 bytes behind it. */
#define BEHIND(v, high, by) OP(alignr_epi8)(high, v, by)
#if LEVEL == LEVEL_AVX512
#define SIXTEEN_BEFORE(before, v) _mm512_alignr_epi64(v, before, 6)
#define SIXTEEN_BEHIND(v, behind) _mm512_alignr_epi64(behind, v, 2)
#else
#define SIXTEEN_BEFORE(before, v) _mm256_permute2x128_si256(before, v, 0x21)
#define SIXTEEN_BEHIND(v, behind) _mm256_permute2x128_si256(v, behind, 0x21)
#endif

/* Each of v with those up to `reach` pixels of `bytes` away. */
INLINE KEYS ID(around)(KEYS low, KEYS v, KEYS behind, int bytes, int reach, int most) {
    const KEYS high = SIXTEEN_BEHIND(v, behind);
    KEYS a = v, b = v;
#define MEET(by) a = ID(pick)(a, BEFORE(v, low, by), most), b = ID(pick)(b, BEHIND(v, high, by), most)
#define MEET_ALL(one)                   \
    if (bytes == (one)) {               \
        MEET(one);                      \
        if (reach > 1) MEET(2 * (one)); \
        if (reach > 2) MEET(3 * (one)); \
    }
    MEET_ALL(1)
    MEET_ALL(2)
    MEET_ALL(3)
    MEET_ALL(4)
    if (bytes == 6) MEET(6);
    if (bytes == 8) MEET(8);
    if (bytes == 12) MEET(12);
    if (bytes == 16) MEET(16);
#undef MEET_ALL
#undef MEET
    return ID(pick)(a, b, most);
}

/* A vector of columns of NEAR_BLOCK windows of rows, the first of them rows[0 .. 2 * reach + 1). */
INLINE void ID(down)(const SAMPLE *const *rows, ptrdiff_t x, int reach, int most, KEYS *out) {
    const int height = 2 * reach + 1;
    KEYS v[NEAR_BLOCK + 6];
    UNROLL_BLOCK
    for (int k = 0; k < NEAR_BLOCK + 2 * reach; k++) v[k] = ID(take)(rows[k] + x, LANES, most);
    if (reach == 1) {
        const KEYS a = ID(pick)(v[1], v[2], most), b = ID(pick)(v[3], v[4], most);
        out[0] = ID(pick)(v[0], a, most);
        out[1] = ID(pick)(a, v[3], most);
        out[2] = ID(pick)(v[2], b, most);
        out[3] = ID(pick)(b, v[5], most);
        return;
    }
    KEYS shared = v[NEAR_BLOCK - 1];
    for (int k = NEAR_BLOCK; k < height; k++) shared = ID(pick)(shared, v[k], most);
    out[3] = shared;
    out[2] = ID(pick)(shared, v[2], most);
    const KEYS above = ID(pick)(v[2], v[1], most), below = ID(pick)(v[height], v[height + 1], most);
    out[1] = ID(pick)(ID(pick)(shared, above, most), v[height], most);
    out[0] = ID(pick)(ID(pick)(shared, above, most), v[0], most);
    out[2] = ID(pick)(out[2], below, most);
    out[3] = ID(pick)(out[3], ID(pick)(below, v[height + 2], most), most);
}

/* NEAR_BLOCK rows of n samples; n is at least two vectors. */
INLINE void ID(near)(const Flat *f, const SAMPLE *const *rows, SAMPLE *const *out, const KEY *fill, int bytes, int reach,
                     int most) {
    enum { PIXEL_ROOM = 5 };
    const ptrdiff_t step = bytes / (ptrdiff_t)sizeof(KEY), n = f->width * step, rest = n % LANES;
    const SAMPLE *row[NEAR_BLOCK + 6]; /* copied out of the list, which a store of bytes might change */
    SAMPLE *to[NEAR_BLOCK];
    KEYS v[NEAR_BLOCK], low[NEAR_BLOCK], next[NEAR_BLOCK];
    /* What lies left of the image, its first vector, its last, what lies right of it, and nothing. */
    KEY ends[NEAR_BLOCK][PIXEL_ROOM * sizeof(KEYS) / sizeof(KEY)];
    for (int k = 0; k < NEAR_BLOCK + 2 * reach; k++) row[k] = rows[k];
    for (int w = 0; w < NEAR_BLOCK; w++) to[w] = out[w];
    ID(down)(row, 0, reach, most, v);
    ID(down)(row, n - LANES, reach, most, next);
    KEYS nothing;
    memset(&nothing, 0, sizeof nothing);
    UNROLL_BLOCK
    for (int w = 0; w < NEAR_BLOCK; w++) {
        ID(store)(ends[w], nothing);
        ID(store)(ends[w] + 3 * LANES, nothing);
        ID(store)(ends[w] + 4 * LANES, nothing);
        ID(store)(ends[w] + LANES, v[w]);
        ID(store)(ends[w] + 2 * LANES, next[w]);
        for (int i = 0; i < 2 * reach; i++) {
            const ptrdiff_t column = f->columns[i] * step;
            const KEY *pixel = column < 0               ? fill
                               : column + step <= LANES ? ends[w] + LANES + column
                                                        : ends[w] + 3 * LANES + column - n;
            memcpy(ends[w] + (i < reach ? LANES : 3 * LANES) + (i - reach) * step, pixel, (size_t)bytes);
        }
        low[w] = SIXTEEN_BEFORE(ID(load)(ends[w]), v[w]);
    }
    ptrdiff_t x = 0;
    for (; x + 2 * LANES <= n; x += LANES) {
        ID(down)(row, x + LANES, reach, most, next);
        UNROLL_BLOCK
        for (int w = 0; w < NEAR_BLOCK; w++) {
            ID(give)(to[w] + x, ID(around)(low[w], v[w], next[w], bytes, reach, most), LANES, most);
            low[w] = SIXTEEN_BEFORE(v[w], next[w]);
            v[w] = next[w];
        }
    }
    UNROLL_BLOCK
    for (int w = 0; w < NEAR_BLOCK; w++) {
        const KEYS last = ID(load)(ends[w] + 3 * LANES - rest);
        ID(give)(to[w] + x, ID(around)(low[w], v[w], last, bytes, reach, most), LANES, most);
        if (rest == 0) continue;
        const KEYS behind = ID(load)(ends[w] + 4 * LANES - rest);
        low[w] = SIXTEEN_BEFORE(v[w], last);
        ID(give)(to[w] + x + LANES, ID(around)(low[w], last, behind, bytes, reach, most), rest, most);
    }
}

#define NEAR(bytes, reach)                                                                                      \
    static void ID(near_##bytes##_##reach)(const Flat *f, const SAMPLE *const *rows, SAMPLE *const *out,          \
                                           const KEY *fill) {                                                     \
        if (f->most) ID(near)(f, rows, out, fill, bytes, reach, 1);                                               \
        else ID(near)(f, rows, out, fill, bytes, reach, 0);                                                       \
    }
NEAR_SHAPES
#undef NEAR

typedef void (*ID(NearFunction))(const Flat *, const SAMPLE *const *, SAMPLE *const *, const KEY *);

/* The function for these neighbourhoods, or NULL. */
static ID(NearFunction) ID(near_function)(const Flat *f) {
    if (f->rx != f->ry || f->width * f->channels < 2 * LANES) return NULL;
    const ptrdiff_t bytes = f->channels * (ptrdiff_t)sizeof(KEY);
#define NEAR(b, r) \
    if (bytes == (b) && f->rx == (r)) return ID(near_##b##_##r);
    NEAR_SHAPES
#undef NEAR
    return NULL;
}

/* Output rows [y0, y1) into rows y modulo `ring` of dst. `spare` has room for one row. */
static void ID(near_rows)(const Flat *f, ptrdiff_t y0, ptrdiff_t y1, void *dst, ptrdiff_t dst_stride, ptrdiff_t ring,
                          SAMPLE *spare, ID(NearFunction) near) {
    const ptrdiff_t end = y1 + 2 * f->ry - 1; /* the last position that rows [y0, y1) see */
    KEY fill[4];
    for (int c = 0; c < 4; c++) ID(key)((const SAMPLE *)f->fill_row + c % f->channels, fill + c, f->most);
    for (ptrdiff_t y = y0; y < y1; y += NEAR_BLOCK) {
        const SAMPLE *rows[NEAR_BLOCK + 6];
        SAMPLE *out[NEAR_BLOCK];
        for (ptrdiff_t k = 0; k < NEAR_BLOCK + 2 * f->ry; k++)
            rows[k] = row_at(f->src, f->stride, f->rows, y + k < end ? y + k : end, f->fill_row);
        for (int w = 0; w < NEAR_BLOCK; w++)
            out[w] = y + w < y1 ? (SAMPLE *)((char *)dst + (y + w) % ring * dst_stride) : spare;
        near(f, rows, out, fill);
    }
}
#undef BEFORE
#undef BEHIND
#undef SIXTEEN_BEFORE
#undef SIXTEEN_BEHIND
#undef NEAR_BLOCK
