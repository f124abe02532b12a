/* Curves of precision over recall, one for each class, area range, limit and threshold, kept while detections come by
   falling score: hits so far, and the best precision between any two points of recall. */
#ifndef IMGPROC_COCO_CURVES_H
#define IMGPROC_COCO_CURVES_H

#include "simd/coco_work.h"

/* Hits of `total` truths that reach each point of recall: the least c with c / total >= recall, in double as the
   definition divides. */
static void plan_points(const Coco *c, const u32 *total, u32 *need) {
    for (int a = 0; a < c->areas; a++)
        for (int r = 0; r < c->points; r++) {
            f64 n = total[a], guess = floor(c->recall[r] * n);
            u32 hits = guess > 1 ? (u32)guess - 1 : 0;
            while (hits / n < c->recall[r]) hits++;
            need[a * c->points + r] = hits;
        }
}

/* Whether a fraction is as large, or the other is none (0 of 0). Of equals the later replaces: 1 of 1 is
   1 / (1 + 2^-52) by the definition, just below 2 of 2. */
INLINE int at_least(Ratio a, Ratio b) { return (u64)a.hits * b.count >= (u64)b.hits * a.count; }

INLINE void hit(const Coco *c, const u32 *need, Progress *p, Ratio *best, u32 misses, f64 *scores, f64 score) {
    Ratio now = {p->hits + 1, p->hits + 1 + misses};
    p->hits = now.hits;
    while (p->point + 1 < c->points && now.hits >= need[p->point + 1]) scores[++p->point] = score;
    if (at_least(now, best[p->point])) best[p->point] = now;
}

/* Where the curves of a class, area range, limit and threshold begin in the outputs, in curves. */
INLINE size_t curve(const Coco *c, size_t label, int area, int limit, int threshold) {
    return ((label * (size_t)c->areas + (size_t)area) * (size_t)c->limits + (size_t)limit) * (size_t)c->thresholds +
           (size_t)threshold;
}

INLINE f64 *scores_of(const Coco *c, size_t label, int area, int limit, int threshold) {
    return c->scores + curve(c, label, area, limit, threshold) * (size_t)c->points;
}

/* Until a detection goes beyond a limit, its curves are those of the last one: they are copied then, and not counted
   twice before. */
static void set_apart(const Coco *c, Work *w, size_t label) {
    int limit = w->apart++, last = c->limits - 1, lanes = c->areas * c->thresholds;
    size_t points = (size_t)c->points;
    memcpy(w->progress + limit * LANES, w->progress + last * LANES, (size_t)lanes * sizeof *w->progress);
    memcpy(w->seen + limit * c->areas, w->seen + last * c->areas, (size_t)c->areas * sizeof *w->seen);
    memcpy(
        w->best + (size_t)(limit * LANES) * points, w->best + (size_t)(last * LANES) * points,
        (size_t)lanes * points * sizeof *w->best
    );
    for (int area = 0; area < c->areas; area++)
        memcpy(
            scores_of(c, label, area, limit, 0), scores_of(c, label, area, last, 0),
            (size_t)c->thresholds * points * sizeof(f64)
        );
}

static void count_at(const Coco *c, Work *w, size_t label, int limit, f64 score, u64 hits, u64 matched, u64 outside) {
    u32 *seen = w->seen + limit * c->areas;
    for (u64 rest = matched; rest; rest &= rest - 1) {
        int lane = lowest_bit(rest), area = w->area_of[lane];
        Progress *p = w->progress + limit * LANES + lane;
        if (hits >> lane & 1) {
            Ratio *best = w->best + (size_t)(limit * LANES + lane) * (size_t)c->points;
            f64 *scores = scores_of(c, label, area, limit, lane - area * c->thresholds);
            hit(c, w->need + area * c->points, p, best, seen[area] - p->matched, scores, score);
        }
        p->matched += !(outside >> lane & 1);
    }
    for (int area = 0; area < c->areas; area++) seen[area] += !(outside >> area * c->thresholds & 1);
}

