/* The best split of a node of a depth forest: over features and thresholds, by the information that it gains.

   Thresholds of a feature are evenly spaced over the values that it takes between body and body (some of the node's pixels
   are looked at first); values beyond, where a probe leaves the body, fall below the first or above the last. The counts
   of labels between thresholds are gathered for a block of features at a time and scanned once. */
#ifndef IMGPROC_FOREST_SPLIT_H
#define IMGPROC_FOREST_SPLIT_H
#include "simd/forest.h"

enum { SPLIT_FEATURES = 64, SPLIT_CHUNK = 1024, SPLIT_PROBED = 128, SPLIT_FEW = 256, SPLIT_LOGS = 4096, SPLIT_CLASSES = 256 };

/* Sampled pixels of all images. */
typedef struct {
    const f32 *depths;      /* of all images */
    const i64 *firsts;      /* of each image: where its first pixel is in `depths` */
    const i32 *shapes;      /* height and width of each image */
    const i32 *image;       /* of each pixel, as the next three */
    const i16 *row, *column;
    const u8 *label;
} ForestSamples;

typedef struct {
    f64 gain; /* nats times pixels; < 0 where no split is possible */
    i64 feature;
    f32 threshold;
} ForestSplit;

typedef struct {
    f64 logs[SPLIT_LOGS];  /* n ln n */
    f64 steps[SPLIT_LOGS]; /* (n + 1) ln (n + 1) - n ln n */
    f32 values[SPLIT_FEATURES * SPLIT_FEW]; /* of a pixel after those of another */
    f32 low[SPLIT_FEATURES], high[SPLIT_FEATURES], scale[SPLIT_FEATURES];
    u8 bins[SPLIT_FEATURES * SPLIT_CHUNK];
    u8 labels[SPLIT_CHUNK];
    u32 counts[]; /* features, bins, classes */
} SplitWork;

static size_t split_work_size(int thresholds, int classes) {
    return sizeof(SplitWork) + (size_t)SPLIT_FEATURES * (size_t)(thresholds + 1) * (size_t)classes * sizeof(u32);
}

static void split_work_init(SplitWork *work) {
    work->logs[0] = 0;
    for (int n = 1; n < SPLIT_LOGS; n++) work->logs[n] = n * log((f64)n);
    for (int n = 0; n < SPLIT_LOGS - 1; n++) work->steps[n] = work->logs[n + 1] - work->logs[n];
}

INLINE f64 n_log_n(const SplitWork *work, u32 n) { return n < SPLIT_LOGS ? work->logs[n] : n * log((f64)n); }

INLINE Depth sample_image(const ForestSamples *samples, i32 pixel) {
    const i32 image = samples->image[pixel];
    Depth depth = {samples->depths + samples->firsts[image], samples->shapes[2 * image], samples->shapes[2 * image + 1]};
    return depth;
}

/* Values of the features at a pixel. */
INLINE void split_probe(const ForestSamples *samples, i32 pixel, const f32 *const offsets[4], int features, f32 *values) {
    const Depth image = sample_image(samples, pixel);
    probe_features(&image, samples->row[pixel], samples->column[pixel], offsets, features, values);
}

/* Where the thresholds of each feature lie, from its values at m pixels. */
static void split_ranges(const f32 *values, ptrdiff_t m, int features, int thresholds, f32 reach, SplitWork *work) {
    f32 *low = work->low, *high = work->high;
    for (int f = 0; f < features; f++) low[f] = INFINITY, high[f] = -INFINITY;
    for (ptrdiff_t k = 0; k < m; k++, values += features)
        for (int f = 0; f < features; f++) {
            const f32 v = values[f], small = fabsf(v) < reach ? v : INFINITY, large = fabsf(v) < reach ? v : -INFINITY;
            low[f] = small < low[f] ? small : low[f];
            high[f] = large > high[f] ? large : high[f];
        }
    for (int f = 0; f < features; f++) {
        /* Where all values are alike or beyond reach, one threshold below and one above them still part the outside. */
        if (!(high[f] > low[f])) {
            const f32 middle = high[f] == low[f] ? high[f] : 0.0f;
            low[f] = middle - 0.5f * reach, high[f] = middle + 0.5f * reach;
        }
        const f32 margin = (high[f] - low[f]) / (f32)(2 * thresholds);
        low[f] -= margin, high[f] += margin;
        work->scale[f] = (high[f] - low[f]) / (f32)(thresholds > 1 ? thresholds - 1 : 1);
    }
}

