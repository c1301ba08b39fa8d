"""`lisiere log --twin` on a real twin that serves what the simulated units sent it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from lisiere.log import twin as log_twin
from lisiere.log.command import command
from twin.serve import token

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def technician(twin_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A technician's token in the environment."""
    monkeypatch.setenv("LISIERE_TOKEN", token(twin_data, "technician"))


def lines_of(capture: Capture, *words: str | Path) -> list[dict[str, object]]:
    """The JSON lines that the command printed."""
    assert command([*map(str, words), "--json"]) == 0
    return [json.loads(line) for line in capture.readouterr().out.splitlines()]


def refused(capture: Capture, *words: str) -> str:
    """The one line that the command said, at exit status 2."""
    assert command(list(words)) == 2
    out, err = capture.readouterr()
    assert out == "" and err.count("\n") == 1
    return err


@pytest.mark.usefixtures("technician")
def test_the_twin_and_the_units_list_the_same_runs(url: str, played: Path, capsys: Capture) -> None:
    """What each unit's own file tells, the twin tells, field for field."""
    own = [line for n in (0, 1) for line in lines_of(capsys, "--unit", played / f"unit-{n}")]
    theirs = lines_of(capsys, "--twin", url)
    assert len(own) == 3
    assert sorted(theirs, key=lambda line: str(line["run"])) == sorted(own, key=lambda line: str(line["run"]))


@pytest.mark.usefixtures("technician")
def test_the_twin_and_the_units_tell_everything_alike(
    url: str, played: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --all too, each machine's rows are the unit's own, in their order, however many a page holds."""
    monkeypatch.setattr(log_twin, "PAGE", 3)
    theirs = lines_of(capsys, "--twin", url, "--all")
    for number, machine in enumerate(("overlock-1", "press-1")):
        own = lines_of(capsys, "--unit", played / f"unit-{number}", "--all")
        assert [line for line in theirs if line["machine"] == machine] == own
    assert [line["at"] for line in theirs] == sorted(str(line["at"]) for line in theirs)


@pytest.mark.usefixtures("technician")
def test_one_machine_of_the_twin(url: str, capsys: Capture) -> None:
    """--machine and --since leave out the other machines, and what was before."""
    for how in ((), ("--all",)):
        found = lines_of(capsys, "--twin", url, "--machine", "press-1", "--since", "2026-03-10T14:30", *how)
        assert {line["machine"] for line in found} == {"press-1"}


@pytest.mark.usefixtures("technician")
def test_several_machines_have_totals_each_and_together(url: str, capsys: Capture) -> None:
    """The text of all machines names the machine of each run, and ends with a sum over them."""
    assert command(["--twin", url]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3].split()[:2] == ["overlock-1", "2"] and lines[-1].split()[:2] == ["all", "3"]
    assert max(map(len, lines)) <= 100


def test_without_a_token_it_says_how_to_get_one(url: str, capsys: Capture) -> None:
    """A twin that does not know the caller costs one line, with the command that makes a token."""
    assert "lisiere twin token" in refused(capsys, "--twin", url)
    assert "lisiere twin token" in refused(capsys, "--twin", url, "--token", "wrong")


def test_a_member_may_not_read_everything(url: str, twin_data: Path, capsys: Capture) -> None:
    """A token of another role gets its runs, and one line where it asks for all rows."""
    mine = token(twin_data, "member", member="bilal")
    runs = lines_of(capsys, "--twin", url, "--token", mine)
    assert [line["member"] for line in runs] == [None, "bilal", None]
    assert "may not read" in refused(capsys, "--twin", url, "--token", mine, "--all")


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1", "nowhere", "http://", "https://localhost:1", "ftp://x"]
)
def test_a_twin_that_cannot_be_reached_is_one_line(capsys: Capture, address: str) -> None:
    """No address, however wrong, shows a traceback."""
    assert "cannot be reached" in refused(capsys, "--twin", address)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<html>"),
        (200, "{}"),
        (200, '[{"run": 1}]'),
        (200, "[1]"),
        (500, "oops"),
        (302, ""),
        (422, "[]"),
    ],
)
def test_what_is_no_twin_is_one_line(capsys: Capture, status: int, body: str) -> None:
    """A server that is something else, or is broken, is named in one line."""

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 -- the name is the library's
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert url in refused(capsys, "--twin", url)
