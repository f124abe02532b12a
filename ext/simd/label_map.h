/* Label maps: logits stretched over an image, and the class of the largest one at each pixel, in one pass.

   Pixels that lie between the same four logits are a cell. Runs of pixels of one cell along a row are slots, 16 of them a
   group; the k-th pixels of all slots of a group, its phases, are worked on together, so that all loads are of
   neighbours. Before that, classes that can be the largest at no pixel of a group's cells are left out: at each pixel a
   class lies between the smallest and the largest of its four logits. */
#ifndef LEVEL
#ifndef IMGPROC_LABEL_MAP_H
#define IMGPROC_LABEL_MAP_H
#include "simd/label_map_lanes.h"

/* Slots of a group, the most phases of one, and the most rows that are worked on together. */
#define LM_GROUP 16
#define LM_PHASES 32
#define LM_MOST_ROWS 8
#define LM_ROOM (LM_MOST_ROWS * LM_PHASES * LM_GROUP)

/* What a score says: nothing, the largest logit, how far it is above the second, its share of the sum of exponentials. */
enum { LM_NO_SCORE, LM_LOGIT, LM_MARGIN, LM_PROBABILITY };

/* Logits of a row that are asked for ahead of time at most: half a MB stays in a cache until they are needed. */
#define LM_AHEAD (1 << 17)

typedef struct {
    const f32 *logits; /* classes x height x width */
    ptrdiff_t classes, height, width;
    /* Of each slot, a multiple of 16 of them: the logits beside it. Where `together`, the right one of a slot is the left
       one of the next. In [first, last) the left one goes up by one from slot to slot. */
    const i32 *left, *right;
    ptrdiff_t slots, first, last;
    int together;
    /* Of each group: its columns of the result; of one more, the sum of phases before it. */
    const i32 *begin, *end, *phases;
    const f32 *across; /* of each phase and slot, what the right logit counts */
    const i32 *place;  /* of each column, 16 phase + slot within its group */
    ptrdiff_t columns;
    /* Of each row of the result: the rows of logits beside it, and what the lower one counts. */
    const i32 *above, *below;
    const f32 *down;
    void *labels;
    int label_size; /* 1, 2 or 4 bytes */
    f32 *scores;
    int score;
} LabelMap;

typedef struct {
    f32 *rows[2]; /* two rows of logits, of all classes, in the order of slots */
    i32 held[2];  /* which they are */
    ptrdiff_t stride, beyond; /* from class to class, from the left logit of a slot to its right one */
    i32 *list, *all;
    i32 *labels;
    f32 *scores;
} LabelMapWork;

/* A whole number of lines of the cache from class to class, and an odd one, so that classes do not meet in one set. */
INLINE ptrdiff_t label_map_stride(const LabelMap *job) {
    const ptrdiff_t floats = job->together ? job->slots + 1 : 2 * job->slots;
    return ((floats + 15) / 16 | 1) * 16;
}

static UNUSED void label_map_free(LabelMapWork *work) {
    free(work->rows[0]), free(work->rows[1]), free(work->list), free(work->all), free(work->labels), free(work->scores);
}

/* 0 without memory. */
static UNUSED int label_map_work(const LabelMap *job, LabelMapWork *work) {
    const size_t stride = (size_t)label_map_stride(job), classes = (size_t)job->classes;
    work->stride = (ptrdiff_t)stride, work->beyond = job->together ? 1 : job->slots;
    work->held[0] = work->held[1] = -1;
    for (int i = 0; i < 2; i++) work->rows[i] = calloc(classes * stride, sizeof(f32));
    work->list = malloc(classes * sizeof(i32)), work->all = malloc(classes * sizeof(i32));
    work->labels = malloc(LM_ROOM * sizeof(i32)), work->scores = malloc(LM_ROOM * sizeof(f32));
    if (!work->rows[0] || !work->rows[1] || !work->list || !work->all || !work->labels || !work->scores) {
        label_map_free(work);
        return 0;
    }
    for (ptrdiff_t c = 0; c < job->classes; c++) work->all[c] = (i32)c;
    return 1;
}

