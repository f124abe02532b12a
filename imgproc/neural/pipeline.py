"""A network with what goes before and after it: images in, what is in them out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar

import numpy as np

from .._core.errors import wrong_type, wrong_value
from .._core.images import Array
from .._core.parameters import OrNone
from ..detections import Detections
from .decode.classes import Classes
from .decode.depth import DepthMap
from .decode.semantic import LOGIT_NAMES, decode_semantic
from .families import family_of
from .geometry import Geometry
from .label_tiling import segment_tiles
from .logit_tiles import WINDOW
from .model import Model, load
from .outputs import tensor
from .pipeline_checks import check_names, check_parameters
from .sources import FURTHER_INPUTS, folder_images, load_image
from .stream import AHEAD, BATCH, READERS, Streamed, stream_images
from .tiling import OVERLAP, TILE

SIZE = OrNone(BATCH)
_USUAL_BATCH = 8

Result = TypeVar("Result")
Prepared = tuple[Array, list[Geometry]]
Names = Mapping[int, str] | Sequence[str]


class Pipeline(Generic[Result]):
    """What `Detector`, `Segmenter`, `DepthEstimator` and `Classifier` share.

    Parameters
    ----------
    model : Model, path, callable or module
        The network; what is no `Model` is handed to `load`.
    preprocess : callable
        Takes a list of images, and gives the input of the network and a `Geometry` for each: a `Preprocess`.
    decode : callable
        Takes the outputs by name and the geometries, and gives a result for each image: one of the decoders of
        `imgproc.neural`.
    names : sequence of str or mapping from int to str, optional
        What the classes are called.
    input_name : str, optional
        The input that the images go to; the first of the model by default, and "images" where it declares none.
    feeds : callable, optional
        Takes the input of the network and the geometries, and gives arrays for further inputs, by name. Those called
        ``pixel_mask`` (1 where the image is), ``orig_target_sizes`` and ``target_sizes`` (its width and height, its
        height and width) are filled in without it.
    **parameters
        Handed to ``decode`` with each call.

    Attributes
    ----------
    model, preprocess, decode
        As given; ``decode`` with its parameters.
    names : dict from int to str

    Raises
    ------
    TypeError, ValueError
        An argument of the wrong kind, or an input that the model does not have. Calls raise what the steps raise.

    Notes
    -----
    A model that declares a fixed size of batch gets batches of that size: shorter ones are filled up with copies of the
    last image, and what comes out for these is dropped.
    """

    task: ClassVar[str]

    def __init__(
        self,
        model: Any,
        preprocess: Callable[[list[Array]], Prepared],
        decode: Callable[..., Sequence[Result]],
        *,
        names: Names | None = None,
        input_name: str | None = None,
        feeds: Callable[[Array, list[Geometry]], Mapping[str, Any]] | None = None,
        **parameters: Any,
    ) -> None:
        name = type(self).__name__
        for argument, function in (("preprocess", preprocess), ("decode", decode), ("feeds", feeds)):
            if not callable(function) and (function is not None or argument != "feeds"):
                raise wrong_type(name, argument, "a function", function)
        self.model: Model = model if isinstance(model, Model) else load(model)
        self.preprocess = preprocess
        check_parameters(name, decode, parameters)
        self.decode: Callable[..., Sequence[Result]] = partial(decode, **parameters) if parameters else decode
        self.names = check_names(name, names)
        self._more = feeds
        specs = {spec.name: spec for spec in self.model.inputs}
        if input_name is None:
            input_name = next(iter(specs), "images")
        elif not isinstance(input_name, str) or (specs and input_name not in specs):
            must = f"one of the model's inputs {', '.join(specs)}" if specs else "a name"
            raise wrong_value(name, "input_name", must, input_name)
        self._input = input_name
        shape = specs[input_name].shape if input_name in specs else None
        self._fixed = shape[0] if shape and isinstance(shape[0], int) and shape[0] > 0 else None

    @classmethod
    def from_preset(
        cls, model: Any, preset: str, *, size: int | tuple[int, int] | None = None, **options: Any
    ) -> Self:
        """A model of a known family.

        Parameters
        ----------
        model : Model, path, callable or module
            As for the class.
        preset : str
            Its family; the wrong one is told with a list of all.
        size : int or (int, int), optional
            Height and width of the input; by default those that the model says, else those of the preset.
        **options
            ``names``, ``input_name`` and ``feeds`` as for the class, and parameters of the decoder.

        Returns
        -------
        A pipeline of this class.
        """
        family = family_of(f"{cls.__name__}.from_preset", cls.task, preset)
        return family.pipeline(cls, model if isinstance(model, Model) else load(model), size=size, **options)

    def __call__(self, images: Array | Sequence[Array], *, batch: Annotated[int | None, SIZE] = None) -> Any:
        """The result of one image, or the list of those of several.

        Parameters
        ----------
        images : array or sequence of arrays
            Images as ``preprocess`` takes them.
        batch : int, optional
            How many are run at a time; the model's where it is fixed, else 8.

        Returns
        -------
        result or list
            As many as there are images.
        """
        if isinstance(images, np.ndarray):
            return self._batch([images])[0]
        if not isinstance(images, Sequence) or isinstance(images, str | bytes):
            raise wrong_type(type(self).__name__, "images", "an image or a sequence of images", images)
        size = self.batch_size(batch)
        return [
            result
            for start in range(0, len(images), size)
            for result in self._batch(list(images[start : start + size]))
        ]

    def stream(
        self,
        sources: Iterable[Any],
        *,
        load: Callable[[Any], Array] | None = None,
        batch: Annotated[int | None, SIZE] = None,
        ahead: Annotated[int, AHEAD] = 2,
        readers: Annotated[int, READERS] = 1,
    ) -> Iterator[Streamed[Result]]:
        """Run many images, of which the next are read while the network works.

        Parameters
        ----------
        sources : iterable, or a folder
            Images, or files of images; the images of a folder by name.
        load : callable, optional
            Makes an image of one source; by default files are read upright, and arrays taken as they are.
        batch, ahead, readers
            As `stream_images` takes them; ``batch`` as for a call.

        Returns
        -------
        iterator of Streamed
            One for each source, in order, with its error where there was one.
        """
        if isinstance(sources, str | os.PathLike):
            sources = folder_images(type(self).__name__, sources)
        return stream_images(
            sources,
            self.run,
            load=load or load_image,
            prepare=self.preprocess,
            finish=self.finish,
            batch=self.batch_size(batch),
            ahead=ahead,
            readers=readers,
        )

    def batch_size(self, batch: int | None) -> int:
        """How many images are run at a time."""
        batch = SIZE.check(type(self).__name__, "batch", batch)
        if self._fixed is not None:
            return self._fixed if batch is None else min(batch, self._fixed)
        return _USUAL_BATCH if batch is None else batch

    def run(self, prepared: Prepared) -> dict[str, Array]:
        """The outputs of the network for what ``preprocess`` gave."""
        images, geometries = prepared
        count = len(images)
        missing = 0 if self._fixed is None else self._fixed - count
        if missing > 0:
            images = np.concatenate([images, np.repeat(images[-1:], missing, axis=0)])
            geometries = [*geometries, *geometries[-1:] * missing]
        outputs = self.model.run(self._feeds(images, geometries))
        if missing > 0:
            total = count + missing
            outputs = {
                name: array[:count] if array.ndim and len(array) == total else array
                for name, array in outputs.items()
            }
        return outputs

    def finish(self, outputs: Mapping[str, Array], prepared: Prepared) -> Sequence[Result]:
        """The results that the outputs stand for."""
        return self.decode(outputs, prepared[1])

    def _batch(self, images: list[Array]) -> Sequence[Result]:
        prepared = self.preprocess(images)
        results = self.finish(self.run(prepared), prepared)
        if not isinstance(results, Sequence) or len(results) != len(images):
            must = f"a function that gives {len(images)} results for as many images"
            raise wrong_type(type(self).__name__, "decode", must, results)
        return results

    def _feeds(self, images: Array, geometries: list[Geometry]) -> dict[str, Any]:
        feeds: dict[str, Any] = {self._input: images}
        if self._more is not None:
            feeds |= self._more(images, geometries)
        for spec in self.model.inputs:
            if spec.name not in feeds and spec.name in FURTHER_INPUTS:
                array = FURTHER_INPUTS[spec.name](geometries)
                feeds[spec.name] = array if spec.dtype is None else array.astype(spec.dtype)
        return feeds

    def close(self) -> None:
        """Close the model."""
        self.model.close()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.model!r}>"


class Detector(Pipeline[Detections]):
    """A network that finds objects; gives `Detections` in pixels of each image.

    Parameters, attributes and methods are those of `imgproc.neural.pipeline.Pipeline`.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Detector
    >>> def network(feeds):  # finds the same box in any image
    ...     boxes = np.array([[[8, 16, 24, 32]]], np.float32)
    ...     return {"boxes": boxes, "scores": np.array([[0.75]], np.float32)}
    >>> detector = Detector.from_preset(network, "boxes", size=64)
    >>> detector(np.zeros((128, 64, 3), np.uint8)).boxes
    array([[ 8., 32., 24., 64.]], dtype=float32)
    """

    task = "detect"


class Segmenter(Pipeline[Any]):
    """A network that says what each pixel is; gives an (H, W) map of labels, or `PanopticSegments`, of each image.

    Parameters, attributes and methods are those of `imgproc.neural.pipeline.Pipeline`.
    """

    task = "segment"

    def tiles(
        self,
        image: Array,
        tile: Annotated[int | tuple[int, int], TILE],
        *,
        overlap: Annotated[float, OVERLAP] = 0.25,
        batch: Annotated[int | None, SIZE] = None,
        window: Annotated[str | Array, WINDOW] = "hann",
    ) -> Array:
        """The label map of a large image, of which the network sees overlapping tiles.

        Parameters
        ----------
        image : array
            The image.
        tile, overlap, window
            As `segment_tiles` takes them.
        batch : int, optional
            Tiles at a time, as for a call.

        Returns
        -------
        (H, W) array of int32

        Raises
        ------
        TypeError, ValueError
            An argument of the wrong kind or out of range; a pipeline whose results are not those of `decode_semantic`
            with one class for each pixel, or whose images do not fill the input.

        Notes
        -----
        Of the decoder's parameters ``keys`` alone counts.
        """
        known = self.decode.keywords if isinstance(self.decode, partial) else {}
        if (
            getattr(self.decode, "func", self.decode) is not decode_semantic
            or known.get("head", "classes") != "classes"
        ):
            raise wrong_value(
                "Segmenter.tiles", "decode", "decode_semantic, one class for each pixel", self.decode
            )

        def logits(images: list[Array]) -> Sequence[Array]:
            prepared = self.preprocess(images)
            for geometry in prepared[1]:
                height, width = geometry.input_shape
                if geometry.content() != (0, 0, width, height):
                    raise wrong_value(
                        "Segmenter.tiles", "preprocess", "one whose images fill the input", geometry
                    )
            name = "Segmenter.tiles"
            return list(
                tensor(
                    name,
                    self.run(prepared),
                    "logits",
                    ("B", "C", "h", "w"),
                    aliases=LOGIT_NAMES,
                    keys=known.get("keys"),
                )
            )

        size = self.batch_size(batch)
        return segment_tiles(logits, image, tile, overlap=overlap, batch=size, window=window)


class DepthEstimator(Pipeline[DepthMap]):
    """A network that says how far each pixel is; gives a `DepthMap` of each image.

    Parameters, attributes and methods are those of `imgproc.neural.pipeline.Pipeline`.
    """

    task = "depth"


class Classifier(Pipeline[Classes]):
    """A network that says what an image shows; gives `Classes` of each image.

    Parameters, attributes and methods are those of `imgproc.neural.pipeline.Pipeline`.

    Examples
    --------
    >>> import numpy as np
    >>> from imgproc.neural import Classifier
    >>> def network(feeds):  # bright or dark
    ...     level = feeds["images"].mean(axis=(1, 2, 3))
    ...     return {"logits": np.stack([-level, level], axis=1)}
    >>> classify = Classifier.from_preset(network, "vit", names=["dark", "bright"])
    >>> found = classify(np.full((40, 40, 3), 250, np.uint8))
    >>> classify.names[int(found.labels[0])], f"{found.scores[0]:.3f}"
    ('bright', '0.872')
    """

    task = "classify"
