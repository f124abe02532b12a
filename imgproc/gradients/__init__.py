"""Gradients: derivatives, their magnitude and direction, and edges."""
