"""Decoders: from the tensors a network gives to boxes, masks, maps and points in the image."""
