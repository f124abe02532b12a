/* The least sums of squares along a line among what lies near, 64 places at a time in 16 bits. */
#ifndef LEVEL
#ifndef IMGPROC_DISTANCE_NEAR_H
#define IMGPROC_DISTANCE_NEAR_H
#include "simd/common.h"

enum {
    LINE_BLOCK = 64,
    LINE_REACH = 255, /* 256 squared is beyond 16 bits */
    LINE_STILL = 15,  /* where nothing so near helps, few places may */
    LINE_FAR = 65535  /* stands for all larger squares */
};

#define SIMD_SOURCE "simd/distance_near.h"
#include "simd/levels.h"
#endif
#else

#if LEVEL == LEVEL_AVX512
#define WORDS 32
typedef __m512i FN(words);
INLINE __m512i FN(load)(const u16 *p) { return _mm512_loadu_si512(p); }
INLINE void FN(store)(u16 *p, __m512i v) { _mm512_storeu_si512(p, v); }
INLINE __m512i FN(all)(int v) { return _mm512_set1_epi16((i16)v); }
INLINE __m512i FN(least)(__m512i a, __m512i b) { return _mm512_min_epu16(a, b); }
INLINE __m512i FN(sum)(__m512i a, __m512i b) { return _mm512_adds_epu16(a, b); }
INLINE int FN(exceeds)(__m512i a, __m512i b) { return _mm512_cmpgt_epu16_mask(a, b) != 0; }
#elif LEVEL == LEVEL_AVX2
#define WORDS 16
typedef __m256i FN(words);
INLINE __m256i FN(load)(const u16 *p) { return _mm256_loadu_si256((const __m256i *)p); }
INLINE void FN(store)(u16 *p, __m256i v) { _mm256_storeu_si256((__m256i *)p, v); }
INLINE __m256i FN(all)(int v) { return _mm256_set1_epi16((i16)v); }
INLINE __m256i FN(least)(__m256i a, __m256i b) { return _mm256_min_epu16(a, b); }
INLINE __m256i FN(sum)(__m256i a, __m256i b) { return _mm256_adds_epu16(a, b); }
INLINE int FN(exceeds)(__m256i a, __m256i b) {
    const __m256i more = _mm256_subs_epu16(a, b);
    return !_mm256_testz_si256(more, more);
}
#elif defined(SIMD_X86)
#define WORDS 8
typedef __m128i FN(words);
INLINE __m128i FN(load)(const u16 *p) { return _mm_loadu_si128((const __m128i *)p); }
INLINE void FN(store)(u16 *p, __m128i v) { _mm_storeu_si128((__m128i *)p, v); }
INLINE __m128i FN(all)(int v) { return _mm_set1_epi16((i16)v); }
INLINE __m128i FN(least)(__m128i a, __m128i b) { return _mm_sub_epi16(a, _mm_subs_epu16(a, b)); }
INLINE __m128i FN(sum)(__m128i a, __m128i b) { return _mm_adds_epu16(a, b); }
INLINE int FN(exceeds)(__m128i a, __m128i b) {
    return _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_subs_epu16(a, b), _mm_setzero_si128())) != 0xffff;
}
#else
#define WORDS 1
typedef u16 FN(words);
INLINE u16 FN(load)(const u16 *p) { return *p; }
INLINE void FN(store)(u16 *p, u16 v) { *p = v; }
INLINE u16 FN(all)(int v) { return (u16)v; }
INLINE u16 FN(least)(u16 a, u16 b) { return a < b ? a : b; }
INLINE u16 FN(sum)(u16 a, u16 b) { return (u16)(a + b > 65535 ? 65535 : a + b); }
INLINE int FN(exceeds)(u16 a, u16 b) { return a > b; }
#endif
#define VECTORS (LINE_BLOCK / WORDS)

/* Takes in what lies `from` to `to` away, in steps of three; whether more may help. */
INLINE int FN(reach)(const u16 *squares, FN(words) *least, int from, int to) {
    /* What lies k away adds k^2, and so helps only where more than that is left. */
    for (int k = from; k <= to;) {
        const FN(words) reached = FN(all)(k * k);
        int more = 0;
        for (int i = 0; i < VECTORS; i++) more |= FN(exceeds)(least[i], reached);
        if (!more) return 0;
        for (int end = k + 3; k < end; k++) {
            const FN(words) square = FN(all)(k * k);
            for (int i = 0; i < VECTORS; i++) {
                const u16 *at = squares + i * WORDS;
                const FN(words) beside = FN(least)(FN(load)(at - k), FN(load)(at + k));
                least[i] = FN(least)(least[i], FN(sum)(beside, square));
            }
        }
    }
    return 1;
}

/* Stores a block; whether all of it is below LINE_FAR. */
INLINE int FN(keep)(const FN(words) *least, u16 *best) {
    int far = 0;
    for (int i = 0; i < VECTORS; i++) {
        far |= FN(exceeds)(least[i], FN(all)(LINE_FAR - 1));
        FN(store)(best + i * WORDS, least[i]);
    }
    return !far;
}

/* best[i] = min over |k| <= LINE_REACH of squares[i + k] + k^2 for the first `wanted` of a block; those beyond are not
   waited for. Returns whether all of them are below LINE_FAR, and so exact; or -1 where what is at most LINE_STILL away
   changed nothing and more may help: then `best` is for `near_rest` to go on with. */
INLINE int FN(near_block)(const u16 *squares, ptrdiff_t wanted, u16 *best) {
    FN(words) least[VECTORS];
    if (wanted < LINE_BLOCK) {
        memcpy(best, squares, LINE_BLOCK * sizeof *best);
        memset(best + wanted, 0, (size_t)(LINE_BLOCK - wanted) * sizeof *best);
        for (int i = 0; i < VECTORS; i++) least[i] = FN(load)(best + i * WORDS);
    } else {
        for (int i = 0; i < VECTORS; i++) least[i] = FN(load)(squares + i * WORDS);
    }
    if (FN(reach)(squares, least, 1, LINE_STILL)) {
        int changed = wanted < LINE_BLOCK;
        for (int i = 0; i < VECTORS; i++) changed |= FN(exceeds)(FN(load)(squares + i * WORDS), least[i]);
        if (!changed) {
            FN(keep)(least, best);
            return -1;
        }
        FN(reach)(squares, least, LINE_STILL + 1, LINE_REACH);
    }
    return FN(keep)(least, best);
}

/* The same, from where that gave -1. */
static int FN(near_rest)(const u16 *squares, u16 *best) {
    FN(words) least[VECTORS];
    for (int i = 0; i < VECTORS; i++) least[i] = FN(load)(best + i * WORDS);
    FN(reach)(squares, least, LINE_STILL + 1, LINE_REACH);
    return FN(keep)(least, best);
}

#undef WORDS
#undef VECTORS
#endif
