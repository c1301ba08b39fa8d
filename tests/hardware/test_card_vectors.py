"""The cards' cryptography against the vectors that NXP and others published, byte for byte."""

import pytest

from hardware.badge_reader import crypto
from hardware.badge_reader.crypto import ProofFailedError, Session


def x(text: str) -> bytes:
    """Bytes from hexadecimal with blanks."""
    return bytes.fromhex(text)


ZERO = bytes(16)
COUNTING = bytes(range(31))
MASTER = x("00112233445566778899AABBCCDDEEFF")
SHORT = {
    1: "281049D52ECBC8F60961993D34DE3D54",
    7: "E8B7F67C78C34AF1446E331EF7E6D3FF",
    15: "5A3C7F6F0687F24F82DEE7EDA0970D08",
    16: "FEED9FBD36CDB16819A72D30BCF9240B",
    31: "21C28CD89BB3147F66C7DBD4851CAB20",
}
RFC4493 = {
    0: "BB1D6929E95937287FA37D129B756746",
    16: "070A16B46B4D4144F79BDD9DD04A287C",
    40: "DFA66747DE9AE63030CA32611497C827",
    64: "51F0BEBF7E3B9D92FC49741779363CFE",
}
RFC_MESSAGE = x(
    "6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E51"
    "30C81C46A35CE411E5FBC1191A0A52EFF69F2445DF4F9B17AD2B417BE66C3710"
)
AUTHENTICATIONS = [
    (
        "13C5DB8A5930439FC3DEF9A4C675360F",
        "A04C124213C186F22399D33AC2A30215",
        "35C3E05A752E0144BAC0DE51C1F22C56B34408A23D8AEA266CAB947EA8E0118D",
        "3FA64DB5446D1F34CD6EA311167F5E4985B89690C04A05F17FA7AB2F08120663",
        "9D00C4DF",
        "1309C877509E5A215007FF0ED19CA564",
        "4C6626F5E72EA694202139295C7A7FC7",
    ),
    (
        "B98F4C50CF1C2E084FD150E33992B048",
        "B875CEB0E66A6C5CD00898DC371F92D1",
        "FF0306E47DFBC50087C4D8A78E88E62DE1E8BE457AA477C707E2F0874916A8B1",
        "0CC9A8094A8EEA683ECAAC5C7BF20584206D0608D477110FC6B3D5D3F65C3A6A",
        "7614281A",
        None,
        None,
    ),
    (
        "B04D0787C93EE0CC8CACC8E86F16C6FE",
        "24677DDBD46349E623798FD729006E79",
        "3B50445F21D21D77D500794DEB245E5A754F5F901844259F4C9B31A5C7335ACD",
        "04C6DBD67417ED0D31DDDE4D2E3FFAC2B4B074F638EEF7FFF9254963B65C7759",
        "8CF141F3",
        "63DC07286289A7A6C0334CA31C314A04",
        "774F26743ECE6AF5033B6AE8522946F6",
    ),
]
"""AN12196 table 14 and table 19, AN12343 table 16; all with a key of zeros."""
REAL_NTAG424 = (
    "0463474AA26A80",
    "27E9A50E6CA4BA9037C02F7D20A80D0284D0C1D83C67F5A5AC1D8A4EF86C9508417E4E9C6F85AA7920F0ABDED984CAF20467D66EA54BBF08",
)


@pytest.mark.parametrize("length", RFC4493)
def test_cmac_is_that_of_rfc_4493(length: int) -> None:
    """AES-CMAC gives what RFC 4493 says for each of its messages."""
    assert crypto.cmac(x("2B7E151628AED2A6ABF7158809CF4F3C"), RFC_MESSAGE[:length]) == x(RFC4493[length])


def test_a_key_is_diversified_as_an10922_does() -> None:
    """The example of AN10922 comes out, over number, application and system identifier."""
    made = crypto.card_key(MASTER, x("04782E21801D80"), x("4E585020416275"), number=1)
    assert made == x("A8DD63A3B89D54B37CA802473FDA9175")


@pytest.mark.parametrize("length", SHORT)
def test_short_material_is_padded_to_two_blocks(length: int) -> None:
    """Inputs of all lengths give the keys that another library published, also those of 15 bytes or less."""
    assert crypto.diversified(MASTER, COUNTING[:length]) == x(SHORT[length])


@pytest.mark.parametrize("length", [0, 32])
def test_material_that_is_too_short_or_too_long_is_refused(length: int) -> None:
    """A key is diversified over 1 to 31 bytes; never over nothing, which would be one key for all cards."""
    with pytest.raises(ValueError, match="1 to 31"):
        crypto.diversified(MASTER, bytes(length))


def test_the_five_keys_of_a_card_differ() -> None:
    """No two keys of one card are the same."""
    keys = {crypto.card_key(MASTER, x("04782E21801D80"), x("4E5850"), number) for number in range(5)}
    assert len(keys) == 5


