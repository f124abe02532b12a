/* Linear resampling: what it needs to know of a row, made once for all rows of a band, and the loop over these. */
#ifndef IMGPROC_RESIZE_PLAN_H
#define IMGPROC_RESIZE_PLAN_H
#include "simd/resize_axes.h"

typedef struct {
    ptrdiff_t height, width, target_height, target_width; /* pixels */
    int channels;
    i64 *left;    /* per target pixel: the first sample of the source pixel left of it; never falls */
    f32 *share;   /* per target pixel: of the next source pixel, which is inside the row where this is not 0 */
    i16 *weights; /* uint8: two per target sample */
    /* For each of the first `groups` of four target samples (with AVX-512: for two of them together) a window of the source
       row that holds all they need, and the shuffle of its bytes that brings out the left and the next ones as pairs of
       16 bits; float32: of its lanes, all left ones and then all next ones. With AVX-512 both count samples: words of
       16 bits, or bytes for float32. */
    i64 *window;
    u8 *order;
    ptrdiff_t groups; /* whole blocks of 16 samples and of pixels */
    ptrdiff_t reach;  /* samples in a window */
    char *rows;       /* two target rows of samples of up to four bytes, and 8 more each */
    char *upper, *lower;      /* these, and which source rows lie in them: -1, none yet */
    i64 in_upper, in_lower;
} Linear;

#define PLAN_ORDER(size) ((size) == 4 ? 32 : 16)

/* Windows of `reach` samples for `targets` target samples; no groups where one reaches further. */
INLINE void plan_windows(Linear *plan, const int size, const int targets, const ptrdiff_t reach) {
    ptrdiff_t channels = plan->channels, source = plan->width * channels, block = 16 * channels;
    ptrdiff_t samples = plan->target_width * channels / block * block, pixel = 0, channel = 0;
    u8 *order = plan->order;
    plan->groups = 0, plan->reach = reach;
    if (source < reach) return;
    for (ptrdiff_t g = 0; g < samples / targets; g++, order += targets == 8 && size == 4 ? 16 : targets / 4 * PLAN_ORDER(size)) {
        i64 first[8], second[8], low = source - reach, high = 0;
        for (int k = 0; k < targets; k++) {
            first[k] = plan->left[pixel] + channel;
            second[k] = first[k] + (plan->share[pixel] != 0 ? channels : 0);
            if (first[k] < low) low = first[k];
            if (second[k] > high) high = second[k];
            if (++channel == channels) channel = 0, pixel++;
        }
        if (high - low >= reach) return;
        plan->window[g] = low;
        for (int k = 0; k < targets; k++) {
            int a = (int)(first[k] - low), b = (int)(second[k] - low);
            if (size == 1) order[4 * k] = (u8)a, order[4 * k + 1] = 0x80, order[4 * k + 2] = (u8)b, order[4 * k + 3] = 0x80;
            else if (targets == 8 && size == 2) order[4 * k] = (u8)a, order[4 * k + 1] = 0, order[4 * k + 2] = (u8)b, order[4 * k + 3] = 0;
            else if (targets == 8) order[k] = (u8)a, order[8 + k] = (u8)b;
            else if (size == 2) {
                order[4 * k] = (u8)(2 * a), order[4 * k + 1] = (u8)(2 * a + 1);
                order[4 * k + 2] = (u8)(2 * b), order[4 * k + 3] = (u8)(2 * b + 1);
            } else {
                memcpy(order + 4 * k, &a, 4);
                memcpy(order + 16 + 4 * k, &b, 4);
            }
        }
    }
    plan->groups = samples / 4;
}

/* All tables are one piece of memory, returned to be freed; NULL where there is none. */
INLINE void *plan_linear(Linear *plan, const int size, const int targets, const ptrdiff_t reach) {
    size_t pixels = (size_t)plan->target_width, samples = pixels * (size_t)plan->channels, quads = samples / 4 + 1;
    size_t order = quads * PLAN_ORDER(size), row = (samples + 8) * 4;
    char *memory = malloc(order + 2 * row + (pixels + quads) * sizeof(i64) + pixels * sizeof(f32) + 2 * samples * sizeof(i16));
    if (!memory) return NULL;
    plan->order = (u8 *)memory;
    plan->window = (i64 *)(memory + order);
    plan->left = plan->window + quads;
    plan->rows = (char *)(plan->left + pixels);
    plan->upper = plan->rows, plan->lower = plan->rows + row;
    plan->in_upper = plan->in_lower = -1;
    plan->share = (f32 *)(plan->rows + 2 * row);
    plan->weights = (i16 *)(plan->share + pixels);
    f64 scale = axis_scale(plan->width, plan->target_width);
    for (ptrdiff_t x = 0; x < plan->target_width; x++) {
        i64 left;
        if (size == 1) {
            i16 weights[2];
            left = axis_fixed(scale, x, weights);
            if (left < 0 || left >= plan->width - 1) left = axis_clip(left, plan->width), weights[0] = 2048, weights[1] = 0;
            plan->share[x] = weights[1];
            for (int c = 0; c < plan->channels; c++) memcpy(plan->weights + 2 * (x * plan->channels + c), weights, sizeof weights);
        } else left = axis_linear(plan->width, plan->target_width, x, &plan->share[x]);
        plan->left[x] = left * plan->channels;
    }
    plan_windows(plan, size, targets, targets == 8 ? reach / 2 : reach);
    if (targets == 8 && !plan->groups) plan_windows(plan, size, targets, reach);
    return memory;
}

