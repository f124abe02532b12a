/* Minima or maxima over any footprint, as the runs of its rows. Included for each SAMPLE at each level.

   Minima over runs of each length that occurs are found once for each source row, a longer one from a shorter, and kept
   as long as the footprint reaches: an output row then meets each run of the footprint once. */

/* keys = pixels [x0, x1) of a row whose first pixel stands at `row`, where x0 and x1 may lie `rx` outside the image. */
static void ID(segment)(const Flat *f, const SAMPLE *row, ptrdiff_t x0, ptrdiff_t x1, KEY *keys) {
    const ptrdiff_t c = f->channels, first = x0 > 0 ? x0 : 0, last = x1 < f->width ? x1 : f->width;
    for (ptrdiff_t x = x0; x < x1; x++) {
        if (x == first) x = last; /* the image itself follows below */
        if (x == x1) break;
        const i64 column = f->columns[x < 0 ? f->rx + x : f->rx + x - f->width];
        const SAMPLE *pixel = column < 0 ? (const SAMPLE *)f->fill_row : row + column * c;
        for (ptrdiff_t i = 0; i < c; i++) ID(key)(pixel + i, keys + (x - x0) * c + i, f->most);
    }
    ptrdiff_t i = first * c;
    for (; i + LANES <= last * c; i += LANES) ID(store)(keys + i - x0 * c, ID(take)(row + i, LANES, f->most));
    for (; i < last * c; i++) ID(key)(row + i, keys + i - x0 * c, f->most);
}

/* longer[x] = least of shorter[x] and shorter[x + shift] for x < n, and on to a whole vector. */
INLINE void ID(lengthen)(const KEY *shorter, KEY *longer, ptrdiff_t n, ptrdiff_t shift, int most) {
    for (ptrdiff_t x = 0; x < n; x += LANES)
        ID(store)(longer + x, ID(pick)(ID(load)(shorter + x), ID(load)(shorter + x + shift), most));
}

static void ID(lengthen_run)(const KEY *shorter, KEY *longer, ptrdiff_t n, ptrdiff_t shift, int most) {
    if (most) ID(lengthen)(shorter, longer, n, shift, 1);
    else ID(lengthen)(shorter, longer, n, shift, 0);
}

/* Asks for pixels [x0, x1) of the row of samples at `row`: a strip of a row is too short for a processor to foresee. */
INLINE void ID(ask_for)(const SAMPLE *row, ptrdiff_t x0, ptrdiff_t x1) {
#if defined(__GNUC__)
    for (const char *p = (const char *)(row + x0), *end = (const char *)(row + x1); p < end; p += 64) __builtin_prefetch(p);
#else
    (void)row, (void)x0, (void)x1;
#endif
}

/* The runs of all lengths of one row of `n` keys; kept[j] is where those of length lengths[j] go, the keys stand where
   those of length 1 do. spare: two rows. */
static void ID(row_runs)(const KEY *keys, ptrdiff_t n, ptrdiff_t step, const i64 *lengths, ptrdiff_t count,
                         KEY *const *kept, KEY *const *spare, int most) {
    ptrdiff_t length = 1;
    for (ptrdiff_t j = 0, s = 0; j < count; j++) {
        if (lengths[j] == 1) continue;
        for (; 2 * length < lengths[j]; length *= 2, s ^= 1) {
            ID(lengthen_run)(keys, spare[s], n - (2 * length - 1) * step, length * step, most);
            keys = spare[s];
        }
        ID(lengthen_run)(keys, kept[j], n - (lengths[j] - 1) * step, (lengths[j] - length) * step, most);
        keys = kept[j];
        length = lengths[j];
    }
}

INLINE void ID(meet)(const KEY *const *runs, ptrdiff_t count, SAMPLE *out, ptrdiff_t x, ptrdiff_t n, int vectors, int most) {
    KEYS v[4];
    UNROLL_BLOCK
    for (int i = 0; i < vectors; i++) v[i] = ID(load)(runs[0] + x + i * LANES);
    for (ptrdiff_t r = 1; r < count; r++) {
        const KEY *run = runs[r] + x;
        UNROLL_BLOCK
        for (int i = 0; i < vectors; i++) v[i] = ID(pick)(v[i], ID(load)(run + i * LANES), most);
    }
    UNROLL_BLOCK
    for (int i = 0; i < vectors; i++) ID(give)(out + x + i * LANES, v[i], n, most);
}

