/* An image as a part of a model's input in one pass: rows of the resized image are made one at a time, and each is
   normalised into its place at once. */
#ifndef LEVEL
#include "simd/preprocess_filter.h"
#include "simd/preprocess_target.h"
#include "simd/resize_halve.h"
#include "simd/resize_linear.h"
#include "simd/resize_linear_fixed.h"

enum { ROWS_AS_THEY_ARE, ROWS_HALVED, ROWS_NEAREST, ROWS_LINEAR, ROWS_EXACT, ROWS_FILTERED, ROWS_FILTERED_DOWN };

typedef struct {
    const char *data;
    ptrdiff_t stride;        /* of a row, in bytes */
    ptrdiff_t height, width; /* in pixels */
    int channels;
    int bytes;  /* of a sample: 1, 2, or 4 for float32 */
    int method; /* ROWS_... */
    Taps down, across; /* ROWS_FILTERED, along x first, and ..._DOWN, along y first; a count of 0 leaves an axis as it is */
} Source;

/* The resized image, row by row. */
typedef struct {
    const Source *source;
    ptrdiff_t rows, columns;
    Linear plan;
    Across windows;
    char *line, *wide;   /* one row of it; of the source's width */
    i64 *columns_from;   /* ROWS_NEAREST: sample of the source row */
    char *ring;          /* ROWS_FILTERED: rows of the source resampled along x, as many as taps along y */
    const void **taps;   /* and where those for a row lie */
    ptrdiff_t pitch;
    i64 done;            /* rows of the source before this one went through the ring; -1: none yet */
    void *memory[3];
} Rows;

#define SIMD_SOURCE "simd/preprocess.h"
#include "simd/levels.h"
/* Rows [y0, y1) of the input; -1 where there is no memory, else 0. */
DISPATCH(int, preprocess, (const Source *source, Target *target, ptrdiff_t y0, ptrdiff_t y1), (source, target, y0, y1))
#else

INLINE void FN(rows_free)(Rows *r) {
    for (int k = 0; k < 3; k++) free(r->memory[k]);
}

static int FN(rows_begin)(Rows *r, const Source *s, ptrdiff_t rows, ptrdiff_t columns) {
    memset(r, 0, sizeof *r);
    r->source = s, r->rows = rows, r->columns = columns, r->done = -1;
    const size_t channels = (size_t)s->channels, line = ((size_t)columns * channels + FILTER_SLACK) / 16 * 64 + 64;
    const int filtered = s->method == ROWS_FILTERED || s->method == ROWS_FILTERED_DOWN;
    size_t more = 0;
    if (s->method == ROWS_AS_THEY_ARE) return 0;
    if (s->method == ROWS_EXACT && s->bytes == 1) more = (size_t)s->width * channels * 2;
    if (s->method == ROWS_FILTERED_DOWN) more = ((size_t)s->width * channels + FILTER_SLACK) * (size_t)s->bytes;
    if (s->method == ROWS_NEAREST) more = (size_t)columns * sizeof(i64);
    r->memory[0] = malloc(line + more);
    if (!r->memory[0]) return -1;
    r->line = (char *)r->memory[0];
    r->wide = r->line + line, r->columns_from = (i64 *)(void *)r->wide;
    if (s->method == ROWS_NEAREST)
        for (ptrdiff_t x = 0; x < columns; x++) r->columns_from[x] = axis_nearest(s->width, columns, x) * s->channels;
    if (s->method == ROWS_LINEAR || s->method == ROWS_EXACT) {
        r->plan.height = s->height, r->plan.width = s->width, r->plan.channels = s->channels;
        r->plan.target_height = rows, r->plan.target_width = columns;
        r->memory[1] = s->bytes == 4 ? FN(plan_f32)(&r->plan) : s->bytes == 2 || s->method == ROWS_EXACT ? FN(plan_u16)(&r->plan) : FN(plan_u8)(&r->plan);
        if (!r->memory[1]) return -1;
    }
    if (filtered && s->across.count && s->bytes == 1) {
        r->memory[1] = FN(across_plan)(&r->windows, &s->across, s->width, s->channels);
        if (!r->memory[1]) return -1;
    }
    if (filtered && s->down.count) {
        const size_t taps = (size_t)s->down.taps;
        r->pitch = s->method == ROWS_FILTERED && s->across.count ? (ptrdiff_t)line : 0;
        r->memory[2] = malloc(taps * (sizeof(void *) + (size_t)r->pitch));
        if (!r->memory[2]) return -1;
        r->taps = (const void **)r->memory[2];
        r->ring = (char *)r->memory[2] + taps * sizeof(void *);
    }
    return 0;
}

