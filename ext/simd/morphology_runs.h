/* The first steps of minima along several rows at once. Included for each SAMPLE at each level above the baseline.

   Each row has a lane of 16 bytes of every vector. What follows a lane along its row is then the same lane of the vector
   after it, so that runs double without a shuffle across lanes and without a store. */
enum { ID(RUN_ROWS) = sizeof(KEYS) / 16 };

INLINE KEYS ID(load_lanes)(KEY *const *rows, ptrdiff_t x) {
#if LEVEL == LEVEL_AVX512
    __m512i v = _mm512_castsi128_si512(_mm_loadu_si128((const void *)(rows[0] + x)));
    v = _mm512_inserti32x4(v, _mm_loadu_si128((const void *)(rows[1] + x)), 1);
    v = _mm512_inserti32x4(v, _mm_loadu_si128((const void *)(rows[2] + x)), 2);
    return _mm512_inserti32x4(v, _mm_loadu_si128((const void *)(rows[3] + x)), 3);
#else
    const __m256i v = _mm256_castsi128_si256(_mm_loadu_si128((const void *)(rows[0] + x)));
    return _mm256_inserti128_si256(v, _mm_loadu_si128((const void *)(rows[1] + x)), 1);
#endif
}

INLINE void ID(store_lanes)(KEY *const *rows, ptrdiff_t x, KEYS v) {
#if LEVEL == LEVEL_AVX512
    _mm_storeu_si128((void *)(rows[0] + x), _mm512_castsi512_si128(v));
    _mm_storeu_si128((void *)(rows[1] + x), _mm512_extracti32x4_epi32(v, 1));
    _mm_storeu_si128((void *)(rows[2] + x), _mm512_extracti32x4_epi32(v, 2));
    _mm_storeu_si128((void *)(rows[3] + x), _mm512_extracti32x4_epi32(v, 3));
#else
    _mm_storeu_si128((void *)(rows[0] + x), _mm256_castsi256_si128(v));
    _mm_storeu_si128((void *)(rows[1] + x), _mm256_extracti128_si256(v, 1));
#endif
}

/* Minima over 1 << stages pixels of `bytes` each, from right to left in place. They reach 32 bytes at most. What no such
   run may reach stands behind `end`. */
INLINE void ID(double_runs)(KEY *const *lines, ptrdiff_t first, ptrdiff_t end, int bytes, int stages, int most) {
    enum { LANE = 16 / sizeof(KEY) };
    KEY *rows[ID(RUN_ROWS)];
    KEYS behind[5];
    for (int i = 0; i < ID(RUN_ROWS); i++) rows[i] = lines[i];
    memset(behind, 0, sizeof behind);
    for (ptrdiff_t x = first + (end - first - 1) / LANE * LANE; x >= first; x -= LANE) {
        KEYS v = ID(load_lanes)(rows, x);
/* Shifts that are no immediate operand stand in no stage that is taken. */
#define SHIFT(one, stage) \
    if (bytes == (one)) shifted = OP(alignr_epi8)(behind[stage], v, ((one) << (stage)) & 31)
#define STAGE(stage)                            \
    if (stages > (stage)) {                     \
        KEYS shifted = v;                       \
        SHIFT(1, stage);                        \
        SHIFT(2, stage);                        \
        SHIFT(3, stage);                        \
        SHIFT(4, stage);                        \
        SHIFT(6, stage);                        \
        SHIFT(8, stage);                        \
        behind[stage] = v;                      \
        v = ID(pick)(v, shifted, most);         \
    }
        STAGE(0)
        STAGE(1)
        STAGE(2)
        STAGE(3)
        STAGE(4)
#undef STAGE
#undef SHIFT
        ID(store_lanes)(rows, x, v);
    }
}

#define RUNS(bytes, stages)                                                                                             \
    static void ID(runs_##bytes##_##stages)(KEY *const *lines, ptrdiff_t first, ptrdiff_t end, int most) {              \
        if (most) ID(double_runs)(lines, first, end, bytes, stages, 1);                                                 \
        else ID(double_runs)(lines, first, end, bytes, stages, 0);                                                      \
    }
RUN_SHAPES
#undef RUNS

/* Minima over some power of two of pixels, `length` at most, along samples first .. end of `count` lines of keys;
   that power is given back. `length` is 9 at least. */
static ptrdiff_t ID(start_runs)(KEY *const *lines, int count, ptrdiff_t first, ptrdiff_t end, ptrdiff_t length, int channels,
                                int most) {
    const int bytes = channels * (int)sizeof(KEY);
    /* The widest shape comes last. */
    void (*runs)(KEY *const *, ptrdiff_t, ptrdiff_t, int) = NULL;
    ptrdiff_t found = 1;
#define RUNS(b, stages)                            \
    if (bytes == (b) && length >= 1 << (stages)) { \
        runs = ID(runs_##b##_##stages);            \
        found = 1 << (stages);                     \
    }
    RUN_SHAPES
#undef RUNS
    const ptrdiff_t lane = 16 / (ptrdiff_t)sizeof(KEY);
    first = -((-first + lane - 1) / lane * lane); /* whole lanes in front of a pixel of the image, which is aligned */
    for (int w = 0; runs != NULL && w < count; w += ID(RUN_ROWS)) runs(lines + w, first, end, most);
    return found;
}