/* Rows above and below, and what tells their shares. Beyond the outermost centres uint8 takes the border row twice. */
#define LINEAR_LINES_u8                                                    \
    i16 part[2];                                                           \
    i64 top = axis_fixed(scale, y, part), bottom = top + 1;                \
    top = axis_clip(top, plan->height), bottom = part[1] ? axis_clip(bottom, plan->height) : top;
#define LINEAR_LINES_u16                                                   \
    f32 part;                                                              \
    i64 top = axis_linear(plan->height, plan->target_height, y, &part), bottom = top + (part > 0);
#define LINEAR_LINES_f32 LINEAR_LINES_u16

/* Where rows shrink so much that hardly any source row is used twice, both are taken at once; of uint8, colour without windows. */
#define LINEAR_BOTH_u8 LINEAR_BOTH(u8, plan->groups == 0 && plan->channels > 1)
#define LINEAR_BOTH_u16 LINEAR_BOTH(u16, 1)
#define LINEAR_BOTH_f32 LINEAR_BOTH(f32, 1)
#define LINEAR_BOTH(kind, too)                                                                                            \
    if (2 * plan->height >= 3 * plan->target_height && bottom != top && (too)) {                                          \
        const char *first = (const char *)src + top * src_stride, *second = (const char *)src + bottom * src_stride;      \
        f32 unused;                                                                                                       \
        i64 next = axis_linear(plan->height, plan->target_height, y + (y + 1 < y1), &unused);                             \
        FN(both_##kind)((const kind *)first, (const kind *)second, (next - top) * src_stride,                             \
                        (kind *)((char *)dst + y * dst_stride), part, plan);                                              \
        continue;                                                                                                         \
    }

/* Results of this many bytes are written past the caches, which would lose them before they are read. */
#define LINEAR_STREAM 0x1p25
#if defined(SIMD_X86)
#define LINEAR_FENCE _mm_sfence()
#else
#define LINEAR_FENCE ((void)0)
#endif

/* One target row from its lines: source rows are interpolated along x into one of two scratch rows, and pairs of those along
   y. A source row is interpolated once, however many target rows use it. */
#define LINEAR_STEP(kind, temporary, along, across, out, stream)                                                         \
    if (top != plan->in_upper) {                                                                                          \
        char *swapped = plan->upper;                                                                                      \
        i64 number = plan->in_upper;                                                                                      \
        plan->upper = plan->lower, plan->in_upper = plan->in_lower, plan->lower = swapped, plan->in_lower = number;       \
    }                                                                                                                     \
    if (top != plan->in_upper)                                                                                            \
        along((const kind *)((const char *)src + top * src_stride), (temporary *)plan->upper, plan), plan->in_upper = top; \
    if (bottom != top && bottom != plan->in_lower)                                                                        \
        along((const kind *)((const char *)src + bottom * src_stride), (temporary *)plan->lower, plan), plan->in_lower = bottom; \
    across((const temporary *)plan->upper, (const temporary *)(bottom == top ? plan->upper : plan->lower), out, part,     \
           plan->target_width * plan->channels, stream);

/* The rows of a band; where hardly any source row is used twice, two are taken at once. */
#define LINEAR(kind, temporary)                                                                                           \
    INLINE void *FN(plan_##kind)(Linear *plan) { return plan_linear(plan, sizeof(kind), LINEAR_TARGETS, LINEAR_REACH(sizeof(kind))); } \
    static int FN(linear_##kind)(const kind *src, ptrdiff_t src_stride, kind *dst, ptrdiff_t dst_stride, ptrdiff_t y0,    \
                                 ptrdiff_t y1, Linear *plan) {                                                            \
        void *memory = FN(plan_##kind)(plan);                                                                             \
        if (!memory) return -1;                                                                                           \
        const f64 scale UNUSED = axis_scale(plan->height, plan->target_height);                                           \
        const int stream = sizeof(kind) == 4 && (f64)plan->target_width * plan->channels * (f64)plan->target_height * 4 > LINEAR_STREAM; \
        for (ptrdiff_t y = y0; y < y1; y++) {                                                                             \
            LINEAR_LINES_##kind                                                                                           \
            LINEAR_BOTH_##kind                                                                                            \
            LINEAR_STEP(kind, temporary, FN(along_##kind), FN(across_##kind), (kind *)((char *)dst + y * dst_stride), stream) \
        }                                                                                                                 \
        if (stream) LINEAR_FENCE;                                                                                         \
        free(memory);                                                                                                     \
        return 0;                                                                                                         \
    }
#endif
