"""Augmentations in a row, and by chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from ..._core.errors import wrong_type
from ..._core.parameters import Range
from ..._core.seeds import generator
from .sample import Sample, check_sample

Step = Callable[..., Sample]

CHANCE = Range(low=0, high=1)


class Compose:
    """Several augmentations, one after the other.

    Parameters
    ----------
    steps : sequence of callables
        Each takes a sample and a generator: functions of this package, with their parameters bound by
        `functools.partial`.

    Raises
    ------
    TypeError
        Not a sequence of callables.

    Notes
    -----
    ``compose(sample, seed)`` hands one generator from step to step, so that the seed decides all of them. A `Compose`
    is itself a step.

    Examples
    --------
    >>> from functools import partial
    >>> import numpy as np
    >>> from imgproc.neural import augment
    >>> steps = [augment.sometimes(augment.flip), partial(augment.rotate, degrees=(-10, 10)), augment.gamma]
    >>> augment.Compose(steps)(augment.Sample(np.zeros((8, 8), np.uint8)), seed=3).image.shape
    (8, 8)
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        must = "a sequence of functions of a sample and a seed"
        if isinstance(steps, str) or not isinstance(steps, Sequence) or not all(map(callable, steps)):
            raise wrong_type("Compose", "steps", must, steps)
        self.steps = tuple(steps)

    def __call__(self, sample: Sample, seed: Any = 0) -> Sample:
        rng = generator("Compose", seed)
        check_sample("Compose", sample)
        for step in self.steps:
            sample = check_sample("Compose", step(sample, rng), "what a step gives")
        return sample

    def __repr__(self) -> str:
        return f"Compose([{', '.join(map(repr, self.steps))}])"


def sometimes(step: Step, chance: Annotated[float, CHANCE] = 0.5) -> Step:
    """An augmentation that happens by chance.

    Parameters
    ----------
    step : callable
        Takes a sample and a generator.
    chance : float, default 0.5
        How likely it is, 0 to 1.

    Returns
    -------
    callable
        A function of a sample and a seed, which gives the sample itself where the step does not happen.

    Raises
    ------
    TypeError
        Not a callable, or wrong kind of number.
    ValueError
        ``chance`` out of range.

    Notes
    -----
    One number is drawn in any case.

    References
    ----------
    E. D. Cubuk, B. Zoph, D. Mané, V. Vasudevan, Q. V. Le, AutoAugment, CVPR 2019: operations with probabilities.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import augment
    >>> sample = augment.Sample(np.array([[1, 2]], np.uint8))
    >>> step = augment.sometimes(augment.flip, 0.25)
    >>> sum(step(sample, seed) is not sample for seed in range(1000))
    225
    """
    if not callable(step):
        raise wrong_type("sometimes", "step", "a function of a sample and a seed", step)
    likely = CHANCE.check("sometimes", "chance", chance)

    def perhaps(sample: Sample, seed: Any = 0) -> Sample:
        rng = generator("sometimes", seed)
        return step(sample, rng) if rng.random() < likely else sample

    return perhaps
