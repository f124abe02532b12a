"""What can go wrong at the boundary to a neural model, each its own kind of error."""

from __future__ import annotations

from .._core.errors import Got, describe


class NeuralError(Exception):
    """The errors of this package, in one."""


class BackendUnavailable(NeuralError, RuntimeError):
    """A library or device that was asked for is not there; says what to install."""


class ModelFormatError(NeuralError, ValueError):
    """A model file is damaged, or of a kind that is not read."""


class UntrustedModelError(NeuralError, ValueError):
    """Loading a model file could run code or read files elsewhere, and was not allowed to."""


class WorkerDied(NeuralError, RuntimeError):
    """The process of a worker ended, was ended after its time, or could not be started.

    Attributes
    ----------
    exitcode : int or None
        How it ended: a negative number is that of the signal.
    """

    def __init__(self, sentence: str, exitcode: int | None = None) -> None:
        super().__init__(sentence)
        self.exitcode = exitcode


class _Mismatch(NeuralError, ValueError):
    """One sentence of the house's form, with its parts to read."""

    def __init__(self, function: str, name: str, wanted: str, got: object) -> None:
        self.function, self.name, self.wanted = function, name, wanted
        self.got = got if type(got) is Got else Got(describe(got))
        super().__init__(function, name, wanted, self.got)

    def __str__(self) -> str:
        return f"{self.function}: {self.name} must be {self.wanted}, got {self.got}"


class InputMismatch(_Mismatch):
    """What is fed to a model is not what it takes.

    Attributes
    ----------
    function, name, wanted, got : str
        Who says it, the input, what it takes, what it was given.
    """


class OutputMismatch(_Mismatch):
    """What a model gave is not what a decoder reads.

    Attributes
    ----------
    function, name, wanted, got : str
        Who says it, the tensor, what is read, what was found.
    """