/* How many thresholds the values of a pixel are not below. */
INLINE void split_bins(const SplitWork *work, const f32 *values, int features, int thresholds, u8 *bins) {
    const f32 last = (f32)thresholds;
    for (int f = 0; f < features; f++) {
        const f32 place = (values[f] - work->low[f]) / work->scale[f] + 1.0f;
        const f32 bin = place < 1.0f ? 0.0f : place < last ? place : last;
        bins[f] = (u8)(i32)bin;
    }
}

INLINE f32 split_threshold(const SplitWork *work, int feature, int k) { return work->low[feature] + (f32)k * work->scale[feature]; }

/* Scan one feature's counts for its best threshold. */
static void split_scan(const SplitWork *work, const u32 *counts, const u32 *total, u32 n, int thresholds, int classes, u32 smallest, f64 *gain, int *place) {
    u32 left[SPLIT_CLASSES] = {0}, before = 0;
    f64 sum_left = 0, sum_right = 0;
    for (int c = 0; c < classes; c++) sum_right += n_log_n(work, total[c]);
    const f64 whole = sum_right - n_log_n(work, n);
    for (int k = 0; k < thresholds; k++) {
        const u32 *bin = counts + (ptrdiff_t)k * classes;
        for (int c = 0; c < classes; c++) {
            const u32 m = bin[c];
            if (!m) continue;
            sum_left += n_log_n(work, left[c] + m) - n_log_n(work, left[c]);
            sum_right += n_log_n(work, total[c] - left[c] - m) - n_log_n(work, total[c] - left[c]);
            left[c] += m, before += m;
        }
        if (before < smallest || n - before < smallest) continue;
        const f64 found = (sum_left - n_log_n(work, before)) + (sum_right - n_log_n(work, n - before)) - whole;
        if (found > *gain) *gain = found, *place = k;
    }
}

/* The same from the bins of few pixels, `stride` apart, which are put in order first. */
static void split_scan_few(const SplitWork *work, const u8 *bins, int stride, const u8 *labels, const u32 *total, u32 n, int thresholds, int classes, u32 smallest, f64 whole, f64 *gain, int *place) {
    u16 begins[SPLIT_CLASSES + 1] = {0};
    u8 ordered[SPLIT_FEW];
    u32 left[SPLIT_CLASSES], right[SPLIT_CLASSES], before = 0;
    for (u32 k = 0; k < n; k++) begins[bins[k * (u32)stride] + 1]++;
    for (int b = 1; b <= thresholds; b++) begins[b + 1] = (u16)(begins[b + 1] + begins[b]);
    for (u32 k = 0; k < n; k++) ordered[begins[bins[k * (u32)stride]]++] = labels[k];
    memset(left, 0, (size_t)classes * sizeof *left);
    memcpy(right, total, (size_t)classes * sizeof *right);
    f64 sums = whole + work->logs[n];
    for (int k = 0; k < thresholds; k++) {
        const u32 end = begins[k];
        if (end == before) continue;
        for (; before < end; before++) {
            const u8 c = ordered[before];
            sums += work->steps[left[c]++] - work->steps[--right[c]];
        }
        if (before < smallest || n - before < smallest) continue;
        const f64 found = sums - work->logs[before] - work->logs[n - before] - whole;
        if (found > *gain) *gain = found, *place = k;
    }
}

