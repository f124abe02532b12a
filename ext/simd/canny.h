/* Canny's detector up to hysteresis: bands of rows, in strips of columns whose rows stay in the first cache. */
#ifndef IMGPROC_CANNY_H
#define IMGPROC_CANNY_H
#include "simd/canny_edges.h"
#include "simd/canny_rows.h"
#include "simd/canny_suppress.h"
#include "simd/gradients.h"
#include "simd/planes.h"

/* Room in front of a strip for the pixel left of it, a vector large; behind it as much. */
#define CANNY_ROOM 32
/* Pixels of a strip and of one of its rows with room: magnitudes and derivatives of a few rows make some 20 kB. */
#define CANNY_PIXELS(type) ((ptrdiff_t)(2048 / sizeof(type)))
#define CANNY_ROW(type) (2048 / sizeof(type) + 2 * CANNY_ROOM)

typedef struct {
    ptrdiff_t height, width;
    int channels; /* 1, 3 or 4; alpha is left out */
    int square;   /* magnitudes are sums of squares, not of absolute values */
} CannyImage;

/* The derivatives of one channel, from three rows of it, and their magnitudes. */
INLINE void canny_channel_u8_i16(const u8 *const *three, const Around *around, ptrdiff_t x0, ptrdiff_t x1, i16 *dx,
                                 i16 *dy, i16 *magnitude, int square) {
    (void)square;
    derive_span_u8(three, around, x0, x1, dx, dy, SOBEL);
    magnitudes_i16(dx, dy, magnitude, x1 - x0);
}

INLINE void canny_channel_u8_f32(const u8 *const *three, const Around *around, ptrdiff_t x0, ptrdiff_t x1, f32 *dx,
                                 f32 *dy, f32 *magnitude, int square) {
    i16 x[CANNY_ROW(f32)], y[CANNY_ROW(f32)];
    derive_span_u8(three, around, x0, x1, x, y, SOBEL);
    floats_i16(x, dx, x1 - x0);
    floats_i16(y, dy, x1 - x0);
    magnitudes_f32(dx, dy, magnitude, x1 - x0, square);
}

#define CANNY_CHANNEL(type)                                                                                            \
    INLINE void canny_channel_##type##_f32(const type *const *three, const Around *around, ptrdiff_t x0, ptrdiff_t x1, \
                                           f32 *dx, f32 *dy, f32 *magnitude, int square) {                             \
        derive_span_##type(three, around, x0, x1, dx, dy, SOBEL);                                                      \
        magnitudes_f32(dx, dy, magnitude, x1 - x0, square);                                                            \
    }
CANNY_CHANNEL(u16)
CANNY_CHANNEL(f32)
#undef CANNY_CHANNEL

