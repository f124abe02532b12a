"""The usual entries of COCO's files, read from their dicts in one pass; what is unusual is left to the caller.

These are the only loops over Python objects: 100,000 dicts cost Python itself ten times the evaluation.
"""

from cpython.dict cimport PyDict_CheckExact, PyDict_GetItemWithError
from cpython.float cimport PyFloat_AsDouble, PyFloat_CheckExact
from cpython.long cimport PyLong_AsLongLong, PyLong_CheckExact
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_CheckExact
from libc.math cimport isfinite
from libc.stdint cimport int32_t, uint8_t

cdef extern from "Python.h":
    bint PyList_CheckExact(object)
    Py_ssize_t PyList_Size(object)
    PyObject *PyList_GetItem(object, Py_ssize_t)


cdef bint number(object value, double *out) except -1:
    """A finite float, or an integer that is one exactly."""
    cdef long long integer
    if PyFloat_CheckExact(value):
        out[0] = PyFloat_AsDouble(value)
        return isfinite(out[0])
    if not PyLong_CheckExact(value):
        return False
    try:
        integer = PyLong_AsLongLong(value)
    except OverflowError:
        return False
    out[0] = <double>integer
    return -(1LL << 53) <= integer <= 1LL << 53


cdef bint number_of(object entry, object key, double *out) except -1:
    cdef PyObject *value = PyDict_GetItemWithError(entry, key)
    return value != NULL and number(<object>value, out)


cdef bint box_of(object entry, object key, double *out) except -1:
    """Four numbers in a list, the last two not negative."""
    cdef PyObject *value = PyDict_GetItemWithError(entry, key)
    cdef Py_ssize_t i
    if value == NULL or not PyList_CheckExact(<object>value) or PyList_Size(<object>value) != 4:
        return False
    for i in range(4):
        if not number(<object>PyList_GetItem(<object>value, i), out + i):
            return False
    return out[2] >= 0 and out[3] >= 0


cdef bint index_of(object entry, object key, dict known, bint all_known, int32_t *out) except -1:
    """The place of an id among the known ones, -1 for another."""
    cdef PyObject *value = PyDict_GetItemWithError(entry, key)
    cdef PyObject *place
    # Exactly these kinds: True and 1.0 are found in a dict under 1.
    if value == NULL or not (PyLong_CheckExact(<object>value) or PyUnicode_CheckExact(<object>value)):
        return False
    place = PyDict_GetItemWithError(known, <object>value)
    if place == NULL:
        out[0] = -1
        return not all_known
    out[0] = <int32_t>PyLong_AsLongLong(<object>place)
    return True


cdef bint flag_of(object entry, object key, uint8_t *out) except -1:
    """0 or 1, 0 where it is missing."""
    cdef PyObject *value = PyDict_GetItemWithError(entry, key)
    cdef long long flag
    out[0] = 0
    if value == NULL:
        return True
    if not PyLong_CheckExact(<object>value):
        return False
    try:
        flag = PyLong_AsLongLong(<object>value)
    except OverflowError:
        return False
    out[0] = flag == 1
    return flag == 0 or flag == 1


def read_detections(
    list entries, dict images, dict classes, int32_t[::1] image, int32_t[::1] label, double[:, ::1] box,
    double[::1] score,
):
    """Whether all entries are as usual; only then all columns are written."""
    cdef Py_ssize_t i
    cdef object entry
    for i in range(PyList_Size(entries)):
        entry = <object>PyList_GetItem(entries, i)
        if not (
            PyDict_CheckExact(entry)
            and index_of(entry, "image_id", images, True, &image[i])
            and index_of(entry, "category_id", classes, False, &label[i])
            and box_of(entry, "bbox", &box[i, 0])
            and number_of(entry, "score", &score[i])
        ):
            return False
    return True


def read_annotations(
    list entries, dict images, dict classes, int32_t[::1] image, int32_t[::1] label, double[:, ::1] box,
    double[::1] area, uint8_t[::1] crowd, uint8_t[::1] ignored,
):
    """Whether all entries are as usual; only then all columns are written."""
    cdef Py_ssize_t i
    cdef object entry
    for i in range(PyList_Size(entries)):
        entry = <object>PyList_GetItem(entries, i)
        if not (
            PyDict_CheckExact(entry)
            and index_of(entry, "image_id", images, True, &image[i])
            and index_of(entry, "category_id", classes, True, &label[i])
            and box_of(entry, "bbox", &box[i, 0])
            and number_of(entry, "area", &area[i])
            and flag_of(entry, "iscrowd", &crowd[i])
            and flag_of(entry, "ignore", &ignored[i])
        ):
            return False
    return True