INLINE void ID(meet_row)(const KEY *const *runs, ptrdiff_t count, SAMPLE *out, ptrdiff_t n, int most) {
    ptrdiff_t x = 0;
    for (; x + 4 * LANES <= n; x += 4 * LANES) ID(meet)(runs, count, out, x, LANES, 4, most);
    for (; x + LANES <= n; x += LANES) ID(meet)(runs, count, out, x, LANES, 1, most);
    if (x == n) return;
    if (n > LANES) ID(meet)(runs, count, out, n - LANES, LANES, 1, most);
    else ID(meet)(runs, count, out, 0, n, 1, most);
}

static void ID(footprint)(const Flat *f, ptrdiff_t y0, ptrdiff_t y1, void *dst, ptrdiff_t dst_stride, ptrdiff_t ring,
                          char *scratch) {
    const int most = f->most;
    const Footprint p = footprint_plan(f, sizeof(KEY));
    const ptrdiff_t height = 2 * f->ry + 1, step = f->channels;
    const KEY **runs = (const KEY **)scratch;
    KEY **kept = (KEY **)(runs + f->run_count);
    i64 *lengths = (i64 *)(kept + p.lengths), *kind = lengths + p.lengths, *offset = kind + f->run_count;
    char *rows = (char *)(offset + p.lengths);
    rows += -(uintptr_t)rows & 63;
    KEY *spare[3];
    for (int i = 0; i < 3; i++, rows += p.row_bytes) spare[i] = (KEY *)rows;
    for (ptrdiff_t r = 0, j = -1; r < f->run_count; r++) {
        const i64 *run = f->runs + 3 * r;
        if (j < 0 || lengths[j] != run[2]) {
            lengths[++j] = run[2];
            /* The first run of a length is read at multiples of 64 bytes. */
            offset[j] = -(run[1] * step * (ptrdiff_t)sizeof(KEY)) & 63;
        }
        kind[r] = j;
    }
#define KEPT(position, j) (KEY *)(rows + ((position) % height * p.lengths + (j)) * p.row_bytes + offset[j])
    for (ptrdiff_t x0 = 0; x0 < f->width; x0 += p.strip) {
        const ptrdiff_t x1 = x0 + p.strip < f->width ? x0 + p.strip : f->width, n = (x1 - x0 + 2 * f->rx) * step;
        ptrdiff_t ready = y0;
        for (ptrdiff_t y = y0; y < y1; y++) {
            for (; ready < y + height; ready++) {
                KEY *keys = lengths[0] == 1 ? KEPT(ready, 0) : spare[2];
                for (ptrdiff_t j = 0; j < p.lengths; j++) kept[j] = KEPT(ready, j);
                if (ready + 1 < y1 + height - 1)
                    ID(ask_for)(row_at(f->src, f->stride, f->rows, ready + 1, f->fill_row), x0 * step, x1 * step);
                ID(segment)(f, row_at(f->src, f->stride, f->rows, ready, f->fill_row), x0 - f->rx, x1 + f->rx, keys);
                ID(row_runs)(keys, n, step, lengths, p.lengths, kept, spare, most);
            }
            for (ptrdiff_t r = 0; r < f->run_count; r++)
                runs[r] = KEPT(y + f->runs[3 * r], kind[r]) + f->runs[3 * r + 1] * step;
            SAMPLE *out = (SAMPLE *)((char *)dst + y % ring * dst_stride) + x0 * step;
            if (most) ID(meet_row)(runs, f->run_count, out, (x1 - x0) * step, 1);
            else ID(meet_row)(runs, f->run_count, out, (x1 - x0) * step, 0);
        }
    }
#undef KEPT
}
