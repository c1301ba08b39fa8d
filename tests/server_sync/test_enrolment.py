"""The one-time code: what a person reads, types, and mistypes."""

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_sync.enrolment import ALPHABET, LENGTH, SECRET_CHARACTERS, Code, CodeError, fingerprint

CODE = Code(7, "0123456789ABC", "DEFGHJKMNPQRSTVW")
CERTIFICATE = ssl.DER_cert_to_PEM_cert(b"any bytes are a certificate here")


def test_a_code_holds_at_least_64_bits_that_nobody_knows() -> None:
    """The secret part alone has 65 random bits, and two codes share none."""
    assert SECRET_CHARACTERS * 5 >= 64
    assert Code.fresh(0, CODE.fingerprint).secret != Code.fresh(0, CODE.fingerprint).secret


def test_a_code_is_written_in_groups_and_read_back() -> None:
    """Eight groups of four come back as the same code."""
    assert [len(group) for group in str(CODE).split("-")] == [4] * 8
    assert Code.read(str(CODE)) == CODE


def test_a_code_is_read_as_people_type() -> None:
    """Small letters, blanks, O for zero and I or L for one are understood."""
    text = str(CODE).lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert Code.read(text) == CODE


@given(st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_a_mistyped_character_is_noticed_before_it_costs_a_try(place: int, other: str) -> None:
    """No code with one character changed is read as another code."""
    plain = str(CODE).replace("-", "")
    typed = plain[:place] + other + plain[place + 1 :]
    if typed == plain:
        return
    with pytest.raises(CodeError, match="mistyped"):
        Code.read(typed)


@given(st.integers(0, LENGTH - 2), st.text(ALPHABET, min_size=30, max_size=30))
def test_two_exchanged_characters_are_noticed(place: int, plain: str) -> None:
    """No code with two neighbours exchanged is read as another code."""
    typed = list(str(Code(ALPHABET.index(plain[0]), plain[1:14], plain[14:])).replace("-", ""))
    typed[place], typed[place + 1] = typed[place + 1], typed[place]
    if typed[place] == typed[place + 1]:
        return
    with pytest.raises(CodeError, match="mistyped"):
        Code.read("".join(typed))


@pytest.mark.parametrize(
    ("text", "why"), [("ABC", "3 characters"), (str(CODE)[:-1] + "U", "'U' is in no code"), ("é" * 32, "in no")]
)
def test_what_is_no_code_is_told_so(text: str, why: str) -> None:
    """A text of another length, or with another letter, says what is wrong with it."""
    with pytest.raises(CodeError, match=why):
        Code.read(text)


def test_the_fingerprint_is_of_the_certificate_itself() -> None:
    """Another certificate has another fingerprint; line ends and blanks around it do not matter."""
    other = ssl.DER_cert_to_PEM_cert(b"any bytes are a certificate here!")
    assert fingerprint(CERTIFICATE) == fingerprint(f"\n{CERTIFICATE}\n".strip()) != fingerprint(other)
    assert len(fingerprint(CERTIFICATE)) * 5 == 80
