/* What selective search knows of regions: pixels, boxes, colours, textures, and which touch. */
#ifndef IMGPROC_REGION_STATS_H
#define IMGPROC_REGION_STATS_H
#include "simd/region_codes.h"

typedef struct {
    i32 pixels, x0, y0, x1, y1; /* the box half-open */
} Region;

/* Bins of a channel: of its colour, and of both directions of each axis. */
#define CHANNEL_BINS (COLOR_BINS + 2 * AXES * TEXTURE_BINS)
#define SIGNED_BINS (2 * TEXTURE_BINS - 1)

/* Bins of a region, to whole vectors: colours of all channels and textures of all channels, each with zeros behind. */
#define PADDED(n) (((n) + 15) & ~15)
INLINE ptrdiff_t color_length(int channels) { return PADDED(channels * COLOR_BINS); }
INLINE ptrdiff_t texture_length(int channels) { return PADDED(channels * 2 * AXES * TEXTURE_BINS); }
INLINE ptrdiff_t region_length(int channels) { return color_length(channels) + texture_length(channels); }

/* Bins of an axis from those of its signed derivatives: of each direction what points there, and the others in bin 0. */
INLINE void split_directions(const u32 *both, u32 pixels, u32 *bins) {
    u32 forth = 0, back = 0;
    for (int bin = 1; bin < TEXTURE_BINS; bin++) {
        bins[bin] = both[TEXTURE_BINS - 1 + bin];
        bins[TEXTURE_BINS + bin] = both[TEXTURE_BINS - 1 - bin];
        forth += bins[bin];
        back += bins[TEXTURE_BINS + bin];
    }
    bins[0] = pixels - forth;
    bins[TEXTURE_BINS] = pixels - back;
}

/* Describes `count` regions of planes (channels, height, width). Bins are (count, region_length). 0 without memory. */
static UNUSED int describe_regions(const f32 *planes, int channels, ptrdiff_t height, ptrdiff_t width, const i32 *labels,
                                   ptrdiff_t count, Region *regions, u32 *bins) {
    enum { SIGNED = COLOR_BINS + AXES * SIGNED_BINS };
    const ptrdiff_t length = region_length(channels), plane = height * width;
    const ptrdiff_t row_codes = (1 + AXES) * width;
    u8 *codes = malloc((size_t)(channels * row_codes));
    u32 *sums = calloc((size_t)count * (size_t)channels, SIGNED * sizeof(u32));
    if (!codes || !sums) {
        free(codes);
        free(sums);
        return 0;
    }
    for (ptrdiff_t k = 0; k < count; k++) regions[k] = (Region){0, INT32_MAX, INT32_MAX, 0, 0};
    for (ptrdiff_t y = 0; y < height; y++) {
        const i32 *row_labels = labels + y * width;
        for (int channel = 0; channel < channels; channel++) {
            const f32 *row = planes + channel * plane + y * width;
            u8 *own = codes + channel * row_codes;
            color_codes(row, width, own);
            texture_codes(y > 0 ? row - width : row, row, y + 1 < height ? row + width : row, width, own + width);
        }
        for (ptrdiff_t x = 0; x < width;) {
            const i32 label = row_labels[x];
            const ptrdiff_t begin = x;
            u32 *sum = sums + label * (ptrdiff_t)channels * SIGNED;
            Region *region = regions + label;
            for (; x < width && row_labels[x] == label; x++)
                for (int channel = 0; channel < channels; channel++) {
                    const u8 *own = codes + channel * row_codes + x;
                    u32 *at = sum + channel * SIGNED;
                    at[own[0]]++;
                    for (int axis = 0; axis < AXES; axis++) at[COLOR_BINS + axis * SIGNED_BINS + own[(1 + axis) * width]]++;
                }
            region->pixels += (i32)(x - begin);
            if (begin < region->x0) region->x0 = (i32)begin;
            if (x > region->x1) region->x1 = (i32)x;
            if (y < region->y0) region->y0 = (i32)y;
            region->y1 = (i32)y + 1;
        }
    }
    for (ptrdiff_t k = 0; k < count; k++) {
        const u32 *sum = sums + k * channels * SIGNED;
        u32 *own = bins + k * length, *texture = own + color_length(channels);
        memset(own, 0, (size_t)length * sizeof *own);
        for (int channel = 0; channel < channels; channel++, sum += SIGNED) {
            memcpy(own + channel * COLOR_BINS, sum, COLOR_BINS * sizeof *own);
            for (int axis = 0; axis < AXES; axis++, texture += 2 * TEXTURE_BINS)
                split_directions(sum + COLOR_BINS + axis * SIGNED_BINS, (u32)regions[k].pixels, texture);
        }
    }
    free(codes);
    free(sums);
    return 1;
}

#endif
