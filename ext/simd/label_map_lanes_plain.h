/* The baseline of label_map_lanes.h in plain C. */
typedef struct {
    f32 at[LM_LANES];
} LM_FLOATS;
typedef struct {
    i32 at[LM_LANES];
} LM_INTS;
#define L_EACH for (int i = 0; i < LM_LANES; i++)

INLINE LM_FLOATS FN(lm_load)(const f32 *p) {
    LM_FLOATS v;
    L_EACH v.at[i] = p[i];
    return v;
}
INLINE LM_FLOATS FN(lm_every)(f32 a) {
    LM_FLOATS v;
    L_EACH v.at[i] = a;
    return v;
}
INLINE LM_INTS FN(lm_every_label)(i32 a) {
    LM_INTS v;
    L_EACH v.at[i] = a;
    return v;
}
INLINE void FN(lm_store)(f32 *p, LM_FLOATS v) { L_EACH p[i] = v.at[i]; }
INLINE void FN(lm_store_labels)(i32 *p, LM_INTS v) { L_EACH p[i] = v.at[i]; }
#define L_PAIRWISE(name, result)                                   \
    INLINE LM_FLOATS FN(name)(LM_FLOATS x, LM_FLOATS y) {          \
        L_EACH x.at[i] = result;                                   \
        return x;                                                  \
    }
L_PAIRWISE(lm_add, x.at[i] + y.at[i])
L_PAIRWISE(lm_subtract, x.at[i] - y.at[i])
L_PAIRWISE(lm_times, x.at[i] * y.at[i])
L_PAIRWISE(lm_over, x.at[i] / y.at[i])
L_PAIRWISE(lm_larger, x.at[i] > y.at[i] ? x.at[i] : y.at[i])
L_PAIRWISE(lm_smaller, x.at[i] < y.at[i] ? x.at[i] : y.at[i])
INLINE LM_FLOATS FN(lm_size)(LM_FLOATS x) {
    L_EACH x.at[i] = x.at[i] < 0 ? -x.at[i] : x.at[i];
    return x;
}
INLINE void FN(lm_keep)(LM_FLOATS *best, LM_INTS *label, LM_FLOATS v, LM_INTS own) {
    L_EACH {
        label->at[i] = v.at[i] > best->at[i] ? own.at[i] : label->at[i];
        best->at[i] = v.at[i] > best->at[i] ? v.at[i] : best->at[i];
    }
}
INLINE int FN(lm_any_reaches)(LM_FLOATS x, LM_FLOATS y) {
    int any = 0;
    L_EACH any |= x.at[i] >= y.at[i];
    return any;
}
INLINE LM_FLOATS FN(lm_raise)(LM_FLOATS v, LM_FLOATS shifted) {
    L_EACH {
        u32 bits, power;
        memcpy(&bits, &v.at[i], 4), memcpy(&power, &shifted.at[i], 4);
        bits += power << 23;
        memcpy(&v.at[i], &bits, 4);
    }
    return v;
}
#undef L_PAIRWISE
#undef L_EACH
