"""Which files the arguments name, where results go, and what is refused."""

from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path

import pytest

from imgproc.io.folders import Found, PlanError, existing, find_images, plan


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of empty files; nothing here opens them."""
    for name in (
        "in/b.jpg",
        "in/a.PNG",
        "in/notes.txt",
        "in/.hidden.jpg",
        "in/sub/c.tif",
        "in/sub/deep/d.WebP",
        "in/.cache/e.jpg",
        "other/a.PNG",
        "[odd] *.jpg",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(found: Found) -> list[str]:
    return [source.relative.as_posix() for source in found.sources]


def test_folders_give_their_images_sorted(tree: Path) -> None:
    found = find_images(["in"])
    assert names(found) == ["a.PNG", "b.jpg"]
    assert found.ignored == 1
    assert names(find_images(["in"], recursive=True)) == ["a.PNG", "b.jpg", "sub/c.tif", "sub/deep/d.WebP"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("in/*", ["a.PNG", "b.jpg"]),
        ("in/*.png", ["a.PNG"]),
        ("in/**", ["a.PNG", "b.jpg", "sub/c.tif", "sub/deep/d.WebP"]),
        ("in/**/*", ["a.PNG", "b.jpg", "sub/c.tif", "sub/deep/d.WebP"]),
        ("in/**/[cd].*", ["sub/c.tif", "sub/deep/d.WebP"]),
        ("in/**/deep/**/*.webp", ["sub/deep/d.WebP"]),
        ("in/s*/*", ["sub/c.tif"]),
        ("i?/sub/c.tif", ["in/sub/c.tif"]),
        ("**/a.*", ["in/a.PNG", "other/a.PNG"]),
    ],
)
def test_patterns_are_relative_to_their_fixed_part(tree: Path, pattern: str, expected: list[str]) -> None:
    assert names(find_images([pattern])) == expected
    assert names(find_images([str(tree / pattern)])) == expected


def test_a_name_with_special_characters_is_that_file_first(tree: Path) -> None:
    assert names(find_images(["[odd] *.jpg"])) == ["[odd] *.jpg"]


def test_named_files_are_taken_whatever_they_are_and_once(tree: Path) -> None:
    found = find_images(["in/notes.txt", "in/b.jpg", "in", "in/.hidden.jpg"])
    assert names(found) == ["notes.txt", "b.jpg", "a.PNG", ".hidden.jpg"]


def test_links_to_folders_are_not_followed_below(tree: Path) -> None:
    (tree / "in/loop").symlink_to(tree / "in")
    (tree / "in/sub/loop").symlink_to("..")
    (tree / "in/self.jpg").symlink_to("self.jpg")
    (tree / "in/gone.jpg").symlink_to("nowhere.jpg")
    everything = ["a.PNG", "b.jpg", "gone.jpg", "self.jpg", "sub/c.tif", "sub/deep/d.WebP"]
    assert names(find_images(["in"], recursive=True)) == everything
    assert sorted(names(find_images(["in/**/*"]))) == everything
    assert names(find_images(["in/loop"])) == ["a.PNG", "b.jpg", "gone.jpg", "self.jpg"]


def test_deeper_than_calls_may_nest(tmp_path: Path) -> None:
    (tmp_path / "/".join("d" * 200)).mkdir(parents=True)
    (tmp_path / "/".join("d" * 200) / "a.png").touch()
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(len(inspect.stack()) + 100)
        assert len(find_images([str(tmp_path)], recursive=True).sources) == 1
        assert len(find_images([str(tmp_path / "**" / "a.png")]).sources) == 1
    finally:
        sys.setrecursionlimit(limit)


def test_a_folder_that_cannot_be_listed_is_reported(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)  # tests may run as root, whom no permission stops
    found = find_images(["in"], recursive=True)
    assert names(found) == ["a.PNG", "b.jpg"]
    assert found.unreadable == [(Path("in/sub"), "permission denied")]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["missing"], "there is no file or folder 'missing'"),
        (["in", "missing.jpg"], "there is no file or folder 'missing.jpg'"),
        (["in/*.bmp"], r"no image matches 'in/\*.bmp'"),
        (["nowhere/**/*.jpg"], "no image matches"),
    ],
)
def test_what_matches_nothing_is_refused(tree: Path, arguments: list[str], sentence: str) -> None:
    with pytest.raises(PlanError, match=sentence):
        find_images(arguments)


def test_an_empty_folder_is_refused(tree: Path) -> None:
    (tree / "empty").mkdir()
    with pytest.raises(PlanError, match="no image found in empty; -r reaches"):
        find_images(["empty"])


def targets(*arguments: str, out: str | None = "out", recursive: bool = False, **options: str) -> list[str]:
    found = find_images(arguments, recursive=recursive)
    return [pair.target.as_posix() for pair in plan(found, None if out is None else Path(out), **options)]


def test_outputs_mirror_the_inputs(tree: Path) -> None:
    assert targets("in", recursive=True) == ["out/a.PNG", "out/b.jpg", "out/sub/c.tif", "out/sub/deep/d.WebP"]
    assert targets("in/sub/**/*.webp", "in/b.jpg") == ["out/deep/d.WebP", "out/b.jpg"]
    assert targets("in", suffix="_new", extension=".png") == ["out/a_new.png", "out/b_new.png"]


def test_one_file_may_have_a_file_as_output(tree: Path) -> None:
    assert targets("in/b.jpg", out="new.png") == ["new.png"]
    assert targets("in/b.jpg", out="new") == ["new/b.jpg"]
    (tree / "folder.png").mkdir()
    assert targets("in/b.jpg", out="folder.png") == ["folder.png/b.jpg"]
    with pytest.raises(PlanError, match="reads as an image file"):
        targets("in", out="new.png")
    with pytest.raises(PlanError, match="leave out --suffix"):
        targets("in/b.jpg", out="new.png", suffix="_x")


def test_in_place_sees_through_links(tree: Path) -> None:
    (tree / "link.jpg").symlink_to("in/b.jpg")
    assert targets("link.jpg", out=None) == [str((tree / "in/b.jpg").resolve())]
    with pytest.raises(PlanError, match="would both be written"):
        targets("link.jpg", "in/b.jpg", out=None)


@pytest.mark.parametrize(
    ("arguments", "out", "sentence"),
    [
        (["in"], "in", "is the input folder; name another, or say --in-place"),
        (["in"], "in/../in/", "is the input folder"),
        (["in"], "in/out", "lies inside the input folder 'in'"),
        (["in/**/*.png"], "in/out", "lies inside the input folder 'in'"),
        (["in", "other"], "out", "'in/a.PNG' and 'other/a.PNG' would both be written to 'out/a.PNG'"),
        (["in"], "in/notes.txt", "is a file; name a folder"),
        (["other/a.PNG"], "other", "would overwrite the input 'other/a.PNG'"),
        (["other/a.PNG"], "other/a.PNG", "would overwrite the input 'other/a.PNG'"),
        (["other/a.PNG"], "hard.png", "would overwrite the input 'other/a.PNG'"),
    ],
)
def test_dangerous_plans_are_refused(tree: Path, arguments: list[str], out: str, sentence: str) -> None:
    os.link(tree / "other/a.PNG", tree / "hard.png")
    with pytest.raises(PlanError, match=sentence):
        targets(*arguments, out=out)


def test_an_output_folder_inside_by_a_link_is_refused(tree: Path) -> None:
    (tree / "away").symlink_to(tree / "in" / "sub")
    with pytest.raises(PlanError, match="lies inside"):
        targets("in", out="away/out")


def test_files_may_be_written_below_their_folder(tree: Path) -> None:
    assert targets("in/b.jpg", "in/a.PNG", out="in/out") == ["in/out/b.jpg", "in/out/a.PNG"]
    assert targets("in/*.png", out="in/out") == ["in/out/a.PNG"]


def test_two_formats_of_one_name_meet_only_when_renamed(tree: Path) -> None:
    (tree / "in/b.png").touch()
    assert len(targets("in")) == 3
    with pytest.raises(PlanError, match="would both be written"):
        targets("in", extension=".png")


def test_existing_outputs_are_told(tree: Path) -> None:
    (tree / "out").mkdir()
    (tree / "out/b.jpg").touch()
    (tree / "out/a.PNG").symlink_to("nowhere")
    pairs = plan(find_images(["in"], recursive=True), Path("out"))
    assert [pair.target.name for pair in existing(pairs)] == ["a.PNG", "b.jpg"]
