"""The house itself: its arrows, types and style, its locks and its menu."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HOUSE = Path(__file__).parent.parent
FOLDERS = ["access", "controller", "firmware_bridge", "hardware", "kiosk", "lisiere", "server_sync", "twin"]
LOCKS = ["requirements.lock", *(f"requirements-{part}.lock" for part in ("unit", "kiosk", "twin", "pcsc"))]
PROJECT = tomllib.loads((HOUSE / "pyproject.toml").read_text())["project"]


def run(*command: str | Path) -> str:
    """Run a command in the house and return what it printed; fail with that if it failed."""
    # An outer make hands its own flags down, and a menu asked with them would not be the bare one.
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(command, cwd=HOUSE, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tool(name: str) -> Path:
    """A command-line tool installed beside the Python that runs the tests."""
    return Path(sys.executable).parent / name


def pins(lock: str) -> dict[str, str]:
    """The versions that a lock pins, by package name."""
    rows = re.findall(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)", (HOUSE / lock).read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in rows}


def declared(*extras: str) -> list[Requirement]:
    """What pyproject.toml asks for: the core, and these extras."""
    rows = PROJECT["dependencies"] + [
        row for extra in extras for row in PROJECT["optional-dependencies"][extra]
    ]
    return [Requirement(row) for row in rows]


def test_the_arrows_between_the_folders_hold() -> None:
    """No folder imports what the import contracts forbid it."""
    run(tool("lint-imports"), "--no-logo")


def test_the_eight_folders_are_strictly_typed() -> None:
    """mypy in strict mode finds nothing to say about any of the eight folders."""
    run(tool("mypy"))


def test_the_style_holds_everywhere() -> None:
    """ruff finds nothing to say about any Python file of ours."""
    run(tool("ruff"), "check", ".")


def test_access_needs_nothing_but_the_standard_library() -> None:
    """No module of access imports a package that would have to be installed."""
    for path in sorted((HOUSE / "access").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                roots = {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                roots = {str(node.module).partition(".")[0]}
            else:
                continue
            assert roots <= {"access", *sys.stdlib_module_names}, f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_says_what_it_is(folder: str) -> None:
    """Each of the eight folders opens with a docstring."""
    assert ast.get_docstring(ast.parse((HOUSE / folder / "__init__.py").read_text()))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock: str) -> None:
    """A lock holds no address, no index option and no path: it works wherever the packages come from."""
    for line in (HOUSE / lock).read_text().splitlines():
        content = line.removeprefix("    # via ").removeprefix("    #   ")
        assert "://" not in line and " @ " not in line, line
        assert "/" not in content, line
        assert not line.startswith("-"), line


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_a_hash_for_every_package(lock: str) -> None:
    """Each package of a lock is pinned to one version and to the hashes of its files."""
    joined = (HOUSE / lock).read_text().replace("\\\n", " ")
    rows = [row for row in joined.splitlines() if row and not row.lstrip().startswith("#")]
    assert rows
    for row in rows:
        assert re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", row), row


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("requirements.lock", ["build", "dev", "kiosk", "twin", "unit"]),
        ("requirements-unit.lock", ["build", "unit"]),
        ("requirements-kiosk.lock", ["build", "kiosk"]),
        ("requirements-twin.lock", ["build", "twin"]),
        ("requirements-pcsc.lock", ["build", "pcsc"]),
    ],
)
def test_a_lock_holds_what_the_project_asks_for(lock: str, extras: list[str]) -> None:
    """Each declared requirement is pinned in the lock, at a version that it accepts."""
    pinned = pins(lock)
    for requirement in declared(*extras):
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in {lock}: type make lock"
        assert requirement.specifier.contains(version), f"{requirement} is not met in {lock}: type make lock"


@pytest.mark.parametrize("lock", LOCKS[1:])
def test_the_small_locks_agree_with_the_whole_one(lock: str) -> None:
    """What is tested with the whole lock is what is installed; pyscard alone is built where it is used."""
    assert pins(lock).items() - {("pyscard", pins(lock).get("pyscard"))} <= pins("requirements.lock").items()


def test_a_machine_installs_neither_screen_nor_web_framework() -> None:
    """The unit's lock keeps Kivy and the web framework off the machines."""
    assert not {"kivy", "fastapi", "sqlalchemy", "uvicorn"} & pins("requirements-unit.lock").keys()


def test_make_alone_prints_a_menu_of_all_its_targets() -> None:
    """Typing `make` lists every word that can follow it, and does nothing else."""
    makefile = (HOUSE / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony
    menu = re.findall(r"^  make ([a-z-]+) +\S", run("make"), re.MULTILINE)
    assert set(menu) == set(phony[1].split()) - {"menu"}
