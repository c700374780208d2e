"""The manual's pictures are there, are small, and are those that `make screenshots` takes."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from helpers.manual.pages import Page, pages
from screenshots.pictures import FOLDER, Picture, pictures

_LARGEST = 100_000
_IMAGE = re.compile(r"""!\[[^\]]*\]\(([^)\s]+)|<(?:img|source)\b[^>]*?\bsrc(?:set)?=["']([^"'\s]+)""")


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_picture_that_a_page_shows_is_there_and_small(page: Page) -> None:
    for found in _IMAGE.finditer(page.prose):
        link = found[1] or found[2]
        assert not urlsplit(link).scheme, f"{page.name} shows {link}: a picture of the manual lies beside it"
        file = page.path.parent / link
        assert file.is_file(), f"{page.name} shows {link}, which is not there"
        assert file.stat().st_size < _LARGEST, f"{link} has {file.stat().st_size} bytes"


@pytest.mark.parametrize("picture", pictures(), ids=lambda picture: picture.file.stem)
def test_every_picture_of_the_table_was_taken_and_is_small(picture: Picture) -> None:
    assert picture.file.is_file(), f"{picture.file.name} is not there: make screenshots"
    assert picture.file.stat().st_size < _LARGEST


def test_there_is_no_other_picture() -> None:
    """A page that is no longer shown takes its pictures with it."""
    assert {file.name for file in FOLDER.iterdir()} == {picture.file.name for picture in pictures()}
