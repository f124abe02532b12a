"""Viola-Jones cascades: load, save, detect."""

from .model import Cascade

__all__ = ["Cascade"]
