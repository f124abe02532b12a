/* Transforms of columns in one precision, by steps of four rows and one of two. Included by spectrum.h in every level:
   OF(name) is the name with precision and level, NUMBER the type.

   Forwards each step of m rows takes rows q = m / 4 apart to the frequencies 4 f + 0, 2, 1, 3 of a quarter of them each;
   backwards the same steps are undone in turn, without the factor 1 / length. Sums and products are rounded one by one. */

/* `group` columns side by side; imaginary parts lie `apart` numbers behind the real ones. */
typedef struct {
    NUMBER *numbers;
    ptrdiff_t stride, apart;
} OF(Columns);

INLINE void OF(forward_four)(const NUMBER *from, ptrdiff_t from_q, ptrdiff_t from_i, NUMBER *to, ptrdiff_t to_q, ptrdiff_t to_i,
                             const NUMBER *w, ptrdiff_t group) {
    const OF(vector) w2 = OF(every)(w[0]), v2 = OF(every)(w[1]), w1 = OF(every)(w[2]), v1 = OF(every)(w[3]),
                     w3 = OF(every)(w[4]), v3 = OF(every)(w[5]);
    for (ptrdiff_t l = 0; l < group; l += LANES) {
        const NUMBER *f = from + l, *g = from + from_i + l;
        NUMBER *t = to + l, *u = to + to_i + l;
        const OF(vector) ar = OF(load)(f), br = OF(load)(f + from_q), cr = OF(load)(f + 2 * from_q), dr = OF(load)(f + 3 * from_q);
        const OF(vector) ai = OF(load)(g), bi = OF(load)(g + from_q), ci = OF(load)(g + 2 * from_q), di = OF(load)(g + 3 * from_q);
        const OF(vector) er = ar + cr, ei = ai + ci, fr = ar - cr, fi = ai - ci;
        const OF(vector) gr = br + dr, gi = bi + di, hr = bi - di, hi = dr - br; /* h = -i (b - d) */
        const OF(vector) pr = er - gr, pi = ei - gi, qr = fr + hr, qi = fi + hi, rr = fr - hr, ri = fi - hi;
        OF(store)(t, er + gr);
        OF(store)(u, ei + gi);
        OF(store)(t + to_q, pr * w2 - pi * v2);
        OF(store)(u + to_q, pr * v2 + pi * w2);
        OF(store)(t + 2 * to_q, qr * w1 - qi * v1);
        OF(store)(u + 2 * to_q, qr * v1 + qi * w1);
        OF(store)(t + 3 * to_q, rr * w3 - ri * v3);
        OF(store)(u + 3 * to_q, rr * v3 + ri * w3);
    }
}

INLINE void OF(backward_four)(const NUMBER *from, ptrdiff_t from_q, ptrdiff_t from_i, NUMBER *to, ptrdiff_t to_q, ptrdiff_t to_i,
                              const NUMBER *w, ptrdiff_t group) {
    const OF(vector) w2 = OF(every)(w[0]), v2 = OF(every)(w[1]), w1 = OF(every)(w[2]), v1 = OF(every)(w[3]),
                     w3 = OF(every)(w[4]), v3 = OF(every)(w[5]);
    for (ptrdiff_t l = 0; l < group; l += LANES) {
        const NUMBER *f = from + l, *g = from + from_i + l;
        NUMBER *t = to + l, *u = to + to_i + l;
        const OF(vector) xr = OF(load)(f), yr = OF(load)(f + from_q), zr = OF(load)(f + 2 * from_q), nr = OF(load)(f + 3 * from_q);
        const OF(vector) xi = OF(load)(g), yi = OF(load)(g + from_q), zi = OF(load)(g + 2 * from_q), ni = OF(load)(g + 3 * from_q);
        const OF(vector) pr = yr * w2 + yi * v2, pi = yi * w2 - yr * v2, qr = zr * w1 + zi * v1, qi = zi * w1 - zr * v1;
        const OF(vector) rr = nr * w3 + ni * v3, ri = ni * w3 - nr * v3;
        const OF(vector) er = xr + pr, ei = xi + pi, gr = xr - pr, gi = xi - pi;
        const OF(vector) fr = qr + rr, fi = qi + ri, hr = ri - qi, hi = qr - rr; /* h = i (q - r) */
        OF(store)(t, er + fr);
        OF(store)(u, ei + fi);
        OF(store)(t + to_q, gr + hr);
        OF(store)(u + to_q, gi + hi);
        OF(store)(t + 2 * to_q, er - fr);
        OF(store)(u + 2 * to_q, ei - fi);
        OF(store)(t + 3 * to_q, gr - hr);
        OF(store)(u + 3 * to_q, gi - hi);
    }
}

/* Forwards or backwards, its own inverse. */
INLINE void OF(two)(const NUMBER *from, ptrdiff_t from_q, ptrdiff_t from_i, NUMBER *to, ptrdiff_t to_q, ptrdiff_t to_i,
                    ptrdiff_t group) {
    for (ptrdiff_t l = 0; l < group; l += LANES)
        for (int part = 0; part < 2; part++) {
            const NUMBER *f = from + part * from_i + l;
            NUMBER *t = to + part * to_i + l;
            const OF(vector) a = OF(load)(f), b = OF(load)(f + from_q);
            OF(store)(t, a + b);
            OF(store)(t + to_q, a - b);
        }
}

/* In place, by way of `work`, which holds the group densely; steps between the first and the last stay there. */
static void OF(forward)(OF(Columns) at, OF(Columns) work, ptrdiff_t length, const NUMBER *w, ptrdiff_t group) {
    OF(Columns) from = at;
    ptrdiff_t m = length;
    for (; m >= 4; m /= 4) {
        const OF(Columns) to = m == 4 ? at : work;
        const ptrdiff_t q = m / 4;
        for (ptrdiff_t k = 0; k < q; k++, w += 6)
            for (ptrdiff_t row = k; row < length; row += m)
                OF(forward_four)(from.numbers + row * from.stride, q * from.stride, from.apart, to.numbers + row * to.stride,
                                 q * to.stride, to.apart, w, group);
        from = work;
    }
    if (m == 2)
        for (ptrdiff_t row = 0; row < length; row += 2)
            OF(two)(from.numbers + row * from.stride, from.stride, from.apart, at.numbers + row * at.stride, at.stride, at.apart,
                    group);
}

/* `w` is the end of the twiddles. */
static void OF(backward)(OF(Columns) at, OF(Columns) work, ptrdiff_t length, const NUMBER *w, ptrdiff_t group) {
    OF(Columns) from = at;
    ptrdiff_t m = length;
    while (m > 4) m /= 4;
    if (m == 2) {
        for (ptrdiff_t row = 0; row < length; row += 2)
            OF(two)(from.numbers + row * from.stride, from.stride, from.apart, work.numbers + row * work.stride, work.stride,
                    work.apart, group);
        from = work;
        m = 8;
    }
    for (; m <= length; m *= 4) {
        const OF(Columns) to = m == length ? at : work;
        const ptrdiff_t q = m / 4;
        w -= 6 * q;
        for (ptrdiff_t k = 0; k < q; k++)
            for (ptrdiff_t row = k; row < length; row += m)
                OF(backward_four)(from.numbers + row * from.stride, q * from.stride, from.apart, to.numbers + row * to.stride,
                                  q * to.stride, to.apart, w + 6 * k, group);
        from = work;
    }
}
