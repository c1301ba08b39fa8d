"""`lisiere site`: a workshop in one file, told to the twin."""

from pathlib import Path

import pytest

from access.people import Role
from lisiere.cli import main
from twin import knowledge, live
from twin.serve import opened

EXAMPLE = Path("examples/site/atelier.toml")


def tell(folder: Path, text: str, *words: str) -> int:
    """Write a pack, and give it to the twin in `folder`; the exit status."""
    pack = folder / "pack.toml"
    pack.write_text(text, encoding="utf-8")
    return main(["site", str(pack), "--data", str(folder / "twin"), *words])


def test_the_twin_is_what_the_example_says(tmp_path: Path) -> None:
    """Name, hours, rules, machines and members of the example are the twin's afterwards."""
    assert tell(tmp_path, EXAMPLE.read_text(encoding="utf-8")) == 0
    with opened(tmp_path / "twin") as store, store.read() as db:
        assert live.site_name(db) == "La Petite Manchester"
        assert len(knowledge.opening(db).hours) == 2
        assert knowledge.policy(db).walk_up_max_minutes == 90
        press, chloe = knowledge.machine(db, "presse-1"), knowledge.member(db, "chloe")
    assert press is not None and press.hazardous and press.requires == {"presse"}
    assert chloe is not None and chloe.role is Role.TECHNICIAN


def test_what_the_pack_does_not_mention_stays(tmp_path: Path) -> None:
    """A second pack changes the machines that it names, and leaves the others."""
    tell(tmp_path, '[[machine]]\nid = "a"\nhazardous = true\n[[machine]]\nid = "b"\nhazardous = true\n')
    assert tell(tmp_path, '[[machine]]\nid = "b"\n') == 0
    with opened(tmp_path / "twin") as store, store.read() as db:
        found = [knowledge.machine(db, id) for id in ("a", "b")]
    assert [machine is not None and machine.hazardous for machine in found] == [True, False]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[policy]\nidle_of_minutes = 3\n", "policy.idle_of_minutes"),
        ('[[machine]]\nname = "sans identifiant"\n', "machine 1.id is missing"),
        ('[[member]]\nid = "ana"\nname = 3\n', "member 1.name must be a text"),
        ("machine = 3\n", "machine must be written [[machine]]"),
        ("hours = \n", "not TOML"),
    ],
)
def test_a_wrong_file_is_one_line_and_changes_nothing(
    tmp_path: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake names the file, the key and what is allowed; exit status 2, and the twin is not even opened."""
    assert tell(tmp_path, text) == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1
    assert not (tmp_path / "twin").exists()


def test_check_changes_nothing(tmp_path: Path) -> None:
    """With --check the file is only read."""
    assert tell(tmp_path, EXAMPLE.read_text(encoding="utf-8"), "--check") == 0
    assert not (tmp_path / "twin").exists()
