/* Median of uint16 and float32 windows of any size.

   The samples that a block of results looks at are sorted once; from then on a sample is its rank, and the window is a set of
   ranks: one bit each. The window moves down and up the columns of the block; each step flips two rows of bits, and the word
   that holds the median is never far from where it was. The cost of a sample grows with the window's width alone.

   J. Suomela, Median filtering is equivalent to sorting, arXiv:1406.1717 (2014). */
#ifndef LEVEL
#ifndef IMGPROC_MEDIAN_RANKS_H
#define IMGPROC_MEDIAN_RANKS_H
#include "simd/borders.h"
#include "simd/median_keys.h"

/* Digits of the radix sort, and the bits of a key. */
enum { MEDIAN_DIGIT = 11, MEDIAN_DIGITS = 3, MEDIAN_DIGIT_VALUES = 1 << MEDIAN_DIGIT };
/* Rows and columns of a block of results: four times the radius, so that samples are sorted about twice, within bounds. */
enum { MEDIAN_SMALLEST_BLOCK = 64, MEDIAN_LARGEST_BLOCK = 256 };

INLINE u32 rank_key_u16(u16 sample) { return sample; }
INLINE u32 rank_key_f32(f32 sample) { return (u32)key_f32(sample) ^ 0x80000000u; }
INLINE u16 ranked_u16(u32 key) { return (u16)key; }
INLINE f32 ranked_f32(u32 key) {
    i32 signed_key;
    key ^= 0x80000000u;
    memcpy(&signed_key, &key, sizeof key);
    return sample_f32(signed_key);
}

/* The set of ranks in the window; `below` of them are in words before `word`. */
typedef struct {
    u64 *words;
    ptrdiff_t word, below;
} MedianSet;

/* Sorts n keys, each with its index in the low half; where the sorted ones are, of the two arrays. */
static UNUSED u64 *median_radix_sort(u64 *keys, u64 *other, ptrdiff_t n) {
    u32 counts[MEDIAN_DIGITS][MEDIAN_DIGIT_VALUES];
    memset(counts, 0, sizeof counts);
    for (ptrdiff_t i = 0; i < n; i++)
        for (int d = 0; d < MEDIAN_DIGITS; d++) counts[d][keys[i] >> (32 + d * MEDIAN_DIGIT) & (MEDIAN_DIGIT_VALUES - 1)]++;
    for (int d = 0; d < MEDIAN_DIGITS; d++) {
        const int shift = 32 + d * MEDIAN_DIGIT;
        u32 *count = counts[d], sum = 0;
        if (count[keys[0] >> shift & (MEDIAN_DIGIT_VALUES - 1)] == (u32)n) continue;
        for (int i = 0; i < MEDIAN_DIGIT_VALUES; i++) {
            const u32 here = count[i];
            count[i] = sum;
            sum += here;
        }
        for (ptrdiff_t i = 0; i < n; i++) other[count[keys[i] >> shift & (MEDIAN_DIGIT_VALUES - 1)]++] = keys[i];
        u64 *swap = keys;
        keys = other;
        other = swap;
    }
    return keys;
}

INLINE ptrdiff_t median_block_side(ptrdiff_t radius, ptrdiff_t length) {
    const ptrdiff_t wanted = 4 * radius < MEDIAN_SMALLEST_BLOCK  ? MEDIAN_SMALLEST_BLOCK
                             : 4 * radius > MEDIAN_LARGEST_BLOCK ? MEDIAN_LARGEST_BLOCK
                                                                 : 4 * radius;
    return wanted < length ? wanted : length;
}

#define SIMD_SOURCE "simd/median_ranks.h"
#include "simd/levels.h"

#define MEDIAN_RANKS_PARAMETERS(type)                                                                                       \
    (const type *src, ptrdiff_t src_stride, type *dst, ptrdiff_t dst_stride, ptrdiff_t width, int channels, ptrdiff_t ry, \
     ptrdiff_t rx, const i64 *rows, const i64 *columns, type fill, ptrdiff_t y0, ptrdiff_t y1)
#define MEDIAN_RANKS_ARGUMENTS (src, src_stride, dst, dst_stride, width, channels, ry, rx, rows, columns, fill, y0, y1)
/* Rows [y0, y1) of dst, `width` pixels wide, whose window reaches ry rows and rx columns, see borders.h. The fourth of four
   channels is not written. 0, or -1 without memory. */
DISPATCH(int, median_ranks_u16, MEDIAN_RANKS_PARAMETERS(u16), MEDIAN_RANKS_ARGUMENTS)
DISPATCH(int, median_ranks_f32, MEDIAN_RANKS_PARAMETERS(f32), MEDIAN_RANKS_ARGUMENTS)
#endif

#else

INLINE int FN(median_popcount)(u64 word) {
#if defined(__GNUC__) && LEVEL > LEVEL_BASELINE
    return __builtin_popcountll(word);
#else
    word -= word >> 1 & 0x5555555555555555u;
    word = (word & 0x3333333333333333u) + (word >> 2 & 0x3333333333333333u);
    return (int)(((word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fu) * 0x0101010101010101u >> 56);
#endif
}

/* Where the bit stands that has `before` set bits below it. */
INLINE int FN(median_select)(u64 word, int before) {
#if LEVEL > LEVEL_BASELINE
    return (int)_tzcnt_u64(_pdep_u64((u64)1 << before, word));
#else
    for (; before; before--) word &= word - 1;
    return FN(median_popcount)((word & (0 - word)) - 1);
#endif
}

/* Samples that were not in the window come in, those that were go. */
INLINE void FN(median_flip)(MedianSet *set, const u32 *ranks, ptrdiff_t n, int come) {
    ptrdiff_t before = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const ptrdiff_t word = ranks[i] >> 6;
        set->words[word] ^= (u64)1 << (ranks[i] & 63);
        before += word < set->word;
    }
    set->below += come ? before : -before;
}

