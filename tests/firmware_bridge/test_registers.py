"""One table of registers: the bridge's, the firmware's and the documentation's are the same."""

import ast
import re
from pathlib import Path

import pytest

from firmware_bridge import registers
from firmware_bridge.registers import HOLDING, INPUT, Register
from tests.firmware_bridge.building import FIRMWARE

PAGE = Path(__file__).parent.parent.parent / "docs" / "board.md"
HAZARD = re.compile(r"\bH\d+\b")
ROW = re.compile(r"^\| (\d+) \| `(\w+)` \| (\d) \| (.*) \|$", re.MULTILINE)


@pytest.mark.parametrize(("title", "table"), [("Holding registers", HOLDING), ("Input registers", INPUT)])
def test_the_page_has_the_table(title: str, table: tuple[Register, ...]) -> None:
    """docs/board.md lists each register as the bridge has it, and no other."""
    section = PAGE.read_text().split(f"### {title}\n")[1].split("\n#")[0]
    rows = ROW.findall(section)
    assert tuple(Register(int(number), name, int(words), says) for number, name, words, says in rows) == table


def test_the_firmware_has_the_table() -> None:
    """firmware/registers.h is what `python -m firmware_bridge.registers` prints."""
    assert (FIRMWARE / "registers.h").read_text() == registers.header()


@pytest.mark.parametrize("table", [HOLDING, INPUT])
def test_no_register_is_left_out(table: tuple[Register, ...]) -> None:
    """Each quantity begins where the one before it ends."""
    ends = [0, *(register.number + register.words for register in table)]
    assert [register.number for register in table] == ends[:-1]


def test_every_hazard_on_the_page_has_its_test() -> None:
    """Each hazard that docs/board.md lists is named by a test on the unmodified program, and no other is."""
    section = PAGE.read_text().split("Hazard by hazard")[1].split("What only the bench")[0]
    rows = re.findall(r"^\| (H.*?) \|", section, re.MULTILINE)
    listed = {hazard for row in rows for hazard in HAZARD.findall(row)}
    tree = ast.parse((Path(__file__).parent / "test_hazards.py").read_text())
    tests = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))
    heads = ((ast.get_docstring(test) or "").partition(":")[0] for test in tests)
    assert listed == {hazard for head in heads for hazard in HAZARD.findall(head)}
