/* The choice among the sums of a row: the smallest of each pixel, its fraction, and whether it can be trusted. */
#ifndef LEVEL
#ifndef IMGPROC_STEREO_WINNERS_H
#define IMGPROC_STEREO_WINNERS_H
#include "simd/stereo_match.h"

/* Pixels whose sums are chosen among while they are in the nearest cache. */
#define STEREO_TILE 32

/* The state of a row while its winners are chosen. */
typedef struct {
    u16 *sums;    /* STEREO_TILE + 1 pixels: the one before the tile, then the tile */
    u16 *belt;    /* at place d the smallest sum yet of right pixel x - d, after pixel x */
    u16 *beyond;  /* `padded` zeros, then as many 65535 */
    u16 *right;   /* `width`: the least of all sums for a right pixel */
    /* `width` each: the best disparity, its sum, those beside it, the bound of what is ambiguous, how many sums are not
       above that, and within one disparity of the best the least for its partner. */
    i32 *best, *least, *before, *after, *bound, *close, *near;
    u8 *kept;                 /* `width` */
} Winners;

/* Memory that winners_begin lays out, in bytes. */
static UNUSED size_t winners_size(const Stereo *job) {
    return (size_t)(sizeof(u16) * (STEREO_TILE + 4) * job->padded + (7 * sizeof(i32) + sizeof(u16) + 1) * job->width) + 64;
}

static UNUSED void winners_begin(const Stereo *job, void *memory, Winners *w) {
    i32 **rows[7] = {&w->best, &w->least, &w->before, &w->after, &w->bound, &w->close, &w->near};
    w->sums = (u16 *)(((uintptr_t)memory + 63) & ~(uintptr_t)63);
    w->belt = w->sums + (STEREO_TILE + 1) * job->padded;
    w->beyond = w->belt + job->padded;
    i32 *at = (i32 *)(w->beyond + 2 * job->padded);
    for (int k = 0; k < 7; k++, at += job->width) *rows[k] = at;
    w->right = (u16 *)at;
    w->kept = (u8 *)(w->right + job->width);
    memset(w->beyond, 0, sizeof(u16) * (size_t)job->padded);
    memset(w->beyond + job->padded, 255, sizeof(u16) * (size_t)job->padded);
}

static UNUSED void winners_row(const Stereo *job, Winners *w) {
    memset(w->belt, 255, sizeof(u16) * (size_t)job->padded);
}

/* The largest sum s of another disparity that makes `least` ambiguous: s (100 - unique) < 100 least. */
#define AMBIGUOUS_BITS 40
INLINE i64 ambiguous_factor(int unique) { return (((i64)1 << AMBIGUOUS_BITS) + 99 - unique) / (100 - unique); }
/* ceil(100 least / (100 - unique)) - 1; the factor divides exactly what is below 2^23. */
INLINE i32 ambiguous(i32 least, int unique, i64 factor) {
    return (i32)((100 * least + 99 - unique) * factor >> AMBIGUOUS_BITS) - 1;
}

#define SIMD_SOURCE "simd/stereo_winners.h"
#include "simd/levels.h"
#endif

#else

/* Where the bit of the first set word is. */
INLINE int FN(stereo_first)(u64 bits) {
#if defined(__GNUC__)
    return __builtin_ctzll(bits);
#else
    int place = 0;
    for (; !(bits >> place & 1); place++) {}
    return place;
#endif
}
INLINE int FN(stereo_bits)(u64 bits) {
#if defined(__GNUC__)
    return __builtin_popcountll(bits);
#else
    int total = 0;
    for (; bits; bits &= bits - 1) total++;
    return total;
#endif
}

/* Sums beyond the last disparity of pixel x become 65535; `vectors` hold those that are tried. */
INLINE void FN(close_sums)(const Stereo *job, const u16 *beyond, ptrdiff_t x, u16 *sums, ptrdiff_t vectors) {
    const ptrdiff_t last = x < job->count - 1 ? x : job->count - 1;
    for (ptrdiff_t d = (last + 1) / STEREO_WORDS * STEREO_WORDS; d < vectors * STEREO_WORDS; d += STEREO_WORDS)
        FN(stereo_store)(sums + d, FN(stereo_or)(FN(stereo_load)(sums + d),
                                                 FN(stereo_load)(beyond + job->padded - 1 - last + d)));
}

/* Bits of the words of two (or more) vectors that are not above a bound, for 64 words or what is there of them. */
INLINE u64 FN(words_not_above)(const u16 *sums, ptrdiff_t vectors, STEREO_VECTOR bound) {
    u64 bits = 0;
    for (ptrdiff_t k = 0; k < 64 / STEREO_WORDS; k++)
        if (k < vectors)
            bits |= (u64)FN(stereo_not_above)(FN(stereo_load)(sums + k * STEREO_WORDS), bound) << (k * STEREO_WORDS);
    return bits;
}

