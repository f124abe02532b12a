/* The baseline of label_map_lanes.h in GNU vectors. */
typedef f32 LM_FLOATS __attribute__((vector_size(16)));
typedef i32 LM_INTS __attribute__((vector_size(16)));
typedef u32 FN(label_map_bits) __attribute__((vector_size(16)));
#define L_BITS(v) ((FN(label_map_bits))(v))

INLINE LM_FLOATS FN(lm_load)(const f32 *p) {
    LM_FLOATS v;
    memcpy(&v, p, sizeof v);
    return v;
}
INLINE LM_FLOATS FN(lm_every)(f32 a) { return (LM_FLOATS){a, a, a, a}; }
INLINE LM_INTS FN(lm_every_label)(i32 a) { return (LM_INTS){a, a, a, a}; }
INLINE void FN(lm_store)(f32 *p, LM_FLOATS v) { memcpy(p, &v, sizeof v); }
INLINE void FN(lm_store_labels)(i32 *p, LM_INTS v) { memcpy(p, &v, sizeof v); }
INLINE LM_FLOATS FN(lm_add)(LM_FLOATS x, LM_FLOATS y) { return x + y; }
INLINE LM_FLOATS FN(lm_subtract)(LM_FLOATS x, LM_FLOATS y) { return x - y; }
INLINE LM_FLOATS FN(lm_times)(LM_FLOATS x, LM_FLOATS y) { return x * y; }
INLINE LM_FLOATS FN(lm_over)(LM_FLOATS x, LM_FLOATS y) { return x / y; }
/* x where the mask has all bits set, y where it has none. */
INLINE LM_INTS FN(lm_pick)(LM_INTS mask, LM_INTS x, LM_INTS y) { return (x & mask) | (y & ~mask); }
INLINE LM_FLOATS FN(lm_larger)(LM_FLOATS x, LM_FLOATS y) {
    return (LM_FLOATS)FN(lm_pick)((LM_INTS)(x > y), (LM_INTS)x, (LM_INTS)y);
}
INLINE LM_FLOATS FN(lm_smaller)(LM_FLOATS x, LM_FLOATS y) {
    return (LM_FLOATS)FN(lm_pick)((LM_INTS)(x < y), (LM_INTS)x, (LM_INTS)y);
}
INLINE LM_FLOATS FN(lm_size)(LM_FLOATS x) { return (LM_FLOATS)(L_BITS(x) & 0x7fffffffu); }
INLINE void FN(lm_keep)(LM_FLOATS *best, LM_INTS *label, LM_FLOATS v, LM_INTS own) {
    const LM_INTS above = (LM_INTS)(v > *best);
    *label = FN(lm_pick)(above, own, *label);
    *best = (LM_FLOATS)FN(lm_pick)(above, (LM_INTS)v, (LM_INTS)*best);
}
INLINE int FN(lm_any_reaches)(LM_FLOATS x, LM_FLOATS y) {
    const LM_INTS reached = (LM_INTS)(x >= y);
    return (reached[0] | reached[1] | reached[2] | reached[3]) != 0;
}
INLINE LM_FLOATS FN(lm_raise)(LM_FLOATS v, LM_FLOATS shifted) { return (LM_FLOATS)(L_BITS(v) + (L_BITS(shifted) << 23)); }
#undef L_BITS
