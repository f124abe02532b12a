/* Semi-global matching: costs gathered along straight paths that pay for changes of the disparity.

   Along a path L(p, d) = C(p, d) + T(p, d), with what it pays for its last step
   T(p, d) = min(L(q, d), L(q, d - 1) + P1, L(q, d + 1) + P1, least(q) + P2) - least(q), q being the pixel before p and
   least(q) the smallest L(q, .). So 0 <= T <= P2, and bytes hold it: costs of disparities that do not exist are 255, and
   saturating sums keep these at 255, out of every minimum, as long as C + P2 < 255. Paths along rows leave the sum of
   their two T, at most 2 P2 <= 254. A pixel's sum over all paths is paths * C + the sum of T. */
#ifndef LEVEL
#ifndef IMGPROC_STEREO_PATHS_H
#define IMGPROC_STEREO_PATHS_H
#include "simd/stereo_costs.h"

/* Rows walked side by side: each pixel waits for the least of the one before it, and the other rows fill that time. */
#define STEREO_SIDE 4

typedef struct {
    Stereo match;
    u8 p1, p2;
    u16 paths;
} Paths;

/* Paths that come from the row before: straight, or with both diagonals. State `path` of pixel x is at
   states + (path * width + x) * padded, its least at leasts[path * width + x]; all zero before the first row. */
typedef struct {
    int count; /* 1 or 3 */
    u8 *states, *leasts;         /* of the row before; afterwards of this one */
    u8 *next_states, *next_leasts; /* room for the same, where count is 3 */
} Fronts;

/* Where in the row before the k-th path comes from: straight above, or the pixel to the left or to the right. */
INLINE ptrdiff_t front_offset(int k) { return k == 0 ? 0 : k == 1 ? -1 : 1; }

#define SIMD_SOURCE "simd/stereo_paths.h"
#include "simd/levels.h"

/* Costs of rows [y0, y1), `width * padded` bytes a row; false where memory is short. */
DISPATCH(int, stereo_costs, (const Paths *job, ptrdiff_t y0, ptrdiff_t y1, u8 *costs), (job, y0, y1, costs))
/* What both paths along each of n rows pay, from their costs. False where memory is short. */
DISPATCH(int, stereo_along, (const Paths *job, ptrdiff_t n, const u8 *costs, u8 *paid), (job, n, costs, paid))
/* What the paths from the row before pay at each pixel of a row, to be added up, or nowhere (NULL). */
DISPATCH(void, stereo_fronts, (const Paths *job, const u8 *costs, Fronts *fronts, u16 *paid), (job, costs, fronts, paid))
/* Disparities of rows [y0, y1). `more`, or NULL, is what other paths pay. False where memory is short. */
DISPATCH(int, stereo_down, (const Paths *job, ptrdiff_t y0, ptrdiff_t y1, const u8 *costs, const u8 *along, const u16 *more,
                            Fronts *fronts), (job, y0, y1, costs, along, more, fronts))
#endif

#else

/* One step of a path: `from` is the pixel before, `least` its smallest number; gives that of the new one, at `to`, which
   may be `from`. What the step pays is handed to PUT(d, bytes). */
#define STEREO_STEP(job, from, least, cost, to, PUT)                                                             \
    do {                                                                                                          \
        const STEREO_VECTOR floor_ = FN(stereo_every_byte)(least), p1_ = FN(stereo_every_byte)((job)->p1);        \
        const STEREO_VECTOR jump_ = FN(stereo_raise)(floor_, FN(stereo_every_byte)((job)->p2));                   \
        const STEREO_VECTOR none_ = FN(stereo_every_byte)(255);                                                   \
        STEREO_VECTOR before_ = none_, here_ = FN(stereo_load)(from), low_ = none_;                               \
        for (ptrdiff_t d_ = 0; d_ < (job)->match.padded; d_ += STEREO_BYTES) {                                    \
            const STEREO_VECTOR after_ =                                                                          \
                d_ + STEREO_BYTES < (job)->match.padded ? FN(stereo_load)((from) + d_ + STEREO_BYTES) : none_;    \
            const STEREO_VECTOR side_ = FN(stereo_min_bytes)(FN(stereo_from_before)(before_, here_),              \
                                                             FN(stereo_from_after)(here_, after_));               \
            const STEREO_VECTOR best_ = FN(stereo_min_bytes)(FN(stereo_min_bytes)(here_, jump_),                  \
                                                             FN(stereo_raise)(side_, p1_));                       \
            const STEREO_VECTOR paid_ = FN(stereo_subtract_bytes)(best_, floor_);                                 \
            const STEREO_VECTOR new_ = FN(stereo_raise)(paid_, FN(stereo_load)((cost) + d_));                     \
            PUT(d_, paid_);                                                                                       \
            FN(stereo_store)((to) + d_, new_);                                                                    \
            low_ = FN(stereo_min_bytes)(low_, new_);                                                              \
            before_ = here_;                                                                                      \
            here_ = after_;                                                                                       \
        }                                                                                                         \
        (least) = FN(stereo_least_byte)(low_);                                                                    \
    } while (0)

