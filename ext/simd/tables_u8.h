/* Tables of 256 bytes: dst = table[channel][src].

   AVX2 looks 32 samples up at once: sixteen in-register tables of 16 entries are indexed by the low four bits and
   the high four choose. AVX-512 has byte permutations over 128 entries. Neither depends on the data, unlike scalar
   lookups or pairs of samples in a table of 65536. Tables that are straight lines are computed at AVX2: half the time. */
#ifndef LEVEL
#include "simd/lines.h"
#define SIMD_SOURCE "simd/tables_u8.h"
#include "simd/levels.h"

/* `rows` rows of n interleaved samples, `step` bytes apart; n is a multiple of `channels` (1, 3 or 4), the fourth is
   copied. `tables` is 1 or 3, table c starts at table + 256 * c. `lines` is NULL or what fit_u8 found, one per table.
   dst may be src. */
DISPATCH(void, table_u8,
         (const u8 *src, ptrdiff_t src_step, u8 *dst, ptrdiff_t dst_step, ptrdiff_t rows, ptrdiff_t n, const u8 *table,
          int tables, const Line *lines, int channels),
         (src, src_step, dst, dst_step, rows, n, table, tables, lines, channels))
/* Whether the table is a line that table_u8 computes exactly, and faster than a lookup; about 2 µs. */
DISPATCH(int, fit_u8, (const u8 *table, Line *line), (table, line))

#else

INLINE void FN(scalar_u8)(const u8 *src, u8 *dst, ptrdiff_t n, const u8 *table, int tables, int channels) {
    const u8 *second = tables == 1 ? table : table + 256, *third = tables == 1 ? table : table + 512;
    if (channels != 4 && tables == 1) {
        for (ptrdiff_t i = 0; i < n; i++) dst[i] = table[src[i]];
        return;
    }
    for (ptrdiff_t i = 0; i < n; i += channels) {
        dst[i] = table[src[i]];
        dst[i + 1] = second[src[i + 1]];
        dst[i + 2] = third[src[i + 2]];
        if (channels == 4) dst[i + 3] = src[i + 3];
    }
}

#if LEVEL != LEVEL_BASELINE

#if LEVEL == LEVEL_AVX512
#define WIDTH 64
#define PARTS 4
#define BYTES __m512i
#define MASK __mmask64
#define LOAD(p) _mm512_loadu_si512(p)
#define STORE(p, v) _mm512_storeu_si512(p, v)
#define SELECT(a, b, mask) _mm512_mask_blend_epi8(mask, a, b)
#define ROTATE(v, bytes) _mm512_rol_epi32(v, 8 * (bytes))

INLINE void FN(spread)(const u8 *table, BYTES *parts) {
    for (int k = 0; k < PARTS; k++) parts[k] = LOAD(table + 64 * k);
}

INLINE BYTES FN(look)(BYTES v, const BYTES *parts) {
    return SELECT(_mm512_permutex2var_epi8(parts[0], v, parts[1]), _mm512_permutex2var_epi8(parts[2], v, parts[3]),
                  _mm512_movepi8_mask(v));
}

/* Bytes whose position is `phase` modulo `period`. */
INLINE MASK FN(every)(int period, int phase) {
    MASK mask = 0;
    for (int i = phase; i < WIDTH; i += period) mask |= (MASK)1 << i;
    return mask;
}

#else
#define WIDTH 32
#define PARTS 16
#define BYTES __m256i
#define MASK __m256i
#define LOAD(p) _mm256_loadu_si256((const __m256i *)(p))
#define STORE(p, v) _mm256_storeu_si256((__m256i *)(p), v)
#define SELECT(a, b, mask) _mm256_blendv_epi8(a, b, mask)
#define ROTATE(v, bytes) _mm256_or_si256(_mm256_slli_epi32(v, 8 * (bytes)), _mm256_srli_epi32(v, 32 - 8 * (bytes)))

INLINE void FN(spread)(const u8 *table, BYTES *parts) {
    for (int k = 0; k < PARTS; k++)
        parts[k] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(table + 16 * k)));
}

INLINE BYTES FN(look)(BYTES v, const BYTES *parts) {
    /* A set top bit makes vpshufb give 0: so tables k and k + 8 are merged by OR. Three levels of blends remain. */
    const BYTES lower = _mm256_and_si256(v, _mm256_set1_epi8((char)0x8f));
    const BYTES upper = _mm256_xor_si256(lower, _mm256_set1_epi8((char)0x80));
    const BYTES bit4 = _mm256_slli_epi16(v, 3), bit5 = _mm256_slli_epi16(v, 2), bit6 = _mm256_slli_epi16(v, 1);
    BYTES r[8];
#define MERGED(k) _mm256_or_si256(_mm256_shuffle_epi8(parts[k], lower), _mm256_shuffle_epi8(parts[(k) + 8], upper))
    for (int k = 0; k < 4; k++) r[k] = SELECT(MERGED(2 * k), MERGED(2 * k + 1), bit4);
#undef MERGED
    return SELECT(SELECT(r[0], r[1], bit5), SELECT(r[2], r[3], bit5), bit6);
}

