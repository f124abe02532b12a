/* Histograms of images: rows in strips that stay in the caches, one plane per channel, masked samples left out,
   counted by histogram.h. Level-independent: each step dispatches for itself, once per strip. */
#ifndef IMGPROC_HISTOGRAM_ROWS_H
#define IMGPROC_HISTOGRAM_ROWS_H
#include "simd/histogram.h"
#include "simd/gray.h"
#include "simd/planes.h"
#include "simd/histogram_float.h"

/* Rows [0, rows) of packed samples. Strides are in bytes, of any sign; `mask` (NULL: all) has one byte per pixel.
   The first `wanted` channels are counted, or, where `luma`, the luma of RGB(A) as one (wanted = 1). */
typedef struct {
    const char *src, *mask;
    ptrdiff_t stride, mask_stride, rows, width;
    int channels, wanted, luma;
} histogram_image;

/* Pixels per strip. A plane of integers is 32 kB, so that the counters of one channel, which share the caches with
   those of the others, are used for long; floats are read several times and stay in the first level. */
#define HISTOGRAM_STRIP_U8 32768
#define HISTOGRAM_STRIP_U16 16384
#define HISTOGRAM_STRIP_F32 2048

/* Packed rows are one long row. */
static UNUSED histogram_image histogram_collapse(histogram_image image, ptrdiff_t sample_size) {
    const int packed = image.stride == image.width * image.channels * sample_size;
    if (packed && (!image.mask || image.mask_stride == image.width)) {
        image.width *= image.rows;
        image.rows = 1;
    }
    return image;
}

/* Pixels that a strip of this image holds. */
static UNUSED ptrdiff_t histogram_pitch(const histogram_image *image, ptrdiff_t strip) {
    return image->width < strip ? image->width : strip;
}

/* counts: wanted x 256, added to. 0 when there is no memory. */
static UNUSED int histogram_rows_u8(histogram_image image, u64 *counts) {
    const int many = image.rows * image.width >= HISTOGRAM_PAIRS_PAY;
    histogram_u8_state states[4];
    ptrdiff_t counted = 0;
    image = histogram_collapse(image, 1);
    const ptrdiff_t pitch = histogram_pitch(&image, HISTOGRAM_STRIP_U8);
    u8 *planes = malloc((size_t)(image.wanted * pitch));
    histogram_counters *pairs = many ? calloc((size_t)image.wanted, sizeof *pairs) : NULL;
    if (!planes || (many && !pairs)) {
        free(planes);
        free(pairs);
        return 0;
    }
    for (int c = 0; c < image.wanted; c++) histogram_u8_start(&states[c], many ? pairs + c : NULL);
    for (ptrdiff_t y = 0; y < image.rows; y++) {
        for (ptrdiff_t x = 0, n; x < image.width; x += n) {
            const u8 *src = (const u8 *)image.src + y * image.stride + x * image.channels;
            const u8 *mask = image.mask ? (const u8 *)image.mask + y * image.mask_stride + x : NULL;
            n = image.width - x < pitch ? image.width - x : pitch;
            if (image.channels > 1) {
                if (image.luma) gray_u8(src, planes, n, image.channels);
                else planes_u8(src, planes, pitch, n, image.channels, image.wanted);
                src = planes;
            }
            for (int c = 0; c < image.wanted; c++) {
                ptrdiff_t selected = n;
                const u8 *plane = src + c * pitch;
                if (mask) {
                    selected = compact_u8(plane, mask, n, planes + c * pitch);
                    plane = planes + c * pitch;
                }
                histogram_u8_update(&states[c], plane, selected);
            }
            counted += n;
            if (counted > HISTOGRAM_SAMPLES - HISTOGRAM_STRIP_U8) {
                for (int c = 0; c < image.wanted; c++) histogram_u8_finish(&states[c], counts + 256 * c);
                counted = 0;
            }
        }
    }
    for (int c = 0; c < image.wanted; c++) histogram_u8_finish(&states[c], counts + 256 * c);
    free(pairs);
    free(planes);
    return 1;
}

static UNUSED void histogram_finish_u16(histogram_counters *counters, int wanted, u64 *counts) {
    for (int c = 0; c < wanted; c++) {
        histogram_u16_state state;
        histogram_u16_start(&state, counters + c);
        histogram_u16_finish(&state, counts + 65536 * c);
    }
}

