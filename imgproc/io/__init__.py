"""Image files in and out: depth, alpha and metadata are kept, orientation is applied, writes are atomic."""

from .errors import ImageError
from .images import Picture, encode_image, lost_metadata, read_image, write_image
from .pfm import read_pfm, write_pfm

__all__ = [
    "ImageError",
    "Picture",
    "encode_image",
    "lost_metadata",
    "read_image",
    "read_pfm",
    "write_image",
    "write_pfm",
]