static int FN(stereo_costs)(const Paths *job, ptrdiff_t y0, ptrdiff_t y1, u8 *costs) {
    if (job->match.planes == 1) return FN(costs_rows)(&job->match, 1, y0, y1, costs);
    return FN(costs_rows)(&job->match, 4, y0, y1, costs);
}

#define PUT_PAID(d, v) FN(stereo_store)(to + (d), v)
#define ADD_PAID(d, v) FN(stereo_store)(to + (d), FN(stereo_add_bytes)(FN(stereo_load)(to + (d)), v))

/* `side` rows at once. */
INLINE void FN(along_rows)(const Paths *job, int side, u8 *states, const u8 *costs, u8 *paid) {
    const ptrdiff_t padded = job->match.padded, row = job->match.width * padded;
    u8 least[STEREO_SIDE] = {0};
    memset(states, 0, (size_t)(side * padded));
    for (ptrdiff_t at = 0; at < row; at += padded)
        for (int k = 0; k < side; k++) {
            u8 *state = states + k * padded, *to = paid + k * row + at;
            const u8 *cost = costs + k * row + at;
            STEREO_STEP(job, state, least[k], cost, state, PUT_PAID);
        }
    memset(least, 0, sizeof least);
    memset(states, 0, (size_t)(side * padded));
    for (ptrdiff_t at = row - padded; at >= 0; at -= padded)
        for (int k = 0; k < side; k++) {
            u8 *state = states + k * padded, *to = paid + k * row + at;
            const u8 *cost = costs + k * row + at;
            STEREO_STEP(job, state, least[k], cost, state, ADD_PAID);
        }
}

static int FN(stereo_along)(const Paths *job, ptrdiff_t n, const u8 *costs, u8 *paid) {
    const ptrdiff_t row = job->match.width * job->match.padded;
    u8 *states = malloc((size_t)(STEREO_SIDE * job->match.padded));
    if (!states) return 0;
    for (; n >= STEREO_SIDE; n -= STEREO_SIDE, costs += STEREO_SIDE * row, paid += STEREO_SIDE * row)
        FN(along_rows)(job, STEREO_SIDE, states, costs, paid);
    for (; n > 0; n--, costs += row, paid += row) FN(along_rows)(job, 1, states, costs, paid);
    free(states);
    return 1;
}
#undef PUT_PAID
#undef ADD_PAID

INLINE void FN(add_words)(u16 *to, STEREO_VECTOR bytes) {
    FN(stereo_store)(to, FN(stereo_add)(FN(stereo_load)(to), FN(stereo_low_words)(bytes)));
    FN(stereo_store)(to + STEREO_WORDS, FN(stereo_add)(FN(stereo_load)(to + STEREO_WORDS), FN(stereo_high_words)(bytes)));
}
/* The first front of a pixel begins its sums: with its costs, and what the paths along the row pay. */
INLINE void FN(begin_sums)(u16 *to, STEREO_VECTOR paths, STEREO_VECTOR cost, STEREO_VECTOR along, STEREO_VECTOR paid) {
    const STEREO_VECTOR low = FN(stereo_times)(FN(stereo_low_words)(cost), paths);
    const STEREO_VECTOR high = FN(stereo_times)(FN(stereo_high_words)(cost), paths);
    const STEREO_VECTOR more_low = FN(stereo_add)(FN(stereo_low_words)(along), FN(stereo_low_words)(paid));
    const STEREO_VECTOR more_high = FN(stereo_add)(FN(stereo_high_words)(along), FN(stereo_high_words)(paid));
    FN(stereo_store)(to, FN(stereo_add)(low, more_low));
    FN(stereo_store)(to + STEREO_WORDS, FN(stereo_add)(high, more_high));
}
#define BEGIN_SUMS(d, v) FN(begin_sums)(to + (d), paths, FN(stereo_load)(cost + (d)), FN(stereo_load)(along + (d)), v)
#define ADD_WORDS(d, v) FN(add_words)(to + (d), v)
#define PUT_NOTHING(d, v) (void)(v)