/* One strip of one band. The image goes on outside as its outermost pixels, and magnitudes are 0 there. */
#define CANNY_STRIP(type, work)                                                                                        \
    typedef struct {                                                                                                   \
        work magnitude[3][CANNY_ROW(work)], dx[2][CANNY_ROW(work)], dy[2][CANNY_ROW(work)];                            \
        work other[3][CANNY_ROW(work)];                                                                                \
        type planes[3][3][CANNY_ROW(work)]; /* of the image rows y modulo 3 */                                         \
    } Canny_##type##_##work;                                                                                           \
                                                                                                                       \
    /* Derivatives and magnitudes of row y, pixels [x0 - 1, x1 + 1) as far as the image goes. */                       \
    static void canny_row_##type##_##work(const type *src, ptrdiff_t stride, const CannyImage *image, ptrdiff_t y,     \
                                          ptrdiff_t x0, ptrdiff_t x1, Canny_##type##_##work *rows) {                   \
        const ptrdiff_t width = image->width, channels = image->channels;                                              \
        const ptrdiff_t low = x0 > 2 ? x0 - 2 : 0, high = x1 + 2 < width ? x1 + 2 : width;                             \
        const ptrdiff_t first = x0 > 0 ? x0 - 1 : 0, end = x1 < width ? x1 + 1 : width, at = CANNY_ROOM + first - x0;  \
        work *magnitude = rows->magnitude[(y + 3) % 3] + at, *dx = rows->dx[y & 1] + at, *dy = rows->dy[y & 1] + at;   \
        if (y < 0 || y >= image->height) {                                                                             \
            memset(rows->magnitude[(y + 3) % 3], 0, sizeof rows->magnitude[0]);                                        \
            return;                                                                                                    \
        }                                                                                                              \
        const i64 columns[2] = {0, high - low - 1};                                                                    \
        const Around around = {NULL, columns, NULL, high - low, 1};                                                    \
        const ptrdiff_t near[3] = {y > 0 ? y - 1 : 0, y, y + 1 < image->height ? y + 1 : y};                           \
        for (int channel = 0; channel < (channels == 1 ? 1 : 3); channel++) {                                          \
            const type *three[3];                                                                                      \
            for (int k = 0; k < 3; k++)                                                                                \
                three[k] = channels == 1 ? (const type *)((const char *)src + near[k] * stride) + low                  \
                                         : rows->planes[near[k] % 3][channel];                                         \
            if (channel == 0) {                                                                                        \
                canny_channel_##type##_##work(three, &around, first - low, end - low, dx, dy, magnitude,               \
                                              image->square);                                                          \
            } else {                                                                                                   \
                canny_channel_##type##_##work(three, &around, first - low, end - low, rows->other[0], rows->other[1],  \
                                              rows->other[2], image->square);                                          \
                strongest_##work(dx, dy, magnitude, rows->other[0], rows->other[1], rows->other[2], end - first);      \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    /* Writes the words of rows [y0, y1); words is (height + 2, pitch) with a border. */                               \
    static UNUSED void canny_band_##type##_##work(const type *src, ptrdiff_t stride, const CannyImage *image,          \
                                                  work low, work high, EdgeWord *words, ptrdiff_t pitch, ptrdiff_t y0, \
                                                  ptrdiff_t y1) {                                                      \
        Canny_##type##_##work rows;                                                                                    \
        memset(&rows, 0, sizeof rows);                                                                                 \
        for (ptrdiff_t x0 = 0; x0 < image->width; x0 += CANNY_PIXELS(work)) {                                          \
            const ptrdiff_t left = image->width - x0, n = left < CANNY_PIXELS(work) ? left : CANNY_PIXELS(work);       \
            const ptrdiff_t from = x0 > 2 ? x0 - 2 : 0, to = x0 + n + 2 < image->width ? x0 + n + 2 : image->width;    \
            ptrdiff_t ready = y0 > 2 ? y0 - 2 : 0; /* rows before it have their planes */                              \
            for (int k = 0; k < 3; k++) rows.magnitude[k][CANNY_ROOM - 1] = rows.magnitude[k][CANNY_ROOM + n] = 0;     \
            for (ptrdiff_t y = y0 - 1; y <= y1; y++) {                                                                 \
                for (; image->channels > 1 && ready <= y + 1 && ready < image->height; ready++)                        \
                    planes_##type((const type *)((const char *)src + ready * stride) + from * image->channels,         \
                                  rows.planes[ready % 3][0], CANNY_ROW(work), to - from, image->channels, 3);          \
                canny_row_##type##_##work(src, stride, image, y, x0, x0 + n, &rows);                                   \
                if (y > y0)                                                                                            \
                    suppress_##work(rows.dx[(y + 1) & 1] + CANNY_ROOM, rows.dy[(y + 1) & 1] + CANNY_ROOM,              \
                                    rows.magnitude[(y + 1) % 3] + CANNY_ROOM, rows.magnitude[(y + 2) % 3] + CANNY_ROOM,\
                                    rows.magnitude[y % 3] + CANNY_ROOM, n, low, high,                                  \
                                    words + y * pitch + 1 + x0 / 64);                                                  \
            }                                                                                                          \
        }                                                                                                              \
    }

CANNY_STRIP(u8, i16)
CANNY_STRIP(u8, f32)
CANNY_STRIP(u16, f32)
CANNY_STRIP(f32, f32)

#undef CANNY_STRIP
#endif
