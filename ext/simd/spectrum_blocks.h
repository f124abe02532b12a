/* Blocks of rows: columns in, transforms, products along the rows, results out. Included by spectrum.h in every level
   behind spectrum_transforms.h. */

enum {
    OF(GROUP) = SPECTRUM_GROUP, /* columns do not meet: the same bits for any number */
    OF(SIDE) = 4                /* vectors of sums side by side: eight chains of sums hide their latency */
};

/* Samples [p, p + count) of a padded row as numbers; NULL is a row of fill, and so is what lies behind the row. */
INLINE void OF(gather)(const Correlation *c, const void *row, ptrdiff_t p, ptrdiff_t count, NUMBER *restrict out) {
    const ptrdiff_t n = c->width * c->channels, x = p - c->reach * c->channels;
    if (row && x >= 0 && x + count <= n) {
        const void *rows[1] = {(const char *)row + x * sample_bytes(c->samples)};
        if (c->samples == SAMPLES_F32 && sizeof(NUMBER) == sizeof(f32))
            memcpy(out, rows[0], (size_t)count * sizeof(f32));
        else if (c->samples == SAMPLES_F32)
            for (ptrdiff_t l = 0; l < count; l++) out[l] = (NUMBER)((const f32 *)rows[0])[l];
        else if (c->samples == SAMPLES_U16)
            for (ptrdiff_t l = 0; l < count; l++) out[l] = ((const u16 *)rows[0])[l];
        else
            for (ptrdiff_t l = 0; l < count; l++) out[l] = ((const u8 *)rows[0])[l];
        return;
    }
    for (ptrdiff_t l = 0; l < count; l++) {
        const ptrdiff_t q = p + l, pixel = q < 0 ? -1 : q / c->channels - c->reach;
        i64 column = -1;
        if (row && q >= 0 && pixel < c->width + c->reach)
            column = pixel < 0 ? c->columns[pixel + c->reach] : pixel < c->width ? pixel : c->columns[pixel - c->width + c->reach];
        if (column < 0) {
            out[l] = (NUMBER)c->fill;
            continue;
        }
        const ptrdiff_t at = (ptrdiff_t)column * c->channels + q % c->channels;
        out[l] = c->samples == SAMPLES_F32   ? (NUMBER)((const f32 *)row)[at]
                 : c->samples == SAMPLES_U16 ? (NUMBER)((const u16 *)row)[at]
                                             : (NUMBER)((const u8 *)row)[at];
    }
}

/* Real and imaginary rows at `at` become the sums over j of factor[j] times the rows at at + ahead + j * step. Sums are
   written where nothing is read any more. */
static void OF(products)(NUMBER *at, ptrdiff_t apart, ptrdiff_t ahead, ptrdiff_t count, const NUMBER *factors, ptrdiff_t taps,
                         ptrdiff_t step) {
    for (ptrdiff_t x = 0; x < count; x += OF(SIDE) * LANES) {
        OF(vector) real[OF(SIDE)], imaginary[OF(SIDE)];
        const NUMBER *from = at + ahead + x;
        for (int b = 0; b < OF(SIDE); b++) real[b] = imaginary[b] = OF(every)(0);
        for (ptrdiff_t j = 0; j < taps; j++, from += step) {
            const OF(vector) w = OF(every)(factors[3 * j]), v = OF(every)(factors[3 * j + 1]), minus = OF(every)(factors[3 * j + 2]);
#pragma GCC unroll 4
            for (int b = 0; b < OF(SIDE); b++) {
                const OF(vector) s = OF(load)(from + b * LANES), t = OF(load)(from + apart + b * LANES);
                real[b] = OF(add_product)(OF(add_product)(real[b], s, w), t, minus);
                imaginary[b] = OF(add_product)(OF(add_product)(imaginary[b], s, v), t, w);
            }
        }
        for (int b = 0; b < OF(SIDE); b++) {
            OF(store)(at + x + b * LANES, real[b]);
            OF(store)(at + apart + x + b * LANES, imaginary[b]);
        }
    }
}

/* Whether the colours of a row are finite. */
INLINE int OF(finite)(const NUMBER *sums, ptrdiff_t count, int channels) {
    NUMBER zero = 0;
    for (ptrdiff_t x = 0; x < count; x++)
        if (channels != 4 || x % 4 != 3) zero += sums[x] * 0;
    return zero == 0;
}