@pytest.mark.parametrize(("a", "first", "sent", "second", "transaction", "enc", "mac"), AUTHENTICATIONS)
def test_an_authentication_is_that_of_the_application_notes(
    a: str, first: str, sent: str, second: str, transaction: str, enc: str | None, mac: str | None
) -> None:
    """What is sent, what is accepted and the session keys are those of NXP's transcripts."""
    message, b = crypto.challenge_answered(ZERO, x(a), x(first))
    assert message == x(sent)
    session = crypto.session_proved(ZERO, x(a), b, x(second))
    assert session.transaction == x(transaction)
    if enc is not None and mac is not None:
        assert (session.encryption, session.authentication) == (x(enc), x(mac))


@pytest.mark.parametrize("bit", [0, 35, 130, 255])
def test_an_altered_proof_is_refused(bit: int) -> None:
    """One altered bit in the card's answer is no proof."""
    a, first, _, second, *_ = AUTHENTICATIONS[0]
    _, b = crypto.challenge_answered(ZERO, x(a), x(first))
    altered = (int.from_bytes(x(second), "big") ^ 1 << bit).to_bytes(32, "big")
    with pytest.raises(ProofFailedError):
        crypto.session_proved(ZERO, x(a), b, altered)


def test_answers_of_another_length_are_refused() -> None:
    """A challenge that is not 16 bytes and a proof that is not 32 are refused."""
    for wrong in (b"", bytes(15), bytes(17), bytes(32)):
        with pytest.raises(ProofFailedError):
            crypto.challenge_answered(ZERO, ZERO, wrong)
    for wrong in (b"", bytes(31), bytes(33)):
        with pytest.raises(ProofFailedError):
            crypto.session_proved(ZERO, ZERO, ZERO, wrong)


def session(transaction: str, encryption: str, authentication: str, count: int) -> Session:
    """A session from the tables' hexadecimal."""
    return Session(x(transaction), x(encryption), x(authentication), count)


def test_a_command_is_sealed_as_in_table_18() -> None:
    """ChangeFileSettings of AN12196 is encrypted and signed, and its answer's MAC is the card's."""
    open_ = session("9D00C4DF", AUTHENTICATIONS[0][5] or "", AUTHENTICATIONS[0][6] or "", 1)
    secret = open_.sealed(x("4000E0C1F121200000430000430000"))
    assert secret + open_.mac(0x5F, b"\x02" + secret) == x("61B6D97903566E84C3AE5274467E89EAD799B7C1A0EF7A04")
    open_.count += 1
    assert open_.mac(0x00, b"") == x("57BFF87B1241E93D")


def test_a_key_is_changed_as_in_table_25() -> None:
    """ChangeKey of AN12196 comes out byte for byte, with the cards' own checksum."""
    new = x("F3847D627727ED3BC9C4CC050489B966")
    assert crypto.checksum(new) == x("789DFADC")
    keys = ("4CF3CB41A22583A61E89B158D252FC53", "5529860B2FC5FB6154B7F28361D30BF9")
    open_ = session("7614281A", *keys, 2)
    secret = crypto.key_change(open_, 2, ZERO, new, version=1)
    assert secret == x("2CF362B7BF4311FF3BE1DAA295E8C68DE09050560D19B9E16C2393AE9CD1FAC7")
    assert open_.mac(0xC4, b"\x02" + secret) == x("5D0CE20BCD1D06E6")


def test_a_number_is_opened_as_in_table_28() -> None:
    """GetCardUID of AN12196: the command's MAC, the answer's, and the number inside."""
    keys = ("2B4D963C014DC36F24F69A50A394F875", "379D32130CE61705DD5FD8C36B95D764")
    open_ = session("DF055522", *keys, 0)
    assert open_.mac(0x51, b"") == x("8E2C155ADDA99BE3")
    open_.count += 1
    secret, mac = x("70756055688505B52A5E26E59E329CD6"), x("595F672298EA41B7")
    assert open_.mac(0x00, secret) == mac
    assert open_.opened(secret)[:7] == x("04958CAA5C5E80")


def test_a_plain_answer_is_signed_as_in_table_7() -> None:
    """GetFileSettings of AN12196: the MACs of command and answer."""
    open_ = session("7A21085E", "00" * 16, "8248134A386E86EB7FAF54A52E536CB6", 0)
    assert open_.mac(0xF5, b"\x02") == x("6597A457C8CD442C")
    open_.count += 1
    assert open_.mac(0x00, x("0040EEEE000100D1FE001F00004400004400002000006A0000")) == x("2A474282E7A47986")


def test_an_answer_cut_short_is_refused() -> None:
    """An encrypted answer that is no whole blocks is refused."""
    with pytest.raises(ProofFailedError):
        Session(bytes(4), ZERO, ZERO).opened(bytes(15))


def test_a_real_card_is_original() -> None:
    """The signature of a real NTAG 424 DNA is NXP's; over another number, altered or cut short it is not."""
    uid, signature = map(x, REAL_NTAG424)
    assert crypto.original(uid, signature)
    assert not crypto.original(bytes(7), signature)
    assert not crypto.original(uid, bytes((signature[0] ^ 1,)) + signature[1:])
    assert not crypto.original(uid, signature[:-1]) and not crypto.original(uid, b"")