/* The least sum of each of n pixels, the first disparity that has it, and how many sums are not above the bound of
   what is ambiguous. With a constant number of vectors the loops over them go away. */
INLINE void FN(find_least)(const Stereo *job, const u16 *sums, ptrdiff_t n, ptrdiff_t vectors, int unique, i32 *least,
                           i32 *best, i32 *bounds, i32 *close) {
    const ptrdiff_t group = 64 / STEREO_WORDS, padded = job->padded;
    const i64 factor = ambiguous_factor(unique);
    for (ptrdiff_t x = 0; x < n; x++, sums += padded) {
        STEREO_VECTOR low = FN(stereo_load)(sums);
        for (ptrdiff_t k = 1; k < vectors; k++) low = FN(stereo_min)(low, FN(stereo_load)(sums + k * STEREO_WORDS));
        const u32 value = FN(stereo_least)(low);
        const STEREO_VECTOR wanted = FN(stereo_every_word)((u16)value);
        least[x] = (i32)value;
        ptrdiff_t k = 0;
        u64 bits;
        while (!(bits = FN(words_not_above)(sums + k * STEREO_WORDS, vectors - k, wanted))) k += group;
        best[x] = (i32)(k * STEREO_WORDS) + FN(stereo_first)(bits);
        if (!unique) continue;
        const i32 bound = bounds[x] = ambiguous((i32)value, unique, factor);
        const STEREO_VECTOR rivals = FN(stereo_every_word)((u16)(bound < 0 ? 0 : bound < 65534 ? bound : 65534));
        i32 total = 0;
        for (k = 0; k < vectors; k += group)
            total += FN(stereo_bits)(FN(words_not_above)(sums + k * STEREO_WORDS, vectors - k, rivals));
        close[x] = total;
    }
}

/* Moves `many` vectors of the belt on over n pixels: what stood for right pixel x - d moves on to d + 1, and the sums of
   pixel x come in. in[i] comes from the place before; out[i] is what then stands in word `lane` of the last vector. */
INLINE void FN(move_part)(u16 *belt, ptrdiff_t n, const u16 *sums, ptrdiff_t padded, ptrdiff_t many, ptrdiff_t lane,
                          const i32 *restrict in, i32 *restrict out) {
    STEREO_VECTOR state[4];
    u16 end[STEREO_WORDS];
    for (ptrdiff_t k = 0; k < many; k++) state[k] = FN(stereo_load)(belt + k * STEREO_WORDS);
    for (ptrdiff_t i = 0; i < n; i++, sums += padded) {
        const STEREO_VECTOR before = FN(stereo_every_word)((u16)in[i]);
        for (ptrdiff_t k = many - 1; k >= 0; k--)
            state[k] = FN(stereo_min)(FN(stereo_words_before)(k ? state[k - 1] : before, state[k]),
                                      FN(stereo_load)(sums + k * STEREO_WORDS));
        FN(stereo_store)(end, state[many - 1]);
        out[i] = end[lane];
    }
    for (ptrdiff_t k = 0; k < many; k++) FN(stereo_store)(belt + k * STEREO_WORDS, state[k]);
}

/* The belt over the n pixels of a tile from x on; what leaves at the last disparity has met all its partners. */
INLINE void FN(move_belt)(const Stereo *job, const Winners *w, ptrdiff_t x, ptrdiff_t n, const u16 *sums, ptrdiff_t vectors) {
    const ptrdiff_t final = job->count - 1;
    i32 rooms[2][STEREO_TILE + 1], *coming = rooms[0], *leaving = rooms[1];
    for (int i = 0; i <= STEREO_TILE; i++) coming[i] = 65535;
    for (ptrdiff_t k = 0, many; k < vectors; k += many) {
        many = vectors - k >= 4 ? 4 : vectors - k >= 2 ? 2 : 1;
        u16 *part = w->belt + k * STEREO_WORDS;
        const u16 *from = sums + k * STEREO_WORDS;
        const ptrdiff_t lane = k + many == vectors ? final % STEREO_WORDS : STEREO_WORDS - 1;
        leaving[0] = part[many * STEREO_WORDS - 1]; /* goes into the next part with the first pixel */
        if (many == 4) FN(move_part)(part, n, from, job->padded, 4, lane, coming, leaving + 1);
        else if (many == 2) FN(move_part)(part, n, from, job->padded, 2, lane, coming, leaving + 1);
        else FN(move_part)(part, n, from, job->padded, 1, lane, coming, leaving + 1);
        i32 *swapped = coming;
        coming = leaving;
        leaving = swapped;
    }
    for (ptrdiff_t i = x < final ? final - x : 0; i < n; i++) w->right[x + i - final] = (u16)coming[i + 1];
}

