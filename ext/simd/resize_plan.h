/* What linear resampling needs to know of a row, made once for all rows of a band. */
#ifndef IMGPROC_RESIZE_PLAN_H
#define IMGPROC_RESIZE_PLAN_H
#include "simd/resize_axes.h"

typedef struct {
    ptrdiff_t height, width, target_height, target_width; /* pixels */
    int channels;
    i64 *left;    /* per target pixel: the first sample of the source pixel left of it; never falls */
    f32 *share;   /* per target pixel: of the next source pixel, which is inside the row where this is not 0 */
    i16 *weights; /* uint8: two per target sample */
    /* For each of the first `groups` of four target samples a window of the source row that holds all they need, as many
       samples as PLAN_WINDOW tells, and the shuffle of its bytes (float32: of its lanes) that brings out the left and
       the next ones: as four pairs of 16 bits, or four left and then four next. */
    i64 *window;
    u8 *order;
    ptrdiff_t groups; /* whole blocks of 16 samples and of pixels */
    char *rows;       /* two target rows of samples of up to four bytes, and 8 more each */
} Linear;

#define PLAN_WINDOW(size) ((size) == 1 ? 16 : 8)
#define PLAN_ORDER(size) ((size) == 4 ? 32 : 16)

/* No groups where one reaches further than its window. */
INLINE void plan_windows(Linear *plan, const int size) {
    ptrdiff_t channels = plan->channels, source = plan->width * channels, reach = PLAN_WINDOW(size), block = 16 * channels;
    ptrdiff_t groups = plan->target_width * channels / block * block / 4, pixel = 0, channel = 0;
    plan->groups = 0;
    if (source < reach) return;
    for (ptrdiff_t g = 0; g < groups; g++) {
        i64 first[4], second[4], low = source - reach, high = 0;
        for (int k = 0; k < 4; k++) {
            first[k] = plan->left[pixel] + channel;
            second[k] = first[k] + (plan->share[pixel] != 0 ? channels : 0);
            if (first[k] < low) low = first[k];
            if (second[k] > high) high = second[k];
            if (++channel == channels) channel = 0, pixel++;
        }
        if (high - low >= reach) return;
        plan->window[g] = low;
        u8 *order = plan->order + g * PLAN_ORDER(size);
        for (int k = 0; k < 4; k++) {
            int a = (int)(first[k] - low), b = (int)(second[k] - low);
            if (size == 1) order[4 * k] = (u8)a, order[4 * k + 1] = 0x80, order[4 * k + 2] = (u8)b, order[4 * k + 3] = 0x80;
            else if (size == 2) {
                order[4 * k] = (u8)(2 * a), order[4 * k + 1] = (u8)(2 * a + 1);
                order[4 * k + 2] = (u8)(2 * b), order[4 * k + 3] = (u8)(2 * b + 1);
            } else {
                memcpy(order + 4 * k, &a, 4);
                memcpy(order + 16 + 4 * k, &b, 4);
            }
        }
    }
    plan->groups = groups;
}

/* All tables are one piece of memory, returned to be freed; NULL where there is none. */
INLINE void *plan_linear(Linear *plan, const int size) {
    size_t pixels = (size_t)plan->target_width, samples = pixels * (size_t)plan->channels, quads = samples / 4 + 1;
    size_t order = quads * PLAN_ORDER(size), row = (samples + 8) * 4;
    char *memory = malloc(order + 2 * row + (pixels + quads) * sizeof(i64) + pixels * sizeof(f32) + 2 * samples * sizeof(i16));
    if (!memory) return NULL;
    plan->order = (u8 *)memory;
    plan->window = (i64 *)(memory + order);
    plan->left = plan->window + quads;
    plan->rows = (char *)(plan->left + pixels);
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
    plan_windows(plan, size);
    return memory;
}
#endif
