"""`unit.toml`: what is wrong with it is said in one line."""

from pathlib import Path

import pytest

from controller.config import FILE, Config, ConfigError, Panel, Pins, Simulated, load, write

GOOD = 'unit = "m1"\ntwin = "http://twin:8400"\ntwin_key = "00"\ntag_key = "11"\nreader = "usb"\n'


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """A configuration read back is the one that was written, for its owner's eyes only."""
    config = Config(
        "m1", "http://twin", "00", "11", "usb", panel=Panel(port=9), pins=Pins(estop=5), simulated=Simulated("b")
    )
    write(tmp_path, config)
    assert load(tmp_path) == config
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_defaults(tmp_path: Path) -> None:
    """The five words of the enrolment are enough."""
    (tmp_path / FILE).write_text(GOOD)
    assert load(tmp_path) == Config("m1", "http://twin:8400", "00", "11", "usb")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD + 'raeder = "usb"\n', ("raeder", "unknown", "reader")),
        (GOOD + "[panel]\nprot = 1\n", ("[panel]", "prot", "host, port")),
        (GOOD + '[panel]\nport = "8411"\n', ("[panel]", "port", "number")),
        (GOOD + "[panel]\nport = true\n", ("[panel]", "port", "number")),
        (GOOD + "[panel]\nhost = 1\n", ("[panel]", "host", "text")),
        (GOOD + '[pins]\nmotor_amps = "a lot"\n', ("[pins]", "motor_amps", "number")),
        (GOOD + 'panel = "here"\n', ("[panel]", "table")),
        (GOOD.replace('unit = "m1"', "unit = 1"), ("unit", "text")),
        (GOOD.replace('reader = "usb"\n', ""), ("reader", "missing")),
        ("", ("unit, twin, twin_key, tag_key, reader", "missing")),
        ("unit = ", ("Invalid value",)),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    """An unknown key, a wrong type, a missing word or no TOML is one line with file, key and what is allowed."""
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ConfigError) as error:
        load(tmp_path)
    said = str(error.value)
    assert "\n" not in said and str(tmp_path / FILE) in said
    assert all(word in said for word in words), said


def test_no_file_and_no_text_are_one_line(tmp_path: Path) -> None:
    """A folder that was never enrolled says how to enrol it; a file that is no text says so."""
    with pytest.raises(ConfigError, match=r"unit\.toml.*lisiere enrol"):
        load(tmp_path)
    (tmp_path / FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"unit\.toml: 'utf-8'"):
        load(tmp_path)