INLINE MASK FN(every)(int period, int phase) {
    u8 mask[WIDTH];
    for (int i = 0; i < WIDTH; i++) mask[i] = i % period == phase ? 0xff : 0;
    return LOAD(mask);
}
#endif

static void FN(one_u8)(const u8 *src, ptrdiff_t src_step, u8 *dst, ptrdiff_t dst_step, ptrdiff_t rows, ptrdiff_t n,
                       const u8 *table, int channels) {
    BYTES parts[PARTS];
    const MASK alpha = FN(every)(4, 3);
    FN(spread)(table, parts);
    for (; rows > 0; rows--, src += src_step, dst += dst_step) {
        ptrdiff_t i = 0;
        if (channels == 4)
            for (; i + WIDTH <= n; i += WIDTH) {
                const BYTES v = LOAD(src + i);
                STORE(dst + i, SELECT(FN(look)(v, parts), v, alpha));
            }
        else
            for (; i + WIDTH <= n; i += WIDTH) STORE(dst + i, FN(look)(LOAD(src + i), parts));
        FN(scalar_u8)(src + i, dst + i, n - i, table, 1, channels);
    }
}

/* RGB: the width is no multiple of 3, so in three successive vectors a channel takes three different phases, and
   selection alone gathers it in one vector, and puts it back: no permutation is needed. */
static void FN(rgb_u8)(const u8 *src, ptrdiff_t src_step, u8 *dst, ptrdiff_t dst_step, ptrdiff_t rows, ptrdiff_t n,
                       const u8 *table) {
    BYTES parts[3][PARTS];
    for (int c = 0; c < 3; c++) FN(spread)(table + 256 * c, parts[c]);
    /* Channel c lies in vector k at the bytes phase[k][c]. */
    MASK phase[3][3];
    for (int k = 0; k < 3; k++)
        for (int c = 0; c < 3; c++) phase[k][c] = FN(every)(3, (c + 2 * WIDTH * k) % 3);
    for (; rows > 0; rows--, src += src_step, dst += dst_step) {
        ptrdiff_t i = 0;
        for (; i + 3 * WIDTH <= n; i += 3 * WIDTH) {
            prefetch_read(src + i, 3 * WIDTH);
            prefetch_write(dst + i, 3 * WIDTH);
            const BYTES v0 = LOAD(src + i), v1 = LOAD(src + i + WIDTH), v2 = LOAD(src + i + 2 * WIDTH);
            BYTES x[3];
            for (int c = 0; c < 3; c++)
                x[c] = FN(look)(SELECT(SELECT(v0, v1, phase[1][c]), v2, phase[2][c]), parts[c]);
            for (int k = 0; k < 3; k++)
                STORE(dst + i + WIDTH * k, SELECT(SELECT(x[0], x[1], phase[k][1]), x[2], phase[k][2]));
        }
        FN(scalar_u8)(src + i, dst + i, n - i, table, 3, 3);
    }
}

/* RGBA: of four successive vectors, the k-th has its pixels turned by k bytes; then as above. */
static void FN(rgba_u8)(const u8 *src, ptrdiff_t src_step, u8 *dst, ptrdiff_t dst_step, ptrdiff_t rows, ptrdiff_t n,
                        const u8 *table) {
    BYTES parts[3][PARTS];
    for (int c = 0; c < 3; c++) FN(spread)(table + 256 * c, parts[c]);
    MASK phase[4];
    for (int p = 0; p < 4; p++) phase[p] = FN(every)(4, p);
    for (; rows > 0; rows--, src += src_step, dst += dst_step) {
        ptrdiff_t i = 0;
        for (; i + 4 * WIDTH <= n; i += 4 * WIDTH) {
            prefetch_read(src + i, 4 * WIDTH);
            prefetch_write(dst + i, 4 * WIDTH);
            const BYTES v0 = LOAD(src + i), v1 = ROTATE(LOAD(src + i + WIDTH), 1),
                         v2 = ROTATE(LOAD(src + i + 2 * WIDTH), 2), v3 = ROTATE(LOAD(src + i + 3 * WIDTH), 3);
            BYTES x[3];
            for (int c = 0; c < 3; c++)
                x[c] = FN(look)(SELECT(SELECT(SELECT(v0, v1, phase[(c + 1) & 3]), v2, phase[(c + 2) & 3]), v3,
                                       phase[(c + 3) & 3]),
                                parts[c]);
#define RETURNED(v, k) SELECT(SELECT(SELECT(v, x[0], phase[k]), x[1], phase[(k + 1) & 3]), x[2], phase[(k + 2) & 3])
            STORE(dst + i, RETURNED(v0, 0));
            STORE(dst + i + WIDTH, ROTATE(RETURNED(v1, 1), 3));
            STORE(dst + i + 2 * WIDTH, ROTATE(RETURNED(v2, 2), 2));
            STORE(dst + i + 3 * WIDTH, ROTATE(RETURNED(v3, 3), 1));
#undef RETURNED
        }
        FN(scalar_u8)(src + i, dst + i, n - i, table, 3, 4);
    }
}
#endif

