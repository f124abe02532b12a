/* Nearest pixels: each output pixel is the source pixel at its offset, moved as bytes. */
#ifndef IMGPROC_RESIZE_NEAREST_TYPES
#define IMGPROC_RESIZE_NEAREST_TYPES
#include "simd/resize_axes.h"

/* Bytes of a vector that a shuffle reads from, and how many such windows one of the result may take. */
enum { NEAREST_WINDOW = 16, NEAREST_WINDOWS = 4 };

/* Out pixel i, of `bytes`, is the one at row + offsets[i]; offsets never fall, and rows are `source` bytes. The first
   `groups` lie in windows that begin at window[g]. Pixels of one and two bytes: 16 bytes of the result from `windows` times
   16, at places[16 g]; pixels of four: 8 of the result from `windows` times 8 pixels, at lanes[8 g]. */
typedef struct {
    ptrdiff_t source, target;
    int bytes, windows;
    ptrdiff_t groups;
    i64 *offsets, *window;
    u8 *places;
    i32 *lanes;
} Nearest;

/* All tables are one piece of memory, returned to be freed; NULL where there is none. */
INLINE void *nearest_plan(Nearest *plan, i64 width) {
    const ptrdiff_t target = plan->target;
    const int bytes = plan->bytes, each = bytes == 4 ? 8 : bytes <= 2 ? NEAREST_WINDOW / bytes : 0;
    const ptrdiff_t groups = each ? target / each : 0, wide = each * bytes;
    char *memory = malloc((size_t)(target + groups) * sizeof(i64) + (size_t)groups * (size_t)wide);
    if (!memory) return NULL;
    plan->offsets = (i64 *)memory, plan->window = plan->offsets + target;
    plan->places = (u8 *)(plan->window + groups), plan->lanes = (i32 *)(plan->window + groups);
    plan->groups = plan->windows = 0;
    NearestAxis at = axis_from(width, target, 0);
    for (ptrdiff_t x = 0; x < target; x++, axis_next(&at)) plan->offsets[x] = at.pixel * bytes;
    i64 reach = 0;
    for (ptrdiff_t g = 0; g < groups; g++) {
        i64 span = plan->offsets[g * each + each - 1] - plan->offsets[g * each] + bytes;
        if (span > reach) reach = span;
    }
    i64 windows = groups ? (reach + wide - 1) / wide : 0;
    if (windows > NEAREST_WINDOWS) return memory;
    if (bytes == 4 && windows == 3) windows = NEAREST_WINDOWS;
    plan->windows = (int)windows;
    /* Windows inside the row: a prefix of the groups, because offsets never fall. */
    for (; plan->groups < groups; plan->groups++) {
        const ptrdiff_t g = plan->groups;
        const i64 *from = plan->offsets + g * each, start = from[0];
        if (start + windows * wide > plan->source) break;
        plan->window[g] = start;
        for (int k = 0; k < each; k++) {
            if (bytes == 4) plan->lanes[g * 8 + k] = (i32)((from[k] - start) / 4);
            else
                for (int b = 0; b < bytes; b++) plan->places[g * NEAREST_WINDOW + k * bytes + b] = (u8)(from[k] - start + b);
        }
    }
    return memory;
}
#endif

#ifndef LEVEL
#define SIMD_SOURCE "simd/resize_nearest.h"
#include "simd/levels.h"
/* Rows [y0, y1) of dst. */
DISPATCH(void, nearest,
         (const u8 *src, ptrdiff_t src_stride, u8 *dst, ptrdiff_t dst_stride, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t height, ptrdiff_t target_height, const Nearest *plan),
         (src, src_stride, dst, dst_stride, y0, y1, height, target_height, plan))
#else

/* Where rows are left out, the processor sees no stream to run ahead of. */
#if defined(__GNUC__)
#define PREFETCH(place) __builtin_prefetch(place, 0, 2)
#else
#define PREFETCH(place) ((void)(place))
#endif

