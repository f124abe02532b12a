/* Rotated boxes: the area that two share, and greedy suppression. Branchy work on few numbers: one build for all
   levels, float64 throughout. */
#ifndef IMGPROC_ROTATED_H
#define IMGPROC_ROTATED_H

#include "simd/loose_grid.h"

/* Half sides a, b; the angle as a quarter turn and the rest of it, with the cosine and sine of the whole. */
typedef struct {
    f64 x, y, a, b, area, rest, cosine, sine;
    f64 rx, ry; /* half extents of the upright box around it */
    int quarter;
} Rotated;

/* Exact for multiples of 90 degrees, and the same bits for angles that differ by whole turns. */
static UNUSED Rotated rotated_box(const f64 *box) {
    Rotated r;
    f64 turn = remainder(box[4], 360.0), rest = remainder(turn, 90.0), c, s, held;
    int quarter = (int)((turn - rest) / 90.0);
    if (rest == -45) rest = 45, quarter--;
    quarter = (quarter + 8) % 4;
    c = cos(rest * (3.14159265358979323846 / 180)), s = sin(rest * (3.14159265358979323846 / 180));
    r.x = box[0], r.y = box[1], r.a = 0.5 * box[2], r.b = 0.5 * box[3], r.area = box[2] * box[3];
    r.rest = rest, r.quarter = quarter;
    for (int i = 0; i < quarter; i++) held = c, c = -s, s = held;
    r.cosine = c, r.sine = s;
    r.rx = fabs(c) * r.a + fabs(s) * r.b;
    r.ry = fabs(s) * r.a + fabs(c) * r.b;
    return r;
}

typedef struct {
    f64 x, y;
} Point;

/* The part of a convex polygon with sign · (x or y) <= bound; the count of its corners.

   Corners on the line stay as they are, and new ones are put on it, so that shared edges cost no rounding. */
INLINE int clip_half_plane(const Point *in, int n, Point *out, int vertical, f64 sign, f64 bound) {
    int count = 0;
    for (int i = 0; i < n; i++) {
        Point p = in[i], q = in[i + 1 < n ? i + 1 : 0];
        f64 dp = sign * (vertical ? p.y : p.x) - bound, dq = sign * (vertical ? q.y : q.x) - bound;
        if (dp <= 0) out[count++] = p;
        if ((dp < 0 && dq > 0) || (dp > 0 && dq < 0)) {
            f64 t = dp / (dp - dq);
            Point cut = {p.x + t * (q.x - p.x), p.y + t * (q.y - p.y)};
            if (vertical)
                cut.y = sign * bound;
            else
                cut.x = sign * bound;
            out[count++] = cut;
        }
    }
    return count;
}

/* Which of two boxes is the frame: an order of all boxes, so that the area shared is the same bits from both sides. */
INLINE int is_frame(const Rotated *p, const Rotated *q) {
    if (p->area != q->area) return p->area > q->area;
    if (p->a != q->a) return p->a > q->a;
    if (p->b != q->b) return p->b > q->b;
    if (p->rest != q->rest) return p->rest > q->rest;
    if (p->quarter != q->quarter) return p->quarter > q->quarter;
    return p->x != q->x ? p->x > q->x : p->y >= q->y;
}

/* The area that two boxes share: the smaller is clipped in the frame of the larger. */
static UNUSED f64 shared_area(const Rotated *p, const Rotated *q) {
    const Rotated *frame = is_frame(p, q) ? p : q, *other = frame == p ? q : p;
    f64 c, s, dx, dy, x, y, ux, uy, vx, vy, rx, ry, area = 0, least = p->area < q->area ? p->area : q->area;
    Point first[12], second[12];
    int n = 4, turn, held;
    if (fabs(p->x - q->x) > p->rx + q->rx || fabs(p->y - q->y) > p->ry + q->ry || !(least > 0)) return 0;
    if (frame->rest == other->rest) {
        /* A whole number of quarter turns apart. */
        turn = (other->quarter - frame->quarter) & 3;
        c = turn == 0 ? 1 : turn == 2 ? -1 : 0;
        s = turn == 1 ? 1 : turn == 3 ? -1 : 0;
    } else {
        c = frame->cosine * other->cosine + frame->sine * other->sine;
        s = frame->cosine * other->sine - frame->sine * other->cosine;
    }
    dx = other->x - frame->x, dy = other->y - frame->y;
    /* y points down and angles turn counter-clockwise as seen: a box's own x axis is (cos, -sin), its y axis
       (sin, cos). */
    x = dx * frame->cosine - dy * frame->sine;
    y = dx * frame->sine + dy * frame->cosine;
    ux = c * other->a, uy = -s * other->a, vx = s * other->b, vy = c * other->b;
    rx = fabs(ux) + fabs(vx), ry = fabs(uy) + fabs(vy);
    if (x - rx >= frame->a || x + rx <= -frame->a || y - ry >= frame->b || y + ry <= -frame->b) return 0;
    if (fabs(x) + rx <= frame->a && fabs(y) + ry <= frame->b) return least;
    if (s == 0 || c == 0) {
        f64 w = (x + rx < frame->a ? x + rx : frame->a) - (x - rx > -frame->a ? x - rx : -frame->a),
            h = (y + ry < frame->b ? y + ry : frame->b) - (y - ry > -frame->b ? y - ry : -frame->b);
        return w * h < least ? w * h : least;
    }
    first[0].x = x - ux - vx, first[0].y = y - uy - vy;
    first[1].x = x + ux - vx, first[1].y = y + uy - vy;
    first[2].x = x + ux + vx, first[2].y = y + uy + vy;
    first[3].x = x - ux + vx, first[3].y = y - uy + vy;
    n = clip_half_plane(first, n, second, 0, 1, frame->a);
    n = clip_half_plane(second, n, first, 0, -1, frame->a);
    n = clip_half_plane(first, n, second, 1, 1, frame->b);
    n = clip_half_plane(second, n, first, 1, -1, frame->b);
    /* From the first corner, so that a small area is not the difference of large ones. */
    for (held = 1; held + 1 < n; held++)
        area += (first[held].x - first[0].x) * (first[held + 1].y - first[0].y) -
                (first[held + 1].x - first[0].x) * (first[held].y - first[0].y);
    area = 0.5 * fabs(area);
    return area < least ? area : least;
}

