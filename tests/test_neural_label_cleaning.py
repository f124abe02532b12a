"""Label maps without specks: laws, the flood along a relief, refusals."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from documentation import check_documentation
from hypothesis import given, settings
from hypothesis import strategies as st

import imgproc
from imgproc.neural import clean_labels
from imgproc.neural.label_cleaning import AREA


def small_regions(labels: np.ndarray, least: int) -> np.ndarray:
    out = np.zeros(labels.shape, bool)
    for value in np.unique(labels):
        found = imgproc.connected_components(labels == value)
        for number in range(1, found.count + 1):
            region = found.labels == number
            out |= region & (region.sum() < least)
    return out


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 12), st.integers(1, 30))
def test_laws(seed: int, height: int, width: int, least: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(-1, 3, (height, width)).astype(np.int32)
    before = labels.copy()
    cleaned = clean_labels(labels, least)
    np.testing.assert_array_equal(labels, before)
    assert cleaned.dtype == labels.dtype and cleaned is not labels
    small = small_regions(labels, least)
    if small.all():
        np.testing.assert_array_equal(cleaned, labels)
        return
    # What is large stays, and what is not becomes what is large.
    np.testing.assert_array_equal(cleaned[~small], labels[~small])
    assert set(np.unique(cleaned)) == set(np.unique(labels[~small]))
    assert not small_regions(cleaned, least).any()
    np.testing.assert_array_equal(clean_labels(cleaned, least), cleaned)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32])
def test_a_speck_goes_to_the_region_that_the_relief_gives_it_to(dtype: type) -> None:
    labels = np.full((5, 13), 3, dtype)
    labels[:, 5:8], labels[:, 8:] = 9, 200
    flat = clean_labels(labels, 16)
    assert flat.dtype == dtype and (flat[:, :6] == 3).all() and (flat[:, 7:] == 200).all()
    edge = np.zeros((5, 13), np.uint8)
    edge[:, 5] = 255
    along = clean_labels(labels, 16, relief=edge)
    assert (along[:, :5] == 3).all() and (along[:, 6:] == 200).all()
    np.testing.assert_array_equal(clean_labels(labels, 15), labels)


def test_documentation() -> None:
    names = ("labels", "min_area", "relief")
    check_documentation(SimpleNamespace(function=clean_labels, name="clean_labels", arguments=names))  # type: ignore[arg-type]


def test_refusals() -> None:
    labels = np.zeros((4, 5), np.int32)
    for bad in (labels.tolist(), labels.astype(float), labels.astype(np.int64), labels[0], labels[:0], None):
        with pytest.raises((TypeError, ValueError), match=r"^clean_labels: labels must be .*, got "):
            clean_labels(bad, 2)  # type: ignore[arg-type]
    for value in AREA.wrong_values():
        with pytest.raises((TypeError, ValueError), match=r"^clean_labels: min_area must be .*, got "):
            clean_labels(labels, value)
    for wrong in (labels[:2], labels.tolist()):
        with pytest.raises((TypeError, ValueError), match=r"^clean_labels: relief must be .*, got "):
            clean_labels(labels, 2, relief=wrong)  # type: ignore[arg-type]
