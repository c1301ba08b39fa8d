"""What a spreadsheet gets."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.usage_csv import cell, document


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_never_becomes_a_formula(start: str) -> None:
    """A cell that a spreadsheet would run is kept as text."""
    assert cell(f"{start}cmd|' /C calc'!A0").startswith("'")


def test_numbers_are_french() -> None:
    """A decimal comma, no thousands, no needless zeros; a number below zero stays a number."""
    assert [cell(value) for value in (None, 3, 0.5, 12345.678, 2.0, -1.5)] == [
        "",
        "3",
        "0,5",
        "12345,678",
        "2",
        "-1,5",
    ]


def test_the_file_has_a_mark_semicolons_and_windows_lines() -> None:
    """What the French edition of a spreadsheet opens with a double click."""
    assert document(["Nom", "Durée"], [["Surjeteuse; n° 1", 1.5]]) == (
        b'\xef\xbb\xbfNom;Dur\xc3\xa9e\r\n"Surjeteuse; n\xc2\xb0 1";1,5\r\n'
    )


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8")), min_size=2, max_size=2), max_size=5))
def test_every_text_comes_back(lines: list[list[str]]) -> None:
    """Whatever the cells hold, reading the file gives them back, with their apostrophe."""
    text = document(["a", "b"], lines).decode("utf-8-sig")
    read = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    assert read[1:] == [[cell(value) for value in line] for line in lines]
