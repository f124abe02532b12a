/* Products of spectra, summed down the columns, in one precision. Included by spectrum.h in every level: OF(name) is the
   name with precision and level, NUMBER the type, PLAIN a product of single numbers as the vectors make it. */

/* Sums with the factors' real parts, and with their imaginary parts, of the stored row that is tap `row` of result 0. */
INLINE void OF(spectrum_taps)(const NUMBER *from, const NUMBER *factors, ptrdiff_t row, OF(vector) *a, OF(vector) *b,
                              const int first, const int last) {
    const OF(vector) s = OF(load)(from);
#pragma GCC unroll 4
    for (int r = first; r <= last; r++) {
        const NUMBER *pair = factors + (row - r) * 2 * SPECTRUM_STRIP;
        a[r] = OF(add_product)(a[r], s, OF(load)(pair));
        b[r] = OF(add_product)(b[r], s, OF(load)(pair + SPECTRUM_STRIP));
    }
}

/* out = a + i b for pairs: a is spectrum * real part, b is spectrum * imaginary part. */
INLINE void OF(spectrum_join)(const NUMBER *a, const NUMBER *b, NUMBER *out, ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x += 2) {
        out[x] = a[x] - b[x + 1];
        out[x + 1] = a[x + 1] + b[x];
    }
}

/* LANES numbers of `rows` results: one, or four with four taps at least. */
INLINE void OF(spectrum_block)(const NUMBER *spectra, ptrdiff_t stride, const NUMBER *factors, ptrdiff_t taps, NUMBER *out,
                               ptrdiff_t out_stride, const int rows) {
    OF(vector) a[4], b[4];
    NUMBER left[LANES], right[LANES];
    ptrdiff_t i = 0;
#define TAPS(f, l) OF(spectrum_taps)(spectra + i * stride, factors, i, a, b, f, l)
    for (int r = 0; r < rows; r++) a[r] = b[r] = OF(every)(0);
    if (rows == 4) {
        TAPS(0, 0), i++;
        TAPS(0, 1), i++;
        TAPS(0, 2), i++;
        for (; i < taps; i++) TAPS(0, 3);
        TAPS(1, 3), i++;
        TAPS(2, 3), i++;
        TAPS(3, 3);
    } else {
        for (; i < taps; i++) TAPS(0, 0);
    }
#undef TAPS
    for (int r = 0; r < rows; r++) {
        OF(store)(left, a[r]);
        OF(store)(right, b[r]);
        OF(spectrum_join)(left, right, out + r * out_stride, LANES);
    }
}

/* One pair of one result, by the same arithmetic. */
static void OF(spectrum_pair)(const NUMBER *spectra, ptrdiff_t stride, const NUMBER *factors, ptrdiff_t taps, NUMBER *out) {
    NUMBER a[2] = {0, 0}, b[2] = {0, 0};
    for (ptrdiff_t i = 0; i < taps; i++, spectra += stride, factors += 2 * SPECTRUM_STRIP)
        for (int l = 0; l < 2; l++) {
            a[l] = PLAIN(a[l], spectra[l], factors[l]);
            b[l] = PLAIN(b[l], spectra[l], factors[SPECTRUM_STRIP + l]);
        }
    OF(spectrum_join)(a, b, out, 2);
}

static void OF(spectrum)(const NUMBER *spectra, ptrdiff_t stride, const NUMBER *factors, ptrdiff_t taps, ptrdiff_t pieces,
                         ptrdiff_t n, NUMBER *out, ptrdiff_t out_stride, ptrdiff_t rows) {
    for (ptrdiff_t first = 0; first < n; first += SPECTRUM_STRIP, factors += taps * 2 * SPECTRUM_STRIP)
        for (ptrdiff_t p = 0; p < pieces; p++)
            for (ptrdiff_t y = 0; y < rows;) {
                const int group = rows - y >= 4 && taps >= 4 ? 4 : 1;
                const ptrdiff_t count = n - first < SPECTRUM_STRIP ? n - first : SPECTRUM_STRIP;
                const NUMBER *from = spectra + y * stride + p * n + first;
                NUMBER *to = out + y * out_stride + p * n + first;
                ptrdiff_t x = 0;
                if (LANES > 1 && group == 4)
                    for (; x + LANES <= count; x += LANES)
                        OF(spectrum_block)(from + x, stride, factors + x, taps, to + x, out_stride, 4);
                else if (LANES > 1)
                    for (; x + LANES <= count; x += LANES)
                        OF(spectrum_block)(from + x, stride, factors + x, taps, to + x, out_stride, 1);
                for (; x < count; x += 2)
                    for (int r = 0; r < group; r++)
                        OF(spectrum_pair)(from + r * stride + x, stride, factors + x, taps, to + r * out_stride + x);
                y += group;
            }
}

#undef OF
#undef NUMBER
#undef LANES
#undef PLAIN