static ForestSplit split_few(const ForestSamples *samples, const i32 *pixels, ptrdiff_t n, const u32 *total, const f32 *const offsets[4], int features, int thresholds, int classes, u32 smallest, f32 reach, SplitWork *work) {
    ForestSplit best = {-1.0, -1, 0.0f};
    f64 whole = -work->logs[n];
    for (int c = 0; c < classes; c++) whole += work->logs[total[c]];
    for (ptrdiff_t k = 0; k < n; k++) {
        work->labels[k] = samples->label[pixels[k]];
        split_probe(samples, pixels[k], offsets, features, work->values + k * features);
    }
    split_ranges(work->values, n, features, thresholds, reach, work);
    for (ptrdiff_t k = 0; k < n; k++) split_bins(work, work->values + k * features, features, thresholds, work->bins + k * features);
    for (int f = 0; f < features; f++) {
        f64 gain = best.gain;
        int place = -1;
        split_scan_few(work, work->bins + f, features, work->labels, total, (u32)n, thresholds, classes, smallest, whole, &gain, &place);
        if (place >= 0) best.gain = gain, best.feature = f, best.threshold = split_threshold(work, f, place);
    }
    return best;
}

/* The best of `features` <= SPLIT_FEATURES features on n pixels. `total` counts their labels. */
static ForestSplit split_block(const ForestSamples *samples, const i32 *pixels, ptrdiff_t n, const u32 *total, const f32 *const offsets[4], int features, int thresholds, int classes, u32 smallest, f32 reach, SplitWork *work) {
    if (n <= SPLIT_FEW) return split_few(samples, pixels, n, total, offsets, features, thresholds, classes, smallest, reach, work);
    const size_t per_feature = (size_t)(thresholds + 1) * (size_t)classes;
    ForestSplit best = {-1.0, -1, 0.0f};
    for (ptrdiff_t k = 0; k < SPLIT_PROBED; k++) split_probe(samples, pixels[k * n / SPLIT_PROBED], offsets, features, work->values + k * features);
    split_ranges(work->values, SPLIT_PROBED, features, thresholds, reach, work);
    memset(work->counts, 0, per_feature * (size_t)features * sizeof(u32));
    for (ptrdiff_t at = 0; at < n; at += SPLIT_CHUNK) {
        const ptrdiff_t m = n - at < SPLIT_CHUNK ? n - at : SPLIT_CHUNK;
        for (ptrdiff_t k = 0; k < m; k++) {
            const i32 pixel = pixels[at + k];
            work->labels[k] = samples->label[pixel];
            split_probe(samples, pixel, offsets, features, work->values);
            split_bins(work, work->values, features, thresholds, work->bins + k * features);
        }
        for (int f = 0; f < features; f++) {
            u32 *counts = work->counts + per_feature * (size_t)f;
            for (ptrdiff_t k = 0; k < m; k++) counts[(ptrdiff_t)work->bins[k * features + f] * classes + work->labels[k]]++;
        }
    }
    for (int f = 0; f < features; f++) {
        f64 gain = best.gain;
        int place = -1;
        split_scan(work, work->counts + per_feature * (size_t)f, total, (u32)n, thresholds, classes, smallest, &gain, &place);
        if (place >= 0) best.gain = gain, best.feature = f, best.threshold = split_threshold(work, f, place);
    }
    return best;
}

/* Parts n pixels, in place and keeping their order, by one feature; gives how many are below the threshold. */
static ptrdiff_t split_apply(const ForestSamples *samples, i32 *pixels, ptrdiff_t n, const f32 feature[4], f32 threshold, i32 *spare) {
    ptrdiff_t below = 0, rest = 0;
    for (ptrdiff_t k = 0; k < n; k++) {
        const i32 pixel = pixels[k];
        const Depth image = sample_image(samples, pixel);
        const f32 row = samples->row[pixel], column = samples->column[pixel];
        const f32 inverse = 1.0f / image.pixels[(ptrdiff_t)samples->row[pixel] * image.width + samples->column[pixel]];
        const i32 a = probe(image.height, image.width, row, column, feature[0], feature[1], inverse);
        const i32 b = probe(image.height, image.width, row, column, feature[2], feature[3], inverse);
        if (image.pixels[a] - image.pixels[b] < threshold) pixels[below++] = pixel;
        else spare[rest++] = pixel;
    }
    memcpy(pixels + below, spare, (size_t)rest * sizeof(i32));
    return below;
}
#endif
