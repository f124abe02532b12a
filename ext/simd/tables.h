/* Table application: dst[i] = table[channel of i][src[i]]. */
#ifndef LEVEL
#define SIMD_SOURCE "simd/tables.h"
#include "simd/levels.h"

/* n samples, interleaved `channels` deep; table c starts at table + 256 * c (65536 * c for u16). One table: channels = 1.
   dst may be src. */
DISPATCH(void, table_u8, (const u8 *src, u8 *dst, ptrdiff_t n, const u8 *table, int channels), (src, dst, n, table, channels))
DISPATCH(void, table_u16, (const u16 *src, u16 *dst, ptrdiff_t n, const u16 *table, int channels), (src, dst, n, table, channels))

#else

static void FN(table_u8)(const u8 *src, u8 *dst, ptrdiff_t n, const u8 *table, int channels) {
    ptrdiff_t i = 0;
    if (channels == 1) {
        for (; i < n; i++) dst[i] = table[src[i]];
        return;
    }
    for (; i + channels <= n; i += channels)
        for (int c = 0; c < channels; c++) dst[i + c] = table[256 * c + src[i + c]];
}

static void FN(table_u16)(const u16 *src, u16 *dst, ptrdiff_t n, const u16 *table, int channels) {
    ptrdiff_t i = 0;
    if (channels == 1) {
        for (; i < n; i++) dst[i] = table[src[i]];
        return;
    }
    for (; i + channels <= n; i += channels)
        for (int c = 0; c < channels; c++) dst[i + c] = table[65536 * c + src[i + c]];
}

#endif