/* counts: wanted x 65536, added to. 0 when there is no memory. */
static UNUSED int histogram_rows_u16(histogram_image image, u64 *counts) {
    ptrdiff_t counted = 0;
    image = histogram_collapse(image, sizeof(u16));
    const ptrdiff_t pitch = histogram_pitch(&image, HISTOGRAM_STRIP_U16);
    u16 *planes = malloc((size_t)(image.wanted * pitch) * sizeof(u16));
    histogram_counters *counters = calloc((size_t)image.wanted, sizeof *counters);
    if (!planes || !counters) {
        free(planes);
        free(counters);
        return 0;
    }
    for (ptrdiff_t y = 0; y < image.rows; y++) {
        for (ptrdiff_t x = 0, n; x < image.width; x += n) {
            const u16 *src = (const u16 *)(image.src + y * image.stride) + x * image.channels;
            const u8 *mask = image.mask ? (const u8 *)image.mask + y * image.mask_stride + x : NULL;
            n = image.width - x < pitch ? image.width - x : pitch;
            if (image.channels > 1) {
                if (image.luma) gray_u16(src, planes, n, image.channels);
                else planes_u16(src, planes, pitch, n, image.channels, image.wanted);
                src = planes;
            }
            for (int c = 0; c < image.wanted; c++) {
                histogram_u16_state state;
                ptrdiff_t selected = n;
                const u16 *plane = src + c * pitch;
                if (mask) {
                    selected = compact_u16(plane, mask, n, planes + c * pitch);
                    plane = planes + c * pitch;
                }
                histogram_u16_start(&state, counters + c);
                histogram_u16_update(&state, plane, selected);
            }
            counted += n;
            if (counted > HISTOGRAM_SAMPLES - HISTOGRAM_STRIP_U16) {
                histogram_finish_u16(counters, image.wanted, counts);
                counted = 0;
            }
        }
    }
    histogram_finish_u16(counters, image.wanted, counts);
    free(counters);
    free(planes);
    return 1;
}

/* Each channel is counted by each of its `per` rules: rules and counts (x 65536) are wanted x per. */
static UNUSED int histogram_rows_f32(histogram_image image, const float_rule *rules, int per, u64 *counts) {
    f32 planes[4 * HISTOGRAM_STRIP_F32];
    u16 codes[HISTOGRAM_STRIP_F32];
    u8 select[HISTOGRAM_STRIP_F32];
    histogram_counters *counters = calloc((size_t)image.wanted * (size_t)per, sizeof *counters);
    ptrdiff_t counted = 0;
    if (!counters) return 0;
    image = histogram_collapse(image, sizeof(f32));
    for (ptrdiff_t y = 0; y < image.rows; y++) {
        for (ptrdiff_t x = 0, n; x < image.width; x += n) {
            const f32 *src = (const f32 *)(image.src + y * image.stride) + x * image.channels;
            const u8 *mask = image.mask ? (const u8 *)image.mask + y * image.mask_stride + x : NULL;
            ptrdiff_t pitch = HISTOGRAM_STRIP_F32;
            n = image.width - x < pitch ? image.width - x : pitch;
            if (image.channels > 1) {
                if (image.luma) gray_f32(src, planes, n, image.channels);
                else planes_f32(src, planes, pitch, n, image.channels, image.wanted);
                src = planes;
            }
            for (int k = 0; k < image.wanted * per; k++) {
                histogram_u16_state state;
                ptrdiff_t selected = n;
                if (!float_codes(&rules[k], src + k / per * pitch, mask, n, codes, select)) selected = compact_u16(codes, select, n, codes);
                histogram_u16_start(&state, counters + k);
                histogram_u16_update(&state, codes, selected);
            }
            counted += n;
            if (counted > HISTOGRAM_SAMPLES - HISTOGRAM_STRIP_F32) {
                histogram_finish_u16(counters, image.wanted * per, counts);
                counted = 0;
            }
        }
    }
    histogram_finish_u16(counters, image.wanted * per, counts);
    free(counters);
    return 1;
}

/* The least and the greatest key of the finite samples of each channel, widening low and high. */
static UNUSED void extremes_rows_f32(histogram_image image, u32 *low, u32 *high) {
    f32 planes[4 * HISTOGRAM_STRIP_F32];
    /* Without luma or a mask samples are read in place. */
    const ptrdiff_t strip = image.luma || image.mask ? HISTOGRAM_STRIP_F32 : 16 * HISTOGRAM_STRIP_F32;
    image = histogram_collapse(image, sizeof(f32));
    for (ptrdiff_t y = 0; y < image.rows; y++) {
        for (ptrdiff_t x = 0, n; x < image.width; x += n) {
            const f32 *src = (const f32 *)(image.src + y * image.stride) + x * image.channels;
            const u8 *mask = image.mask ? (const u8 *)image.mask + y * image.mask_stride + x : NULL;
            int channels = image.channels;
            n = image.width - x < strip ? image.width - x : strip;
            if (image.luma) {
                gray_f32(src, planes, n, channels);
                src = planes;
                channels = 1;
            }
            if (!mask) {
                float_extremes(src, n * channels, channels, low, high);
                continue;
            }
            if (channels > 1) {
                planes_f32(src, planes, HISTOGRAM_STRIP_F32, n, channels, image.wanted);
                src = planes;
            }
            for (int c = 0; c < image.wanted; c++)
                float_extremes_masked(src + c * HISTOGRAM_STRIP_F32, mask, n, &low[c], &high[c]);
        }
    }
}
#endif