/* Moves `wide` bytes where that stays inside both rows: what it writes too much, the next pixel writes over. */
INLINE void FN(nearest_by)(const u8 *row, const u8 *ahead, ptrdiff_t source, u8 *out, ptrdiff_t i, ptrdiff_t n, const size_t bytes, const size_t wide,
                           const i64 *offsets) {
    if (wide > bytes)
        for (; (n - i) * (ptrdiff_t)bytes >= (ptrdiff_t)wide && offsets[i] + (ptrdiff_t)wide <= source; i++) {
            PREFETCH(ahead + offsets[i]);
            memcpy(out + i * (ptrdiff_t)bytes, row + offsets[i], wide);
        }
    for (; i + 4 <= n; i += 4) {
        PREFETCH(ahead + offsets[i]);
        for (ptrdiff_t k = i; k < i + 4; k++) memcpy(out + k * (ptrdiff_t)bytes, row + offsets[k], bytes);
    }
    for (; i < n; i++) memcpy(out + i * (ptrdiff_t)bytes, row + offsets[i], bytes);
}

#if LEVEL >= LEVEL_AVX2
INLINE void FN(nearest_groups)(const u8 *row, const u8 *ahead, u8 *out, const i64 *window, const u8 *places, ptrdiff_t groups, const int windows) {
    for (ptrdiff_t g = 0; g < groups; g++) {
        PREFETCH(ahead + window[g]);
        const __m128i *from = (const __m128i *)(row + window[g]);
        __m128i place = _mm_loadu_si128((const __m128i *)(places + 16 * g));
        __m128i result = _mm_shuffle_epi8(_mm_loadu_si128(from), _mm_adds_epu8(place, _mm_set1_epi8(0x70)));
        for (int k = 1; k < windows; k++) {
            /* Places outside this window come to 0x80 and above, which gives zero. */
            __m128i inside = _mm_adds_epu8(_mm_sub_epi8(place, _mm_set1_epi8((char)(16 * k))), _mm_set1_epi8(0x70));
            result = _mm_or_si128(result, _mm_shuffle_epi8(_mm_loadu_si128(from + k), inside));
        }
        _mm_storeu_si128((__m128i *)(out + 16 * g), result);
    }
}

/* Eight pixels of four bytes from one, two or four times eight. A permutation takes the low bits of a lane alone. */
INLINE void FN(nearest_lanes)(const u8 *row, const u8 *ahead, u8 *out, const i64 *window, const i32 *lanes, ptrdiff_t groups, const int windows) {
    for (ptrdiff_t g = 0; g < groups; g++) {
        PREFETCH(ahead + window[g]);
        if (windows == NEAREST_WINDOWS) PREFETCH(ahead + window[g] + 64);
        const __m256i *from = (const __m256i *)(row + window[g]);
        __m256i lane = _mm256_loadu_si256((const __m256i *)(lanes + 8 * g));
#if LEVEL >= LEVEL_AVX512
        if (windows == NEAREST_WINDOWS) {
            __m512i picked = _mm512_permutex2var_epi32(_mm512_loadu_si512(from), _mm512_castsi256_si512(lane), _mm512_loadu_si512(from + 2));
            _mm256_storeu_si256((__m256i *)(out + 32 * g), _mm512_castsi512_si256(picked));
            continue;
        }
#endif
        __m256i result = _mm256_permutevar8x32_epi32(_mm256_loadu_si256(from), lane);
        for (int k = 1; k < windows; k++) {
            __m256i other = _mm256_permutevar8x32_epi32(_mm256_loadu_si256(from + k), lane);
            result = _mm256_blendv_epi8(result, other, _mm256_cmpgt_epi32(lane, _mm256_set1_epi32(8 * k - 1)));
        }
        _mm256_storeu_si256((__m256i *)(out + 32 * g), result);
    }
}
#endif

