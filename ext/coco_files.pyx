"""The usual files of COCO's format read without a Python object for each entry; what is unusual is left to the caller."""

from libc.stdint cimport uint8_t
from libc.string cimport memcmp, memcpy

cdef extern from "Python.h":
    double PyOS_string_to_double(const char *, char **, void *) except? -1.0

cdef extern from "simd/coco_json.h" nogil:
    ctypedef struct Json:
        const char *end
        int (*slow_number)(const char *, Py_ssize_t, double *)
    ctypedef struct Entry:
        pass
    const char *json_space(const Json *, const char *)
    const char *json_expect(const Json *, const char *, char)
    const char *json_string(const Json *, const char *, int *)
    const char *json_skip(const Json *, const char *, int)
    const char *read_entries(const Json *, const char *, const char *, Entry *, Py_ssize_t, Py_ssize_t *)


cdef int slow_number(const char *text, Py_ssize_t n, double *value) noexcept with gil:
    """Rare: numbers of more digits, or further from 1, than two exact operations reach. Infinite beyond the range."""
    cdef char copy[128]
    if n >= 128:
        return 0
    memcpy(copy, text, n)
    copy[n] = 0
    try:
        value[0] = PyOS_string_to_double(copy, NULL, NULL)
    except ValueError:
        return 0
    return 1


def read_results(const uint8_t[::1] text, uint8_t[:, ::1] entries):
    """How many results the text is a list of, -1 where it is unusual; `entries` has room for sizeof(Entry) each."""
    cdef Json j
    cdef Py_ssize_t count = 0
    cdef const char *p
    assert entries.shape[1] == sizeof(Entry)
    if text.shape[0] == 0:
        return -1
    with nogil:
        j.end = <const char *>&text[0] + text.shape[0]
        j.slow_number = slow_number
        p = read_entries(&j, <const char *>&text[0], "score", <Entry *>&entries[0, 0], entries.shape[0], &count)
        if p != NULL and json_space(&j, p) != j.end:
            p = NULL
    return -1 if p == NULL else count


def read_truth(const uint8_t[::1] text, uint8_t[:, ::1] entries):
    """How many annotations, and where the texts of images and categories begin and end; None where it is unusual."""
    cdef Json j
    cdef Py_ssize_t count = -1, length
    cdef Py_ssize_t[4] spans
    cdef const char *p
    cdef const char *start
    cdef const char *key
    cdef int plain, place, closed = False
    assert entries.shape[1] == sizeof(Entry)
    if text.shape[0] == 0:
        return None
    spans[0] = spans[2] = -1
    with nogil:
        start = <const char *>&text[0]
        j.end = start + text.shape[0]
        j.slow_number = slow_number
        p = json_expect(&j, start, b"{")
        while p != NULL:
            p = json_space(&j, p)
            key = p + 1
            p = json_string(&j, p, &plain)
            if p == NULL or not plain:
                p = NULL
                break
            length = p - key - 1
            p = json_expect(&j, p, b":")
            if p == NULL:
                break
            if length == 11 and memcmp(key, b"annotations", 11) == 0:
                if count >= 0:
                    p = NULL
                    break
                p = read_entries(&j, p, "area", <Entry *>&entries[0, 0], entries.shape[0], &count)
            else:
                place = -1
                if length == 6 and memcmp(key, b"images", 6) == 0:
                    place = 0
                elif length == 10 and memcmp(key, b"categories", 10) == 0:
                    place = 2
                if place >= 0:
                    spans[place] = p - start
                p = json_skip(&j, p, 0)
                if place >= 0 and p != NULL:
                    spans[place + 1] = p - start
            if p != NULL:
                p = json_space(&j, p)
                if p == j.end:
                    p = NULL
                elif p[0] == b"}":
                    closed = json_space(&j, p + 1) == j.end
                    break
                else:
                    p = p + 1 if p[0] == b"," else NULL
    if p == NULL or not closed or count < 0 or spans[0] < 0 or spans[2] < 0:
        return None
    return count, (spans[0], spans[1]), (spans[2], spans[3])
