"""The twin's API against what Schemathesis makes of its OpenAPI document: no request breaks it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.schemas import APIOperation

from tests.twin_app.fuzz import EVERYBODY, Disguise, allowed, furnish, operations
from tests.twin_app.workshop import Site, opened
from twin import booking_routes, requests
from twin.auth import ROUTES, Role

ALL = 20_000
LIMIT_S = 600
"""How long an answer may take: a bound for a twin that hangs, never waited for."""
EACH, FEW = 160, 10
"""How many right and how many wrong requests of each kind somebody sends who may, and who may not."""
READABLE = ["/", "/vivant", "/api/rows", "/api/runs", "/api/states", "/api/refusals", "/api/bookings", "/api/usage"]
"""What people read: it has to be there, whatever was sent before."""
Operations = list[APIOperation[Any, Any, Any, Any]]


@contextmanager
def furnished(folder: Path, role: Role | None) -> Iterator[tuple[Site, Operations]]:
    """A workshop, and its twin's operations, to be asked for by somebody."""
    folder.mkdir()
    with opened(folder / "twin.db") as site:
        furnish(site)
        disguise = Disguise()
        disguise.be(role, site)
        yield site, operations(disguise)


def send(operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, number: int) -> int:
    """Send so many requests, always the same ones; how many there were."""
    sent: list[int] = []

    @given(operation.as_strategy(mode))
    @settings(
        max_examples=number,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    def one(case: Case) -> None:
        answer = case.call(timeout=LIMIT_S)
        sent.append(answer.status_code)
        assert answer.status_code < 500, f"{answer.status_code} {case.as_curl_command()}"
        assert "Traceback" not in answer.text

    one()
    return len(sent)


def siege(site: Site, role: Role | None, found: Operations, each: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """So many requests of either kind for each operation; how many there were. What they leave can be read."""
    total = 0
    for operation in found:
        # Only in an exchange does a unit get the time to answer: nobody else is to wait for it here.
        with monkeypatch.context() as patch:
            for module in () if operation.path.endswith("/exchange") else (booking_routes, requests):
                patch.setattr(module, "PATIENCE", timedelta(0))
            total += sum(send(operation, mode, each) for mode in GenerationMode)
    for route in READABLE:
        assert site.ask(Role.ADMIN, "GET", route).status_code == 200, f"{route} after {role}"
    return total


def test_the_document_tells_of_every_route_of_the_api(tmp_path: Path) -> None:
    """No route of the API is spared because the document leaves it out."""
    with furnished(tmp_path / "one", None) as (_, found):
        told = {f"{operation.method.upper()} {operation.path}" for operation in found}
    assert {route for route in ROUTES if " /api/" in route} <= told


@pytest.mark.parametrize("role", [None, Role.UNIT, Role.MEMBER, Role.ADMIN])
def test_no_request_breaks_the_twin(
    role: Role | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Right and wrong requests of somebody who may send them get an answer, never a 5xx or a traceback."""
    with furnished(tmp_path / "one", role) as (site, found):
        mine = [operation for operation in found if role in allowed(operation)]
        assert siege(site, role, mine, 3, monkeypatch) >= 3 * len(mine)
    assert "Traceback" not in caplog.text


@pytest.mark.long
def test_twenty_thousand_requests_do_not_break_the_twin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The same with every role, also where it may not, each operation on a twin of its own."""
    with furnished(tmp_path / "document", None) as (_, every):
        number = len(every)
    total = 0
    for role in EVERYBODY:
        for n in range(number):
            with furnished(tmp_path / f"{role}-{n}", role) as (site, found):
                each = EACH if role in allowed(found[n]) else FEW
                total += siege(site, role, [found[n]], each, monkeypatch)
    assert "Traceback" not in caplog.text
    print(f"{total} requests")
    assert total >= ALL, f"{total} requests only"