/* One row; `ahead` is the one that comes next. */
INLINE void FN(nearest_row)(const u8 *row, const u8 *ahead, u8 *out, const Nearest *plan) {
    ptrdiff_t i = 0, n = plan->target, source = plan->source;
    const i64 *offsets = plan->offsets;
    const int bytes = plan->bytes;
#if LEVEL >= LEVEL_AVX2
    const ptrdiff_t groups = plan->groups;
    if (bytes == 4) {
        if (plan->windows == 1) FN(nearest_lanes)(row, ahead, out, plan->window, plan->lanes, groups, 1);
        else if (plan->windows == 2) FN(nearest_lanes)(row, ahead, out, plan->window, plan->lanes, groups, 2);
        else FN(nearest_lanes)(row, ahead, out, plan->window, plan->lanes, groups, NEAREST_WINDOWS);
        i = groups * 8;
    } else if (bytes <= 2) {
        switch (plan->windows) {
        case 1: FN(nearest_groups)(row, ahead, out, plan->window, plan->places, groups, 1); break;
        case 2: FN(nearest_groups)(row, ahead, out, plan->window, plan->places, groups, 2); break;
        case 3: FN(nearest_groups)(row, ahead, out, plan->window, plan->places, groups, 3); break;
        default: FN(nearest_groups)(row, ahead, out, plan->window, plan->places, groups, 4);
        }
        i = groups * NEAREST_WINDOW / bytes;
    }
#endif
    switch (bytes) {
    case 1: FN(nearest_by)(row, ahead, source, out, i, n, 1, 1, offsets); break;
    case 2: FN(nearest_by)(row, ahead, source, out, i, n, 2, 2, offsets); break;
    case 3: FN(nearest_by)(row, ahead, source, out, i, n, 3, 4, offsets); break;
    case 4: FN(nearest_by)(row, ahead, source, out, i, n, 4, 4, offsets); break;
    case 6: FN(nearest_by)(row, ahead, source, out, i, n, 6, 8, offsets); break;
    case 8: FN(nearest_by)(row, ahead, source, out, i, n, 8, 8, offsets); break;
    case 12: FN(nearest_by)(row, ahead, source, out, i, n, 12, 16, offsets); break;
    default: FN(nearest_by)(row, ahead, source, out, i, n, 16, 16, offsets);
    }
}
#undef PREFETCH

/* Rows at once: each offset is loaded once, and what is fetched from memory comes from as many streams. */
#define NEAREST_ROWS 4
INLINE void FN(nearest_rows_by)(const u8 *const *rows, u8 *out, ptrdiff_t stride, const Nearest *plan, const size_t bytes) {
    /* Stores of bytes might change whatever is not in a variable of its own. */
    const ptrdiff_t n = plan->target;
    const i64 *offsets = plan->offsets;
    const u8 *a = rows[0], *b = rows[1], *c = rows[2], *d = rows[3];
    for (ptrdiff_t i = 0; i < n; i++, out += bytes) {
        const i64 offset = offsets[i];
        memcpy(out, a + offset, bytes);
        memcpy(out + stride, b + offset, bytes);
        memcpy(out + 2 * stride, c + offset, bytes);
        memcpy(out + 3 * stride, d + offset, bytes);
    }
}
INLINE void FN(nearest_rows)(const u8 *const *rows, u8 *out, ptrdiff_t stride, const Nearest *plan) {
    if (plan->bytes == 1) FN(nearest_rows_by)(rows, out, stride, plan, 1);
    else if (plan->bytes == 2) FN(nearest_rows_by)(rows, out, stride, plan, 2);
    else FN(nearest_rows_by)(rows, out, stride, plan, 4);
}

static void FN(nearest)(const u8 *src, ptrdiff_t src_stride, u8 *dst, ptrdiff_t dst_stride, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t height,
                        ptrdiff_t target_height, const Nearest *plan) {
    /* Where small pixels lie too far apart for windows, and no row comes twice. */
    const int several = plan->groups == 0 && (plan->bytes <= 2 || plan->bytes == 4) && height >= target_height;
    NearestAxis at = axis_from(height, target_height, y0);
    const u8 *before = NULL;
    for (ptrdiff_t y = y0; y < y1;) {
        u8 *out = (u8 *)((char *)dst + y * dst_stride);
        if (several && y + NEAREST_ROWS <= y1) {
            const u8 *rows[NEAREST_ROWS];
            for (int k = 0; k < NEAREST_ROWS; k++, axis_next(&at)) rows[k] = src + at.pixel * src_stride;
            FN(nearest_rows)(rows, out, dst_stride, plan);
            y += NEAREST_ROWS;
            continue;
        }
        const u8 *row = src + at.pixel * src_stride;
        axis_next(&at);
        if (row == before) memcpy(out, out - dst_stride, (size_t)(plan->target * plan->bytes));
        else FN(nearest_row)(row, y + 1 < y1 ? src + at.pixel * src_stride : row, out, plan);
        before = row;
        y++;
    }
}
#undef NEAREST_ROWS
#endif
