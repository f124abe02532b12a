"""Image files in and out: bit depth, alpha, EXIF, ICC, XMP and resolution kept, orientation applied, writes atomic."""

from .errors import ImageError
from .images import Picture, encode_image, read_image, write_image

__all__ = ["ImageError", "Picture", "encode_image", "read_image", "write_image"]
