"""The libraries that run a network, each loaded when it is asked for."""
