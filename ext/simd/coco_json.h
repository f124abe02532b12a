/* The lists of COCO's JSON files as columns: results, and annotations. Keys in any order, unknown ones skipped. */
#ifndef IMGPROC_COCO_JSON_H
#define IMGPROC_COCO_JSON_H

#include "simd/json_text.h"

typedef struct {
    i64 image, category;
    f64 box[4];
    f64 number; /* score or area */
    i64 crowd, ignore;
} Entry;

enum { HAS_IMAGE = 1, HAS_CATEGORY = 2, HAS_BOX = 4, HAS_NUMBER = 8 };

#define KEY_IS(word) (length == (ptrdiff_t)sizeof(word) - 1 && !memcmp(key, word, sizeof(word) - 1))

INLINE const char *entry_integer(const Json *j, const char *p, i64 *out) {
    f64 value;
    int whole;
    p = json_number(j, json_space(j, p), &value, out, &whole);
    return p && whole ? p : NULL;
}

INLINE const char *entry_number(const Json *j, const char *p, f64 *out) {
    i64 integer;
    int whole;
    p = json_number(j, json_space(j, p), out, &integer, &whole);
    return p && isfinite(*out) ? p : NULL;
}

INLINE const char *entry_box(const Json *j, const char *p, f64 *box) {
    p = json_expect(j, p, '[');
    for (int i = 0; p && i < 4; i++) {
        p = entry_number(j, p, &box[i]);
        p = p ? json_expect(j, p, i < 3 ? ',' : ']') : NULL;
    }
    return p && box[2] >= 0 && box[3] >= 0 ? p : NULL;
}

/* An object with an image, a category, a box and the number named `number`; flags are 0 where they are missing. */
static const char *read_entry(const Json *j, const char *p, const char *number, Entry *entry) {
    ptrdiff_t number_length = (ptrdiff_t)strlen(number);
    int has = 0;
    entry->crowd = entry->ignore = 0;
    p = json_expect(j, p, '{');
    while (p) {
        int plain;
        p = json_space(j, p);
        const char *key = p + 1;
        p = json_string(j, p, &plain);
        if (!p || !plain) return NULL;
        ptrdiff_t length = p - key - 1;
        p = json_expect(j, p, ':');
        if (!p) return NULL;
        if (KEY_IS("image_id")) {
            p = entry_integer(j, p, &entry->image);
            has |= HAS_IMAGE;
        } else if (KEY_IS("category_id")) {
            p = entry_integer(j, p, &entry->category);
            has |= HAS_CATEGORY;
        } else if (KEY_IS("bbox")) {
            p = entry_box(j, p, entry->box);
            has |= HAS_BOX;
        } else if (length == number_length && !memcmp(key, number, (size_t)length)) {
            p = entry_number(j, p, &entry->number);
            has |= HAS_NUMBER;
        } else if (KEY_IS("iscrowd")) {
            p = entry_integer(j, p, &entry->crowd);
        } else if (KEY_IS("ignore")) {
            p = entry_integer(j, p, &entry->ignore);
        } else {
            p = json_skip(j, p, 0);
        }
        p = p ? json_space(j, p) : NULL;
        if (!p || p == j->end) return NULL;
        if (*p == '}') break;
        p = *p == ',' ? p + 1 : NULL;
    }
    int flags = p && (entry->crowd == 0 || entry->crowd == 1) && (entry->ignore == 0 || entry->ignore == 1);
    return flags && has == (HAS_IMAGE | HAS_CATEGORY | HAS_BOX | HAS_NUMBER) ? p + 1 : NULL;
}

/* A list of such, at most `room`; *count gets how many. */
static const char *read_entries(
    const Json *j, const char *p, const char *number, Entry *entries, ptrdiff_t room, ptrdiff_t *count
) {
    *count = 0;
    p = json_expect(j, p, '[');
    p = p ? json_space(j, p) : NULL;
    if (p && p < j->end && *p == ']') return p + 1;
    while (p && *count < room) {
        p = read_entry(j, p, number, &entries[(*count)++]);
        p = p ? json_space(j, p) : NULL;
        if (!p || p == j->end) return NULL;
        if (*p == ']') return p + 1;
        p = *p == ',' ? p + 1 : NULL;
    }
    return NULL;
}

#endif