INLINE void prefetch_row(const f32 *row, ptrdiff_t floats) {
#if defined(__GNUC__)
    for (ptrdiff_t k = 0; k < floats; k += 16) __builtin_prefetch(row + k);
#else
    (void)row, (void)floats;
#endif
}

#include "simd/label_map_blocks.h"
#define SIMD_SOURCE "simd/label_map.h"
#include "simd/levels.h"

/* Rows [y0, y1) of the result: 1; 0 without memory, -1 where a logit beside one of their pixels is not finite. */
DISPATCH(int, label_map, (const LabelMap *job, ptrdiff_t y0, ptrdiff_t y1), (job, y0, y1))
#endif
#else

/* A row of logits of all classes in the order of slots; 0 where one is not finite. The row `ahead` is fetched next: a
   processor does not see by itself where rows of as many streams as there are classes go on. */
static int FN(lm_fetch)(const LabelMap *job, const LabelMapWork *work, i32 y, i32 ahead, f32 *to) {
    const i32 *left = job->left, *right = job->right;
    const ptrdiff_t first = job->first, last = job->last, slots = job->slots;
    u32 bad = 0;
    for (ptrdiff_t c = 0; c < job->classes; c++, to += work->stride) {
        const f32 *from = job->logits + (c * job->height + y) * job->width;
        if (ahead >= 0) prefetch_row(from + (ahead - y) * job->width, job->width);
        for (ptrdiff_t k = 0; k < first; k++) to[k] = from[left[k]];
        if (first < last) memcpy(to + first, from + left[first], (size_t)(last - first) * sizeof(f32));
        if (job->together) {
            for (ptrdiff_t k = last; k < slots; k++) to[k] = from[left[k]];
            to[slots] = from[right[slots - 1]];
        } else {
            for (ptrdiff_t k = 0; k < slots; k++) to[k] = from[left[k]], to[slots + k] = from[right[k]];
        }
        /* All bits of the exponent are set where a number is not finite: one more carries into the sign. */
        const ptrdiff_t floats = job->together ? slots + 1 : 2 * slots;
        for (ptrdiff_t k = 0; k < floats; k++) {
            u32 bits;
            memcpy(&bits, to + k, sizeof bits);
            bad |= (bits & 0x7fffffffu) + 0x00800000u;
        }
    }
    return bad >> 31 == 0;
}

/* The two rows, each fetched once on the way down; the next one below them is `ahead`. */
static int FN(lm_beside)(const LabelMap *job, LabelMapWork *work, i32 above, i32 below, i32 ahead) {
    if (work->held[0] != above && work->held[1] == above) {
        f32 *const row = work->rows[0];
        work->rows[0] = work->rows[1], work->rows[1] = row;
        work->held[1] = work->held[0], work->held[0] = above;
    }
    if (work->held[0] != above && !FN(lm_fetch)(job, work, above, ahead < 0 ? -1 : below, work->rows[0])) return 0;
    work->held[0] = above;
    if (work->held[1] != below && !FN(lm_fetch)(job, work, below, ahead, work->rows[1])) return 0;
    work->held[1] = below;
    return 1;
}

/* One label in the rows and columns of a group. */
INLINE void FN(lm_fill)(const LabelMap *job, ptrdiff_t y, ptrdiff_t rows, ptrdiff_t g, i32 label) {
    const ptrdiff_t x0 = job->begin[g], x1 = job->end[g];
    for (; rows > 0; rows--, y++) {
        if (job->label_size == 1) {
            memset((u8 *)job->labels + y * job->columns + x0, (u8)label, (size_t)(x1 - x0));
        } else if (job->label_size == 2) {
            u16 *out = (u16 *)job->labels + y * job->columns;
            for (ptrdiff_t x = x0; x < x1; x++) out[x] = (u16)label;
        } else {
            i32 *out = (i32 *)job->labels + y * job->columns;
            for (ptrdiff_t x = x0; x < x1; x++) out[x] = label;
        }
    }
}