#if LEVEL == LEVEL_AVX2
/* 32 samples: v - low saturates at 0; the packs saturate at 255; the conversion rounds half to even. */
INLINE __m256i FN(line_u8)(__m256i v, __m256i low, const f32 *scale) {
    const __m256i zero = _mm256_setzero_si256();
    const __m256i x = _mm256_subs_epu8(v, low);
    const __m256i a = _mm256_unpacklo_epi8(x, zero), b = _mm256_unpackhi_epi8(x, zero);
#define SCALED(quarter, k) \
    _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(quarter), _mm256_loadu_ps(scale + 8 * (k))))
    return _mm256_packus_epi16(
        _mm256_packs_epi32(SCALED(_mm256_unpacklo_epi16(a, zero), 0), SCALED(_mm256_unpackhi_epi16(a, zero), 1)),
        _mm256_packs_epi32(SCALED(_mm256_unpacklo_epi16(b, zero), 2), SCALED(_mm256_unpackhi_epi16(b, zero), 3)));
#undef SCALED
}

static void FN(lines_u8)(const u8 *src, ptrdiff_t src_step, u8 *dst, ptrdiff_t dst_step, ptrdiff_t rows, ptrdiff_t n,
                         const u8 *table, int tables, const Line *lines, int channels) {
    /* 96 is a multiple of the vector and of any number of channels. Alpha has the line through 0 with slope 1. */
    u8 low[96];
    f32 scale[96];
    for (int i = 0; i < 96; i++) {
        const int c = i % channels;
        /* Unpacking 32 samples within 16-byte lanes puts sample (lane, quarter, j) at position (quarter, lane, j). */
        const int at = (i & ~31) | (i >> 2 & 3) << 3 | (i >> 4 & 1) << 2 | (i & 3);
        const Line line = c == 3 ? (Line){0, 1} : lines[tables == 1 ? 0 : c];
        low[i] = (u8)line.low;
        scale[at] = (f32)line.scale;
    }
    for (; rows > 0; rows--, src += src_step, dst += dst_step) {
        ptrdiff_t i = 0;
        for (; i + 96 <= n; i += 96)
            for (int k = 0; k < 96; k += 32)
                STORE(dst + i + k, FN(line_u8)(LOAD(src + i + k), LOAD(low + k), scale + k));
        FN(scalar_u8)(src + i, dst + i, n - i, table, tables, channels);
    }
}
#endif

static int FN(fit_u8)(const u8 *table, Line *line) {
#if LEVEL == LEVEL_AVX2
    u8 all[288], result[288];
    u16 wide[256];
    for (int v = 0; v < 256; v++) wide[v] = table[v];
    for (int v = 0; v < 288; v++) all[v] = (u8)v;
    LineSearch search = search_line(wide, 256, 1);
    while (next_line(&search, line)) {
        FN(lines_u8)(all, 0, result, 0, 1, 288, table, 1, line, 1);
        if (memcmp(result, table, 256) == 0) return 1;
        for (int v = 1; v < 256; v++) narrow_slopes(&search, v);
    }
#else
    (void)table, (void)line;
#endif
    return 0;
}

static void FN(table_u8)(const u8 *src, ptrdiff_t src_step, u8 *dst, ptrdiff_t dst_step, ptrdiff_t rows, ptrdiff_t n,
                         const u8 *table, int tables, const Line *lines, int channels) {
#if LEVEL == LEVEL_AVX2
    if (lines) {
        FN(lines_u8)(src, src_step, dst, dst_step, rows, n, table, tables, lines, channels);
        return;
    }
#endif
    (void)lines;
#if LEVEL != LEVEL_BASELINE
    if (tables == 1)
        FN(one_u8)(src, src_step, dst, dst_step, rows, n, table, channels);
    else if (channels == 3)
        FN(rgb_u8)(src, src_step, dst, dst_step, rows, n, table);
    else
        FN(rgba_u8)(src, src_step, dst, dst_step, rows, n, table);
#else
    for (; rows > 0; rows--, src += src_step, dst += dst_step)
        FN(scalar_u8)(src, dst, n, table, tables, channels);
#endif
}

#undef WIDTH
#undef PARTS
#undef BYTES
#undef MASK
#undef LOAD
#undef STORE
#undef SELECT
#undef ROTATE
#endif
