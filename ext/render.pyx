"""Depth and labels of bodies made of round cones."""

from libc.stdint cimport int32_t

include "level.pxi"

cdef extern from "simd/render.h" nogil:
    ctypedef struct Cone:
        pass
    ctypedef struct Lens:
        float fx, fy, cx, cy
    void render_cones(const Cone *, Py_ssize_t, Lens, float *, int32_t *, Py_ssize_t, Py_ssize_t, Py_ssize_t)


def cone_size():
    """Bytes of a row of ``cones``."""
    return sizeof(Cone)


def render(
    const unsigned char[:, ::1] cones, float fx, float fy, float cx, float cy, float[:, ::1] depth,
    int32_t[:, ::1] labels, Py_ssize_t y0, Py_ssize_t y1,
):
    """Draw cones, as rows of the struct, into rows [y0, y1) of depth and labels.

    Their rectangles lie in the image.
    """
    cdef Lens lens
    lens.fx, lens.fy, lens.cx, lens.cy = fx, fy, cx, cy
    if cones.shape[0]:
        with nogil:
            render_cones(<const Cone *>&cones[0, 0], cones.shape[0], lens, &depth[0, 0], &labels[0, 0], depth.shape[1], y0, y1)
