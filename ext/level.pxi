# Included by every kernel module: points its dispatch at the one level that the module `cpu` holds.
from cpython.pycapsule cimport PyCapsule_GetPointer
from imgproc._ext.cpu import level_capsule as _level_capsule

cdef extern from "simd/common.h":
    const int *simd_level

simd_level = <const int *>PyCapsule_GetPointer(_level_capsule, b"imgproc.simd_level")