/* A group's rows from the order of phases into that of columns. */
INLINE void FN(lm_spread)(const LabelMap *job, const LabelMapWork *work, ptrdiff_t y, ptrdiff_t rows, ptrdiff_t g) {
    const i32 *place = job->place;
    const ptrdiff_t x0 = job->begin[g], x1 = job->end[g], step = (job->phases[g + 1] - job->phases[g]) * LM_GROUP;
    for (ptrdiff_t r = 0; r < rows; r++) {
        const i32 *labels = work->labels + r * step;
        const ptrdiff_t at = (y + r) * job->columns;
        if (job->label_size == 1) {
            u8 *out = (u8 *)job->labels + at;
            for (ptrdiff_t x = x0; x < x1; x++) out[x] = (u8)labels[place[x]];
        } else if (job->label_size == 2) {
            u16 *out = (u16 *)job->labels + at;
            for (ptrdiff_t x = x0; x < x1; x++) out[x] = (u16)labels[place[x]];
        } else {
            i32 *out = (i32 *)job->labels + at;
            for (ptrdiff_t x = x0; x < x1; x++) out[x] = labels[place[x]];
        }
        if (job->score == LM_NO_SCORE) continue;
        const f32 *scores = work->scores + r * step;
        for (ptrdiff_t x = x0; x < x1; x++) job->scores[at + x] = scores[place[x]];
    }
}

/* A group of slots in the rows [y, y + rows), all between the same two rows of logits. */
static void FN(lm_group)(const LabelMap *job, const LabelMapWork *work, ptrdiff_t y, ptrdiff_t rows, ptrdiff_t g) {
    const LmCells cells = {work->rows[0] + g * LM_GROUP, work->rows[1] + g * LM_GROUP, work->stride, work->beyond};
    const ptrdiff_t phases = job->phases[g + 1] - job->phases[g];
    const f32 *across = job->across + job->phases[g] * LM_GROUP;
    const i32 *list = work->all;
    ptrdiff_t count = job->classes;
    /* Where a group has one pixel to a slot, to look at it takes as long as to work on it. */
    if (count > 1 && phases * rows > 1) {
        count = FN(lm_candidates)(&cells, job->classes, job->score, work->list);
        list = work->list;
    }
    if (count == 1 && job->score == LM_NO_SCORE) {
        FN(lm_fill)(job, y, rows, g, list[0]);
        return;
    }
    const ptrdiff_t blocks = (rows + LM_ROWS - 1) / LM_ROWS;
    for (ptrdiff_t b = 0; b < blocks; b++) {
        const ptrdiff_t start = y + rows * b / blocks, some = y + rows * (b + 1) / blocks - start;
        for (ptrdiff_t p = 0; p < phases; p++)
            FN(lm_rows)(&cells, list, count, across + p * LM_GROUP, job->down + start, (int)some, job->score,
                        work->labels + p * LM_GROUP, work->scores + p * LM_GROUP, phases * LM_GROUP);
        FN(lm_spread)(job, work, start, some, g);
    }
}

static int FN(label_map)(const LabelMap *job, ptrdiff_t y0, ptrdiff_t y1) {
    const ptrdiff_t groups = job->slots / LM_GROUP;
    const int few = job->classes * job->width <= LM_AHEAD;
    LabelMapWork work;
    int done = 1;
    if (!label_map_work(job, &work)) return 0;
    for (ptrdiff_t y = y0, next; y < y1 && done == 1; y = next) {
        const i32 above = job->above[y], below = job->below[y];
        for (next = y + 1; next < y1 && job->above[next] == above && job->below[next] == below; next++) {}
        const i32 ahead = next == y1 || !few ? -1 : job->above[next] > below ? job->above[next] : job->below[next];
        if (!FN(lm_beside)(job, &work, above, below, ahead)) done = -1;
        for (ptrdiff_t g = 0; g < groups && done == 1; g++) FN(lm_group)(job, &work, y, next - y, g);
    }
    label_map_free(&work);
    return done;
}

#endif