static void count_detection(const Coco *c, Work *w, size_t label, f64 score, i64 rank, u64 hits, u64 matched, u64 outside) {
    int last = c->limits - 1;
    while (w->apart < last && rank >= c->limit[w->apart]) set_apart(c, w, label);
    for (int limit = 0; limit < w->apart; limit++)
        if (rank < c->limit[limit]) count_at(c, w, label, limit, score, hits, matched, outside);
    count_at(c, w, label, last, score, hits, matched, outside);
}

INLINE void fill_f64(f64 *out, size_t n, f64 value) {
    for (size_t i = 0; i < n; i++) out[i] = value;
}

/* No truth counts at an area range of a class. */
static void leave_undefined(const Coco *c, size_t label, int area) {
    size_t curves = (size_t)c->limits * (size_t)c->thresholds, at = curve(c, label, area, 0, 0);
    fill_f64(c->precision + at * (size_t)c->points, curves * (size_t)c->points, -1);
    fill_f64(c->scores + at * (size_t)c->points, curves * (size_t)c->points, -1);
    fill_f64(c->recalls + at, curves, -1);
}

static void finish_curve(const Coco *c, const Progress *p, const Ratio *best, f64 *precision) {
    Ratio top = {0, 1};
    f64 value = 0;
    for (int r = c->points - 1; r > p->point; r--) precision[r] = 0;
    for (int r = p->point; r >= 0; r--) {
        if (best[r].hits && !at_least(top, best[r])) {
            top = best[r];
            value = top.hits / ((f64)top.count + 0x1p-52);
        }
        precision[r] = value;
    }
}

static void finish_curves(const Coco *c, Work *w, size_t label, const u32 *total) {
    size_t points = (size_t)c->points;
    for (int area = 0; area < c->areas; area++) {
        if (!total[area]) continue;
        for (int limit = c->limits - 1; limit >= 0; limit--) {
            size_t at = curve(c, label, area, limit, 0), n = (size_t)c->thresholds;
            if (limit >= w->apart && limit < c->limits - 1) {
                size_t last = curve(c, label, area, c->limits - 1, 0);
                memcpy(c->recalls + at, c->recalls + last, n * sizeof(f64));
                memcpy(c->precision + at * points, c->precision + last * points, n * points * sizeof(f64));
                memcpy(c->scores + at * points, c->scores + last * points, n * points * sizeof(f64));
                continue;
            }
            for (int threshold = 0; threshold < c->thresholds; threshold++) {
                int lane = limit * LANES + area * c->thresholds + threshold;
                const Progress *p = w->progress + lane;
                c->recalls[at + (size_t)threshold] = p->hits / (f64)total[area];
                finish_curve(c, p, w->best + (size_t)lane * points, c->precision + (at + (size_t)threshold) * points);
            }
        }
    }
}

/* Starts the curves of a class; returns whether it has a truth that counts anywhere. */
static int begin_curves(const Coco *c, Work *w, size_t label, u32 *total) {
    int any = 0, last = c->limits - 1;
    size_t lanes = (size_t)(c->areas * c->thresholds), points = (size_t)c->points;
    memset(total, 0, (size_t)c->areas * sizeof *total);
    for (u32 g = w->truth_start[label]; g < w->truth_start[label + 1]; g++)
        for (int a = 0; a < c->areas; a++) total[a] += !(w->truths[g].ignored >> a * c->thresholds & 1);
    for (int a = 0; a < c->areas; a++) {
        any |= total[a] > 0;
        if (!total[a]) leave_undefined(c, label, a);
    }
    if (!any) return 0;
    plan_points(c, total, w->need);
    w->apart = 0;
    memset(w->seen + last * c->areas, 0, (size_t)c->areas * sizeof *w->seen);
    memset(w->progress + last * LANES, 0, lanes * sizeof *w->progress);
    memset(w->best + (size_t)(last * LANES) * points, 0, lanes * points * sizeof *w->best);
    f64 score = w->start[label] < w->start[label + 1] ? w->found[w->start[label] + w->order[0].index].score : 0;
    for (int area = 0; area < c->areas; area++)
        for (int threshold = 0; total[area] && threshold < c->thresholds; threshold++) {
            f64 *scores = scores_of(c, label, area, last, threshold);
            memset(scores, 0, points * sizeof *scores);
            scores[0] = score; /* recall 0 is reached by the first detection, whatever it is */
        }
    return 1;
}

#endif
