"""The instruction-set level in use, shared by all kernel modules."""

from cpython.pycapsule cimport PyCapsule_New

cdef extern from "simd/cpuid.h":
    int cpu_level()
    const int built_level
    const char *compiler
    const int checked_build

cdef int level = cpu_level()

level_capsule = PyCapsule_New(<void *>&level, b"imgproc.simd_level", NULL)
DETECTED = level
BUILT = built_level
COMPILER = (<bytes>compiler).decode()
CHECKED = bool(checked_build)


def get_level():
    return level


def set_level(int value):
    global level
    level = value
