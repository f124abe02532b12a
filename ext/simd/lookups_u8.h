/* Lookups in tables of 256 bytes: dst = table[channel][src].

   AVX2 looks 32 samples up at once: sixteen in-register tables of 16 entries are indexed by the low four bits and
   the high four choose. AVX-512 has byte permutations over 128 entries. Neither depends on the data, unlike scalar
   lookups or pairs of samples in a table of 65536. */
#ifndef LEVEL
#ifndef IMGPROC_LOOKUPS_U8_H
#define IMGPROC_LOOKUPS_U8_H
#include "simd/common.h"
#define SIMD_SOURCE "simd/lookups_u8.h"
#include "simd/levels.h"
#endif

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

static UNUSED void FN(one_u8)(const u8 *src, ptrdiff_t src_step, u8 *dst, ptrdiff_t dst_step, ptrdiff_t rows, ptrdiff_t n,
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
static UNUSED void FN(rgb_u8)(const u8 *src, ptrdiff_t src_step, u8 *dst, ptrdiff_t dst_step, ptrdiff_t rows, ptrdiff_t n,
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
static UNUSED void FN(rgba_u8)(const u8 *src, ptrdiff_t src_step, u8 *dst, ptrdiff_t dst_step, ptrdiff_t rows, ptrdiff_t n,
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

#undef WIDTH
#undef PARTS
#undef BYTES
#undef MASK
#undef LOAD
#undef STORE
#undef SELECT
#undef ROTATE
#endif

#endif
