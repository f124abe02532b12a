/* Clusters of weighted boxes fusion. Branchy work on few numbers: one build for all levels. */
#ifndef IMGPROC_FUSION_H
#define IMGPROC_FUSION_H

#include "simd/loose_grid.h"

typedef struct {
    f64 x1, y1, x2, y2;
} Corners;

/* A cluster: the mean of its members weighted by their scores, and the sums it comes from. */
typedef struct {
    Corners mean, sums;
    f64 weight;
    i64 label;
    int level;
    int plain; /* all scores are 0: a mean without weights */
} Cluster;

INLINE f64 iou_of(const Corners *a, const Corners *b) {
    f64 w = (a->x2 < b->x2 ? a->x2 : b->x2) - (a->x1 > b->x1 ? a->x1 : b->x1),
        h = (a->y2 < b->y2 ? a->y2 : b->y2) - (a->y1 > b->y1 ? a->y1 : b->y1), common;
    if (!(w > 0 && h > 0)) return 0;
    common = w * h;
    return common / ((a->x2 - a->x1) * (a->y2 - a->y1) + (b->x2 - b->x1) * (b->y2 - b->y1) - common);
}

typedef struct {
    const Cluster *clusters;
    const Corners *box;
    i64 label;
    f64 iou; /* of the best so far; at first the threshold, which it must exceed */
    ptrdiff_t best;
} Search;

/* The first of the clusters with the greatest IoU wins, in whatever order they are tried. */
INLINE void try_cluster(Search *search, ptrdiff_t k) {
    f64 iou;
    if (search->clusters[k].label != search->label) return;
    iou = iou_of(&search->clusters[k].mean, search->box);
    if (iou > search->iou || (iou == search->iou && search->best >= 0 && k < search->best)) {
        search->iou = iou;
        search->best = k;
    }
}

/* The cluster of the box's label with the greatest IoU above the threshold t, or -1.

   IoU > t asks that along each axis the half extents a, b of box and cluster satisfy t < min(a, b) / max(a, b), and
   that the centres are less than a + b - 2 t max(a, b) apart; `slack` is what rounding may add to that. */
static UNUSED ptrdiff_t best_cluster(const LooseGrid *grid, Search *search, ptrdiff_t count, f64 slack) {
    const Corners *box = search->box;
    f64 t = search->iou, rx = 0.5 * (box->x2 - box->x1), ry = 0.5 * (box->y2 - box->y1), r = rx > ry ? rx : ry,
        x = 0.5 * box->x1 + 0.5 * box->x2, y = 0.5 * box->y1 + 0.5 * box->y2;
    int least = grid_level(grid, t * r - slack), most = grid_level(grid, t > 0 ? r / t + slack : DBL_MAX);
    for (int level = least; level <= most; level++) {
        f64 extent = grid->extent[level], reach[2] = {rx, ry};
        GridCells cells;
        if (!grid->population[level]) continue;
        for (int axis = 0; axis < 2; axis++) {
            f64 a = reach[axis], b = a < t * extent ? a / t : extent;
            f64 apart = b <= a ? a + b - 2 * t * a : t < 0.5 ? a + b - 2 * t * b : 2 * a * (1 - t);
            reach[axis] = (apart > 0 ? apart : 0) * (1 + 1e-9) + slack;
        }
        cells = grid_cells(grid, level, x, y, reach[0], reach[1]);
        if (!(grid_cell_count(&cells) * 4 < (f64)count)) {
            for (ptrdiff_t k = 0; k < count; k++) try_cluster(search, k);
            break; /* that was all levels */
        }
        for (i64 row = cells.y0; row <= cells.y1; row++)
            for (i64 column = cells.x0; column <= cells.x1; column++) {
                ptrdiff_t k = grid->heads[grid_bucket(grid, level, column, row)];
                for (; k >= 0; k = grid->next[k]) try_cluster(search, k);
            }
    }
    return search->best;
}

INLINE void place_cluster(LooseGrid *grid, Cluster *clusters, ptrdiff_t k) {
    Cluster *cluster = &clusters[k];
    const Corners *mean = &cluster->mean;
    f64 rx = 0.5 * (mean->x2 - mean->x1), ry = 0.5 * (mean->y2 - mean->y1);
    cluster->level = grid_level(grid, rx > ry ? rx : ry);
    grid_insert(grid, k, cluster->level, 0.5 * mean->x1 + 0.5 * mean->x2, 0.5 * mean->y1 + 0.5 * mean->y2);
}

INLINE void add_member(Cluster *cluster, const Corners *box, f64 weight) {
    weight = cluster->plain ? 1 : weight;
    cluster->weight += weight;
    cluster->sums.x1 += weight * box->x1;
    cluster->sums.y1 += weight * box->y1;
    cluster->sums.x2 += weight * box->x2;
    cluster->sums.y2 += weight * box->y2;
}

/* Boxes in falling order of weight, each joined to the cluster it overlaps most, or the first of a new one.

   members[i] = cluster of box i, clusters numbered in order of their first boxes; fused: (n, 4), a row for each cluster.
   Gives the number of clusters, or -1 without memory. */
static UNUSED ptrdiff_t fuse_boxes(const Corners *boxes, const f64 *weights, const i64 *labels, ptrdiff_t n, f64 t,
                                   i64 *members, Corners *fused) {
    LooseGrid grid;
    Cluster *clusters = malloc((size_t)n * sizeof *clusters);
    ptrdiff_t count = 0;
    f64 top = 0, slack;
    for (ptrdiff_t i = 0; i < n; i++) {
        const Corners *box = &boxes[i];
        top = fmax(top, fmax(fmax(fabs(box->x1), fabs(box->x2)), fmax(fabs(box->y1), fabs(box->y2))));
    }
    slack = top * 0x1p-45;
    if (!clusters || !grid_init(&grid, n, top)) {
        free(clusters);
        return -1;
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        Search search = {clusters, &boxes[i], labels[i], t, -1};
        ptrdiff_t k = best_cluster(&grid, &search, count, slack);
        Cluster *cluster = &clusters[k < 0 ? count : k];
        if (k < 0) {
            k = count++;
            memset(cluster, 0, sizeof *cluster);
            cluster->label = labels[i];
            cluster->plain = !(weights[i] > 0); /* weights fall: then all that follow are 0 too */
            cluster->mean = boxes[i];
            add_member(cluster, &boxes[i], weights[i]);
        } else {
            grid_remove(&grid, k, cluster->level);
            add_member(cluster, &boxes[i], weights[i]);
            cluster->mean.x1 = cluster->sums.x1 / cluster->weight;
            cluster->mean.y1 = cluster->sums.y1 / cluster->weight;
            cluster->mean.x2 = cluster->sums.x2 / cluster->weight;
            cluster->mean.y2 = cluster->sums.y2 / cluster->weight;
        }
        place_cluster(&grid, clusters, k);
        members[i] = k;
    }
    for (ptrdiff_t k = 0; k < count; k++) fused[k] = clusters[k].mean;
    grid_free(&grid);
    free(clusters);
    return count;
}

#endif