INLINE ptrdiff_t FN(median_rank)(MedianSet *set, ptrdiff_t half) {
    ptrdiff_t word = set->word, below = set->below;
    int here;
    while (below > half) below -= FN(median_popcount)(set->words[--word]);
    while (here = FN(median_popcount)(set->words[word]), below + here <= half) {
        below += here;
        word++;
    }
    set->word = word;
    set->below = below;
    return word * 64 + FN(median_select)(set->words[word], (int)(half - below));
}

/* The medians of a block of height x width results, from the ranks of the samples around; `put` takes the rank of each. */
#define MEDIAN_RANKS(type)                                                                                                     \
    static void FN(median_block_##type)(MedianSet set, const u32 *ranks, const u64 *sorted, ptrdiff_t height, ptrdiff_t width,    \
                                        ptrdiff_t ry, ptrdiff_t rx, type *dst, ptrdiff_t dst_stride, int channels) {           \
        const ptrdiff_t down = 2 * ry + 1, across = 2 * rx + 1, pitch = width + 2 * rx, half = down * across / 2;              \
        for (ptrdiff_t x = 0; x < width; x++) {                                                                                \
            const ptrdiff_t step = x % 2 ? -1 : 1, first = x % 2 ? height - 1 : 0;                                             \
            if (x == 0) {                                                                                                      \
                for (ptrdiff_t i = 0; i < down; i++) FN(median_flip)(&set, ranks + i * pitch, across, 1);                      \
            } else {                                                                                                           \
                for (ptrdiff_t i = first; i < first + down; i++) {                                                             \
                    FN(median_flip)(&set, ranks + i * pitch + x - 1, 1, 0);                                                    \
                    FN(median_flip)(&set, ranks + i * pitch + x - 1 + across, 1, 1);                                           \
                }                                                                                                              \
            }                                                                                                                  \
            for (ptrdiff_t i = 0, y = first; i < height; i++, y += step) {                                                     \
                if (i > 0) {                                                                                                   \
                    FN(median_flip)(&set, ranks + (step > 0 ? y - 1 : y + down) * pitch + x, across, 0);                       \
                    FN(median_flip)(&set, ranks + (step > 0 ? y + down - 1 : y) * pitch + x, across, 1);                       \
                }                                                                                                              \
                type *out = (type *)((char *)dst + y * dst_stride) + x * channels;                                             \
                *out = ranked_##type((u32)(sorted[FN(median_rank)(&set, half)] >> 32));                                        \
            }                                                                                                                  \
        }                                                                                                                      \
    }                                                                                                                          \
                                                                                                                               \
    static int FN(median_ranks_##type)(const type *src, ptrdiff_t src_stride, type *dst, ptrdiff_t dst_stride, ptrdiff_t width,   \
                                       int channels, ptrdiff_t ry, ptrdiff_t rx, const i64 *rows, const i64 *columns,          \
                                       type fill, ptrdiff_t y0, ptrdiff_t y1) {                                                \
        const ptrdiff_t tall = median_block_side(ry, y1 - y0), wide = median_block_side(rx, width);                            \
        const ptrdiff_t most = (tall + 2 * ry) * (wide + 2 * rx);                                                              \
        u64 *keys = (u64 *)malloc((size_t)most * 2 * sizeof(u64)), *words = (u64 *)malloc((size_t)(most / 64 + 1) * sizeof(u64)); \
        u32 *ranks = (u32 *)malloc((size_t)most * sizeof(u32));                                                                \
        const int status = keys && words && ranks && (u64)most < 0xffffffffu ? 0 : -1;                                         \
        for (ptrdiff_t y = y0; status == 0 && y < y1; y += tall)                                                               \
            for (ptrdiff_t x = 0; x < width; x += wide)                                                                        \
                for (int c = 0; c < (channels == 4 ? 3 : channels); c++) {                                                     \
                    const ptrdiff_t height = y1 - y < tall ? y1 - y : tall, across = width - x < wide ? width - x : wide;      \
                    const ptrdiff_t pitch = across + 2 * rx, n = (height + 2 * ry) * pitch;                                    \
                    for (ptrdiff_t i = 0; i < n; i++) {                                                                        \
                        const ptrdiff_t at = x + i % pitch - rx;                                                               \
                        const type *row = (const type *)row_at(src, src_stride, rows, y + i / pitch, NULL);                    \
                        const ptrdiff_t column = at < 0 ? columns[at + rx] : at < width ? at : columns[rx + at - width];       \
                        keys[i] = (u64)rank_key_##type(row && column >= 0 ? row[column * channels + c] : fill) << 32 | (u64)i; \
                    }                                                                                                          \
                    const u64 *sorted = median_radix_sort(keys, keys + most, n);                                               \
                    for (ptrdiff_t i = 0; i < n; i++) ranks[(u32)sorted[i]] = (u32)i;                                          \
                    memset(words, 0, (size_t)(n / 64 + 1) * sizeof(u64));                                                      \
                    const MedianSet set = {words, 0, 0};                                                                       \
                    FN(median_block_##type)(set, ranks, sorted, height, across, ry, rx,                                        \
                                            (type *)((char *)dst + y * dst_stride) + x * channels + c, dst_stride, channels);  \
                }                                                                                                              \
        free(keys);                                                                                                            \
        free(words);                                                                                                           \
        free(ranks);                                                                                                           \
        return status;                                                                                                         \
    }

MEDIAN_RANKS(u16)
MEDIAN_RANKS(f32)
#undef MEDIAN_RANKS

#endif