/* The k-th front at pixels [x0, x1) of a row. With `along` the sums at `to` begin with it; else what it pays is added
   there, or goes nowhere (NULL). */
INLINE void FN(front_tile)(const Paths *job, const u8 *costs, const Fronts *fronts, int k, ptrdiff_t x0, ptrdiff_t x1,
                           const u8 *along, u16 *to) {
    const Paths own = *job;
    const ptrdiff_t padded = own.match.padded, width = own.match.width;
    const STEREO_VECTOR paths = FN(stereo_every_word)(own.paths);
    const u8 *states = fronts->states, *leasts = fronts->leasts;
    u8 *next_states = fronts->count == 1 ? fronts->states : fronts->next_states;
    u8 *next_leasts = fronts->count == 1 ? fronts->leasts : fronts->next_leasts;
    for (ptrdiff_t x = x0; x < x1; x++) {
        const ptrdiff_t before = x + front_offset(k), place = k * width + x;
        const u8 *cost = costs + x * padded, *from = states + (k * width + before) * padded;
        u8 *next = next_states + place * padded, least = 0;
        if (before < 0 || before >= width) { /* the path begins: it pays nothing */
            STEREO_VECTOR low = FN(stereo_every_byte)(255);
            for (ptrdiff_t d = 0; d < padded; d += STEREO_BYTES) {
                const STEREO_VECTOR v = FN(stereo_load)(cost + d);
                FN(stereo_store)(next + d, v);
                low = FN(stereo_min_bytes)(low, v);
            }
            least = FN(stereo_least_byte)(low);
        } else {
            least = leasts[k * width + before];
            if (along)
                STEREO_STEP(&own, from, least, cost, next, BEGIN_SUMS);
            else if (to)
                STEREO_STEP(&own, from, least, cost, next, ADD_WORDS);
            else
                STEREO_STEP(&own, from, least, cost, next, PUT_NOTHING);
        }
        next_leasts[place] = least;
        if (along) along += padded;
        if (to) to += padded;
    }
}
#undef BEGIN_SUMS
#undef ADD_WORDS
#undef PUT_NOTHING

INLINE void FN(swap_fronts)(Fronts *fronts) {
    if (fronts->count == 1) return;
    u8 *states = fronts->states, *leasts = fronts->leasts;
    fronts->states = fronts->next_states;
    fronts->leasts = fronts->next_leasts;
    fronts->next_states = states;
    fronts->next_leasts = leasts;
}

static void FN(stereo_fronts)(const Paths *job, const u8 *costs, Fronts *fronts, u16 *paid) {
    for (int k = 0; k < fronts->count; k++)
        FN(front_tile)(job, costs, fronts, k, 0, job->match.width, NULL, paid);
    FN(swap_fronts)(fronts);
}

INLINE void FN(add_more)(const u16 *more, ptrdiff_t n, u16 *sums) {
    for (ptrdiff_t i = 0; i < n; i += STEREO_WORDS)
        FN(stereo_store)(sums + i, FN(stereo_add)(FN(stereo_load)(sums + i), FN(stereo_load)(more + i)));
}

static int FN(stereo_down)(const Paths *job, ptrdiff_t y0, ptrdiff_t y1, const u8 *costs, const u8 *along, const u16 *more,
                           Fronts *fronts) {
    const Stereo *match = &job->match;
    const ptrdiff_t row = match->width * match->padded;
    Winners winners;
    void *memory = malloc(winners_size(match));
    if (!memory) return 0;
    winners_begin(match, memory, &winners);
    for (ptrdiff_t y = y0; y < y1; y++, costs += row, along += row, more += more ? row : 0) {
        winners_row(match, &winners);
        for (ptrdiff_t x0 = 0; x0 < match->width; x0 += STEREO_TILE) {
            const ptrdiff_t x1 = x0 + STEREO_TILE < match->width ? x0 + STEREO_TILE : match->width, at = x0 * match->padded;
            u16 *sums = winners.sums + match->padded;
            FN(front_tile)(job, costs, fronts, 0, x0, x1, along + at, sums);
            for (int k = 1; k < fronts->count; k++) FN(front_tile)(job, costs, fronts, k, x0, x1, NULL, sums);
            if (more) FN(add_more)(more + at, (x1 - x0) * match->padded, sums);
            FN(choose_tile)(match, &winners, x0, x1);
        }
        FN(swap_fronts)(fronts);
        FN(finish_row)(match, &winners, match->out + y * match->out_step);
    }
    free(memory);
    return 1;
}
#undef STEREO_STEP

#endif