/* The sums beside the best of each pixel, or itself at an end; then, within one disparity of it, the least for its partner
   in the right image, which the next pixel completes. */
INLINE void FN(look_around)(const Stereo *job, const Winners *w, ptrdiff_t x0, ptrdiff_t x1, const u16 *sums) {
    const ptrdiff_t padded = job->padded, final = job->count - 1;
    const i32 *best = w->best, *least = w->least;
    i32 *before = w->before, *after = w->after, *near = w->near;
    const u16 *p = sums;
    for (ptrdiff_t x = x0; x < x1; x++, p += padded) {
        const ptrdiff_t d = best[x], last = x < final ? x : final;
        before[x] = p[d - (d > 0)];
        after[x] = p[d + (d < last)];
    }
    if (!job->check) return;
    /* Without a branch on sums, which is mispredicted: where there is no neighbour the best itself is read again. */
    ptrdiff_t d = x0 > 0 ? best[x0 - 1] : 0;
    i32 open = x0 > 0 ? near[x0 - 1] : 0;
    for (ptrdiff_t x = x0; x < x1; x++, sums += padded) {
        const i32 ahead = d < final ? sums[d + (d < final)] : open;
        if (x > 0) near[x - 1] = ahead < open ? ahead : open;
        d = best[x];
        const i32 behind = sums[d > 0 ? d - 1 - padded : d];
        open = behind < least[x] ? behind : least[x];
    }
    near[x1 - 1] = open;
}

INLINE void FN(choose_among)(const Stereo *job, const Winners *w, ptrdiff_t x0, ptrdiff_t x1, ptrdiff_t vectors) {
    const ptrdiff_t padded = job->padded, final = job->count - 1;
    u16 *sums = w->sums + padded;
    if (x0 < final || job->count % STEREO_WORDS)
        for (ptrdiff_t x = x0; x < x1; x++) FN(close_sums)(job, w->beyond, x, sums + (x - x0) * padded, vectors);
    if (job->unique)
        FN(find_least)(job, sums, x1 - x0, vectors, job->unique, w->least + x0, w->best + x0,
                       w->bound + x0, w->close + x0);
    else
        FN(find_least)(job, sums, x1 - x0, vectors, 0, w->least + x0, w->best + x0,
                       w->bound + x0, w->close + x0);
    FN(look_around)(job, w, x0, x1, sums);
    if (job->check) FN(move_belt)(job, w, x0, x1 - x0, sums, vectors);
    memcpy(w->sums, w->sums + (x1 - x0) * padded, sizeof(u16) * (size_t)padded);
}

/* Chooses among the sums of pixels [x0, x1), which stand from sums + padded on. */
static void FN(choose_tile)(const Stereo *given, const Winners *state, ptrdiff_t x0, ptrdiff_t x1) {
    const Stereo job = *given; /* copies, which no store changes */
    const Winners w = *state;
    const ptrdiff_t vectors = (job.count - 1) / STEREO_WORDS + 1;
    if (vectors == 1) FN(choose_among)(&job, &w, x0, x1, 1);
    else if (vectors == 2) FN(choose_among)(&job, &w, x0, x1, 2);
    else if (vectors == 4) FN(choose_among)(&job, &w, x0, x1, 4);
    else FN(choose_among)(&job, &w, x0, x1, vectors);
}

/* The row as disparities, once all its tiles are chosen. */
static void FN(finish_row)(const Stereo *job, const Winners *w, f32 *restrict out) {
    const ptrdiff_t n = job->width, final = job->count - 1;
    const i32 *best = w->best, *least = w->least, *before = w->before, *after = w->after, *close = w->close;
    u8 *kept = w->kept;
    memset(kept, 1, (size_t)n);
    if (job->unique)
        for (ptrdiff_t x = 0; x < n; x++) {
            const i32 bound = w->bound[x], d = best[x], last = x < final ? (i32)x : (i32)final;
            const i32 own = 1 + ((before[x] <= bound) & (d > 0)) + ((after[x] <= bound) & (d < last));
            kept[x] = (u8)((bound < 0) | (close[x] == own));
        }
    if (job->check) {
        for (ptrdiff_t d = 0; d <= final && d < n; d++) w->right[n - 1 - d] = w->belt[d];
        for (ptrdiff_t x = 0; x < n; x++) kept[x] &= w->near[x] == w->right[x - best[x]];
    }
    for (ptrdiff_t x = 0; x < n; x++) {
        const i32 last = x < final ? (i32)x : (i32)final, inner = (best[x] > 0) & (best[x] < last);
        const i32 rise = inner ? before[x] - after[x] : 0, bend = inner ? 2 * (before[x] + after[x] - 2 * least[x]) : 1;
        const f32 d = (f32)best[x] + (f32)rise / (f32)bend;
        out[x] = kept[x] ? d : NAN;
    }
}

#endif