INLINE f64 rotated_iou(const Rotated *p, const Rotated *q) {
    f64 common = shared_area(p, q), iou = common > 0 ? common / (p->area + q->area - common) : 0;
    return iou > 0 ? iou : 0; /* areas beyond float64 give NaN */
}

/* Whether the box overlaps a kept one of its label by more than t.

   IoU > t asks more than the upright boxes to meet. Along an axis, let H and K be the half extents of the two and d the
   distance of the centres. The part of a convex body with a centre that lies further than e from the centre, on one
   side, is at most (1 - e / H) / 2 of it; the common part lies beyond d - K. So d <= K + H max(0, 1 - 2 t), and the same
   with the two exchanged. And the common part is a slab of width 2 K of a body whose sections are at most area / H:
   t < 2 K / H. */
static UNUSED int is_suppressed(const LooseGrid *grid, const Rotated *boxes, const i64 *labels, ptrdiff_t i,
                                const ptrdiff_t *kept, ptrdiff_t count, f64 t, f64 slack) {
    const Rotated *box = &boxes[i];
    f64 share = t < 0.5 ? 1 - 2 * t : 0, r = box->rx > box->ry ? box->rx : box->ry;
    int least = grid_level(grid, 0.5 * t * r - slack), most = grid_level(grid, t > 0 ? 2 * r / t + slack : DBL_MAX);
#define TRY(k)                                                                                                       \
    if (boxes[k].area * (1 + 1e-9) > t * box->area && box->area * (1 + 1e-9) > t * boxes[k].area &&                 \
        labels[k] == labels[i] && rotated_iou(&boxes[k], box) > t)                                                   \
        return 1;
    for (int level = least; level <= most; level++) {
        f64 extent = grid->extent[level], reach[2] = {box->rx, box->ry};
        GridCells cells;
        if (!grid->population[level]) continue;
        for (int axis = 0; axis < 2; axis++) {
            f64 own = reach[axis], near = own + share * extent, far = extent + share * own;
            reach[axis] = (near < far ? near : far) * (1 + 1e-9) + slack;
        }
        cells = grid_cells(grid, level, box->x, box->y, reach[0], reach[1]);
        if (!(grid_cell_count(&cells) * 4 < (f64)count)) {
            for (ptrdiff_t k = 0; k < count; k++) TRY(kept[k])
            return 0;
        }
        for (i64 row = cells.y0; row <= cells.y1; row++)
            for (i64 column = cells.x0; column <= cells.x1; column++)
                for (ptrdiff_t k = grid->heads[grid_bucket(grid, level, column, row)]; k >= 0; k = grid->next[k])
                    TRY(k)
    }
#undef TRY
    return 0;
}

/* kept: the boxes that overlap no kept one before them; their count, at most `limit`, or -1 without memory. */
static UNUSED ptrdiff_t suppress_rotated(const f64 *rows, const i64 *labels, ptrdiff_t n, f64 t, ptrdiff_t limit,
                                         ptrdiff_t *kept) {
    LooseGrid grid;
    Rotated *boxes = malloc((size_t)n * sizeof *boxes);
    ptrdiff_t count = 0;
    f64 reach = 0;
    if (!boxes) return -1;
    for (ptrdiff_t i = 0; i < n; i++) {
        Rotated box = rotated_box(rows + 5 * i);
        boxes[i] = box;
        reach = fmax(reach, fmax(fabs(box.x), fabs(box.y)) + fmax(box.rx, box.ry));
    }
    if (!grid_init(&grid, n, reach)) {
        free(boxes);
        return -1;
    }
    for (ptrdiff_t i = 0; i < n && count < limit; i++) {
        const Rotated *box = &boxes[i];
        if (is_suppressed(&grid, boxes, labels, i, kept, count, t, reach * 0x1p-45)) continue;
        kept[count++] = i;
        grid_insert(&grid, i, grid_level(&grid, box->rx > box->ry ? box->rx : box->ry), box->x, box->y);
    }
    grid_free(&grid);
    free(boxes);
    return count;
}

/* out: (rows, m) of IoU. */
static UNUSED int rotated_matrix(const f64 *a, ptrdiff_t rows, const f64 *b, ptrdiff_t m, f64 *out, f32 *out32) {
    Rotated *boxes = malloc((size_t)m * sizeof *boxes);
    if (!boxes) return 0;
    for (ptrdiff_t j = 0; j < m; j++) boxes[j] = rotated_box(b + 5 * j);
    for (ptrdiff_t i = 0; i < rows; i++) {
        Rotated box = rotated_box(a + 5 * i);
        for (ptrdiff_t j = 0; j < m; j++) {
            f64 iou = rotated_iou(&box, &boxes[j]);
            if (out)
                out[i * m + j] = iou;
            else
                out32[i * m + j] = (f32)iou;
        }
    }
    free(boxes);
    return 1;
}

#endif
