/* Depth of round cones seen through pixels.

   A primitive is the hull of two balls on the z axis of a frame of its own: radius r1 at 0, r2 at h. With
   k = (r1 - r2) / h and c^2 = 1 - k^2, the surface between the balls is c^2 (x^2 + y^2) = (r1 - k z)^2 where
   0 <= (z - r1 k) / c^2 <= h. A hull is convex, so a ray enters it at the nearest of its entries into the three.

   A ray is followed from the depth `near` of the primitive's middle, not from the camera: its quadratic equations then
   have coefficients of the primitive's size, and float32 holds depths to about 1e-6 of them. */
#ifndef LEVEL
typedef struct {
    f32 across[3], down[3], ahead[3]; /* what a ray gains in the frame for one unit of x / z, of y / z, and at x = y = 0 */
    f32 start[3];                     /* the camera in the frame */
    f32 near, length, first, last;    /* of the middle; h; r1 and r2 */
    f32 slope, share;                 /* k and c^2 */
    f32 planes[2][4];
    i32 labels[4];
    i32 x0, x1, y0, y1;               /* pixels that it may cover */
} Cone;

/* How pixels map to rays: x / z = (x - cx) / fx. */
typedef struct {
    f32 fx, fy, cx, cy;
} Lens;
#define SIMD_SOURCE "simd/render.h"
#include "simd/levels.h"

/* Rows [y0, y1) of depth and labels, `width` wide, which hold the background: pixels that a cone covers more closely take its
   depth and label. */
DISPATCH(void, render_cones, (const Cone *cones, ptrdiff_t count, Lens lens, f32 *depth, i32 *labels, ptrdiff_t width, ptrdiff_t y0, ptrdiff_t y1), (cones, count, lens, depth, labels, width, y0, y1))
#else

static void FN(render_row)(const Cone *restrict cone, Lens lens, f32 *restrict depth, i32 *restrict labels, f32 y) {
    const f32 per_x = 1.0f / lens.fx, v = (y - lens.cy) / lens.fy;
    const f32 h = cone->length, k = cone->slope, c2 = cone->share, r1 = cone->first, near = cone->near;
    const f32 per_c2 = 1.0f / c2, r11 = r1 * r1, r22 = cone->last * cone->last;
    f32 q[3], p[3];
    for (int j = 0; j < 3; j++) q[j] = cone->ahead[j] + cone->down[j] * v;
    for (int j = 0; j < 3; j++) p[j] = cone->start[j] + near * q[j];
    const f32 *a = cone->across, *m = cone->planes[0], *n = cone->planes[1];
    const i32 l0 = cone->labels[0], l1 = cone->labels[1], l2 = cone->labels[2], l3 = cone->labels[3];
    for (i32 x = cone->x0; x < cone->x1; x++) {
        const f32 u = ((f32)x - lens.cx) * per_x;
        const f32 qx = q[0] + a[0] * u, qy = q[1] + a[1] * u, qz = q[2] + a[2] * u;
        const f32 px = p[0] + a[0] * u * near, py = p[1] + a[1] * u * near, pz = p[2] + a[2] * u * near;
        const f32 qxy = qx * qx + qy * qy, pqxy = px * qx + py * qy, pxy = px * px + py * py;
        const f32 qq = qxy + qz * qz;
        /* The balls. */
        const f32 b1 = pqxy + pz * qz, d1 = b1 * b1 - qq * (pxy + pz * pz - r11);
        const f32 zh = pz - h, b2 = pqxy + zh * qz, d2 = b2 * b2 - qq * (pxy + zh * zh - r22);
        const f32 t1 = d1 >= 0 ? (-b1 - sqrtf(d1 >= 0 ? d1 : 0)) / qq : INFINITY;
        const f32 t2 = d2 >= 0 ? (-b2 - sqrtf(d2 >= 0 ? d2 : 0)) / qq : INFINITY;
        /* The cone between them: the root at which the ray enters, in the form that loses no digits. */
        const f32 w = r1 - k * pz, wq = -k * qz;
        const f32 e = c2 * qxy - wq * wq, f = c2 * pqxy - w * wq, g = c2 * pxy - w * w, d3 = f * f - e * g;
        const f32 s = sqrtf(d3 >= 0 ? d3 : 0);
        const f32 over = f < 0 ? g : -f - s, under = f < 0 ? s - f : e;
        const f32 t3 = over / under, foot = (pz + qz * t3 - r1 * k) * per_c2;
        const f32 cone_t = (d3 >= 0) & (foot >= 0) & (foot <= h) ? t3 : INFINITY;
        f32 t = t1 < t2 ? t1 : t2;
        t = cone_t < t ? cone_t : t;
        const f32 z = near + t;
        const f32 hx = px + qx * t, hy = py + qy * t, hz = pz + qz * t;
        const int beyond = m[0] * hx + m[1] * hy + m[2] * hz > m[3], after = n[0] * hx + n[1] * hy + n[2] * hz > n[3];
        const i32 label = after ? (beyond ? l3 : l2) : (beyond ? l1 : l0);
        const int seen = (z > 0) & (z < depth[x]);
        depth[x] = seen ? z : depth[x];
        labels[x] = seen ? label : labels[x];
    }
}

static void FN(render_cones)(const Cone *cones, ptrdiff_t count, Lens lens, f32 *depth, i32 *labels, ptrdiff_t width, ptrdiff_t y0, ptrdiff_t y1) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const ptrdiff_t first = cones[i].y0 > y0 ? cones[i].y0 : y0, last = cones[i].y1 < y1 ? cones[i].y1 : y1;
        for (ptrdiff_t y = first; y < last; y++)
            FN(render_row)(&cones[i], lens, depth + y * width, labels + y * width, (f32)y);
    }
}
#endif