/* A source row along x into `out`. */
INLINE void FN(filter_line)(const Rows *r, const void *row, void *out) {
    const Source *s = r->source;
    if (s->bytes == 1) FN(filter_across_u8)((const u8 *)row, (u8 *)out, &s->across, &r->windows, s->width, s->channels);
    else if (s->bytes == 2) FN(filter_across_u16)((const u16 *)row, (u16 *)out, &s->across, s->channels);
    else FN(filter_across_f32)((const f32 *)row, (f32 *)out, &s->across, s->channels);
}

/* Row y of what `taps` sums along y, n samples of it. */
INLINE void FN(filter_lines)(const Rows *r, ptrdiff_t y, void *out, ptrdiff_t n) {
    const Taps *down = &r->source->down;
    const ptrdiff_t at = y * down->taps;
    if (r->source->bytes == 1) FN(filter_down_u8)((const u8 *const *)(const void *)r->taps, down->weights + at, down->taps, (u8 *)out, n);
    else if (r->source->bytes == 2) FN(filter_down_u16)((const u16 *const *)(const void *)r->taps, down->shares + at, down->taps, (u16 *)out, n);
    else FN(filter_down_f32)((const f32 *const *)(const void *)r->taps, down->shares + at, down->taps, (f32 *)out, n);
}

static const void *FN(filtered_row)(Rows *r, ptrdiff_t y) {
    const Source *s = r->source;
    if (!s->down.count) {
        FN(filter_line)(r, s->data + y * s->stride, r->line);
        return r->line;
    }
    const i64 first = s->down.first[y];
    const ptrdiff_t taps = s->down.taps;
    if (r->done < first) r->done = first;
    for (; r->done < first + taps && r->pitch; r->done++) FN(filter_line)(r, s->data + r->done * s->stride, r->ring + r->done % taps * r->pitch);
    for (ptrdiff_t k = 0; k < taps; k++) r->taps[k] = r->pitch ? r->ring + (first + k) % taps * r->pitch : s->data + (first + k) * s->stride;
    if (s->method == ROWS_FILTERED) FN(filter_lines)(r, y, r->line, r->columns * s->channels);
    else {
        FN(filter_lines)(r, y, r->wide, s->width * s->channels);
        FN(filter_line)(r, r->wide, r->line);
    }
    return r->line;
}

#define NEAREST_ROW(kind)                                                                               \
    for (ptrdiff_t x = 0; x < r->columns; x++)                                                          \
        for (int c = 0; c < s->channels; c++)                                                           \
            ((kind *)(void *)r->line)[x * s->channels + c] = ((const kind *)(const void *)from)[r->columns_from[x] + c];

static const void *FN(nearest_row)(Rows *r, ptrdiff_t y) {
    const Source *s = r->source;
    const char *from = s->data + axis_nearest(s->height, r->rows, y) * s->stride;
    if (s->bytes == 1) NEAREST_ROW(u8)
    else if (s->bytes == 2) NEAREST_ROW(u16)
    else NEAREST_ROW(f32)
    return r->line;
}
#undef NEAREST_ROW

static const void *FN(halved_row)(Rows *r, ptrdiff_t y) {
    const Source *s = r->source;
    const void *upper = s->data + 2 * y * s->stride, *lower = s->data + (2 * y + 1) * s->stride;
    if (s->bytes == 1) FN(halve_u8)((const u8 *)upper, (const u8 *)lower, (u8 *)r->line, r->columns, s->channels, 0);
    else if (s->bytes == 2) FN(halve_u16)((const u16 *)upper, (const u16 *)lower, (u16 *)(void *)r->line, r->columns, s->channels, 0);
    else FN(halve_f32)((const f32 *)upper, (const f32 *)lower, (f32 *)(void *)r->line, r->columns, s->channels, 0);
    return r->line;
}

#define LINEAR_ROW(lines, kind, temporary, along, across, result)                                    \
    {                                                                                                \
        lines                                                                                        \
        LINEAR_STEP(kind, temporary, along, across, (result *)(void *)r->line, 0)                    \
    }