static int OF(spectrum)(const Spectrum *s, const void *src, ptrdiff_t src_stride, char *dst, ptrdiff_t dst_stride, ptrdiff_t y,
                        ptrdiff_t y1, ptrdiff_t x0, ptrdiff_t x1) {
    const Correlation *c = &s->c;
    const NUMBER *factors = (const NUMBER *)s->factors, *twiddles = (const NUMBER *)s->twiddles, *end = twiddles;
    const ptrdiff_t length = s->length, channels = c->channels, taps = c->kernel_width, over = (taps - 1) * channels;
    /* Columns kept from chunk to chunk, those of the taps in whole groups; the first ones are not needed. */
    const ptrdiff_t kept = (over + SPECTRUM_GROUP - 1) / SPECTRUM_GROUP * SPECTRUM_GROUP, ahead = kept - over;
    const ptrdiff_t half = (x1 - x0 + 1) / 2 * channels, begin = x0 * channels, all = (x1 - x0) * channels;
    /* An odd number of cache lines, so that rows do not drive each other out of the first cache. */
    const ptrdiff_t line = 64 / (ptrdiff_t)sizeof(NUMBER), apart = ((SPECTRUM_CHUNK + kept) / line | 1) * line + line;
    OF(Columns) at = {NULL, 2 * apart + line, apart}, work = {NULL, 2 * OF(GROUP), OF(GROUP)};
    const size_t rows = (size_t)length * (size_t)at.stride * sizeof(NUMBER), dense = (size_t)length * 2 * OF(GROUP) * sizeof(NUMBER);
    char *memory = (char *)calloc(1, rows + dense + (size_t)length * sizeof(void *) + 64);
    int finite = 1;
    if (!memory) return -1;
    char *next = memory + (64 - (uintptr_t)memory % 64) % 64;
    at.numbers = (NUMBER *)(void *)next;
    work.numbers = (NUMBER *)(void *)(next + rows);
    const void **sources = (const void **)(void *)(next + rows + dense);
    for (ptrdiff_t m = length; m >= 4; m /= 4) end += 6 * (m / 4);
    for (ptrdiff_t i = 0; i < length; i++)
        sources[i] = y + i < c->positions ? row_at(src, src_stride, c->rows, y + i, NULL) : NULL;
    for (ptrdiff_t x = -SPECTRUM_CHUNK; x < half; x += SPECTRUM_CHUNK) {
        /* First only the columns that the first chunk needs of the one before it; last only those that are wanted. */
        const ptrdiff_t count = half - x < SPECTRUM_CHUNK ? half - x : SPECTRUM_CHUNK;
        const ptrdiff_t first = x < 0 ? SPECTRUM_CHUNK : kept;
        const ptrdiff_t last = kept + (count + SPECTRUM_GROUP - 1) / SPECTRUM_GROUP * SPECTRUM_GROUP;
        for (ptrdiff_t i = 0; i < length; i++) {
            NUMBER *row = at.numbers + i * at.stride;
            OF(gather)(c, sources[i], begin + x + first - ahead, last - first, row + first);
            OF(gather)(c, sources[i], begin + half + x + first - ahead, last - first, row + apart + first);
        }
        for (ptrdiff_t g = first; g < last; g += OF(GROUP)) {
            OF(Columns) columns = at;
            columns.numbers += g;
            OF(forward)(columns, work, length, twiddles, OF(GROUP));
        }
        if (x >= 0) {
            const ptrdiff_t left = all - half - x, other = left < 0 ? 0 : left < count ? left : count;
            for (ptrdiff_t f = 0; f < length; f++)
                OF(products)(at.numbers + f * at.stride, apart, ahead, count, factors + f * 3 * taps, taps, channels);
            for (ptrdiff_t g = 0; g < count; g += OF(GROUP)) {
                OF(Columns) columns = at;
                columns.numbers += g;
                OF(backward)(columns, work, length, end, OF(GROUP));
            }
            finite &= OF(finite)(at.numbers, count, c->channels) & OF(finite)(at.numbers + apart, other, c->channels);
            for (ptrdiff_t i = 0; i < y1 - y; i++) {
                char *to = dst + (y + i) * dst_stride + (begin + x) * sample_bytes(c->samples);
                OF(finish)(c, at.numbers + i * at.stride, to, count);
                if (other) OF(finish)(c, at.numbers + i * at.stride + apart, to + half * sample_bytes(c->samples), other);
            }
        }
        for (ptrdiff_t i = 0; i < length; i++)
            for (ptrdiff_t part = 0; part < 2; part++) {
                NUMBER *row = at.numbers + i * at.stride + part * apart;
                memmove(row, row + SPECTRUM_CHUNK, (size_t)kept * sizeof(NUMBER));
            }
    }
    free(memory);
    return !finite;
}