static const void *FN(linear_row)(Rows *r, ptrdiff_t y) {
    Linear *plan = &r->plan;
    const char *src = r->source->data;
    const ptrdiff_t src_stride = r->source->stride;
    const int bytes = r->source->bytes;
    if (bytes == 1) {
        const f64 scale = axis_scale(plan->height, plan->target_height);
        LINEAR_ROW(LINEAR_LINES_u8, u8, i16, FN(along_u8), FN(across_u8), u8)
    } else if (bytes == 2) LINEAR_ROW(LINEAR_LINES_u16, u16, f32, FN(along_u16), FN(across_u16), u16)
    else LINEAR_ROW(LINEAR_LINES_f32, f32, f32, FN(along_f32), FN(across_f32), f32)
    return r->line;
}

/* The source row in 16 bits, of which there is a form along x. */
INLINE void FN(along_widened)(const Rows *r, const u8 *row, f32 *out, const Linear *plan) {
    u16 *restrict wide = (u16 *)(void *)r->wide;
    for (ptrdiff_t i = 0; i < plan->width * plan->channels; i++) wide[i] = row[i];
    FN(along_u16)(wide, out, plan);
}
#define WIDENED(row, out, plan) FN(along_widened)(r, row, out, plan)
static const void *FN(exact_row)(Rows *r, ptrdiff_t y) {
    Linear *plan = &r->plan;
    const char *src = r->source->data;
    const ptrdiff_t src_stride = r->source->stride;
    const int bytes = r->source->bytes;
    if (bytes == 1) LINEAR_ROW(LINEAR_LINES_u16, u8, f32, WIDENED, FN(across_f32), f32)
    else if (bytes == 2) LINEAR_ROW(LINEAR_LINES_u16, u16, f32, FN(along_u16), FN(across_f32), f32)
    else LINEAR_ROW(LINEAR_LINES_f32, f32, f32, FN(along_f32), FN(across_f32), f32)
    return r->line;
}
#undef WIDENED
#undef LINEAR_ROW

static const void *FN(row_of)(Rows *r, ptrdiff_t y) {
    switch (r->source->method) {
    case ROWS_AS_THEY_ARE: return r->source->data + y * r->source->stride;
    case ROWS_HALVED: return FN(halved_row)(r, y);
    case ROWS_NEAREST: return FN(nearest_row)(r, y);
    case ROWS_LINEAR: return FN(linear_row)(r, y);
    case ROWS_EXACT: return FN(exact_row)(r, y);
    default: return FN(filtered_row)(r, y);
    }
}

static int FN(preprocess)(const Source *s, Target *t, ptrdiff_t y0, ptrdiff_t y1) {
    Rows rows;
    const ptrdiff_t skipped = t->left < 0 ? -t->left : 0, x0 = t->left > 0 ? t->left : 0;
    const ptrdiff_t x1 = t->left + t->columns < t->width ? t->left + t->columns : t->width, n = x1 - x0;
    const int bytes = s->method == ROWS_EXACT ? 4 : s->bytes;
    t->line = malloc(((size_t)(n > 0 ? n : 0) * 3 + 1) * sizeof(f32));
    if (FN(rows_begin)(&rows, s, t->rows, t->columns) < 0 || !t->line) {
        FN(rows_free)(&rows);
        free(t->line);
        return -1;
    }
    t->past = !t->fresh && FN(passes_caches)(s->data, t->data, (y1 - y0) * t->width * t->planes * t->bytes + (y1 - y0) * s->width * s->channels * s->bytes);
    for (ptrdiff_t y = y0; y < y1; y++) {
        const ptrdiff_t line = y - t->top;
        if (line < 0 || line >= t->rows || n <= 0) {
            FN(fill_columns)(t, y, 0, t->width);
            continue;
        }
        const char *row = (const char *)FN(row_of)(&rows, line) + skipped * s->channels * bytes;
        FN(fill_columns)(t, y, 0, x0);
        if (bytes == 1) FN(take_u8)((const u8 *)row, s->channels, n, t, y, x0);
        else if (bytes == 2) FN(take_u16)((const u16 *)(const void *)row, s->channels, n, t, y, x0);
        else FN(take_f32)((const f32 *)(const void *)row, s->channels, n, t, y, x0);
        FN(fill_columns)(t, y, x1, t->width);
    }
    if (t->past) FN(written_past)();
    FN(rows_free)(&rows);
    free(t->line);
    return 0;
}

#endif
