"""The rows, the figures made of them, and the pages that show both."""

import csv
import io
import json
import re
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from access.facts import stamp
from access.times import Hours, Opening
from access.vocabulary import Cause, Fault, Reason, Refusal
from tests.twin_app.workshop import START, Site
from twin.auth import Role
from twin.live import MachineState
from twin.pages import ENDS, FAULTS, duration, exact, percent, tile
from twin.refused import REASONS

PARIS = ZoneInfo("Europe/Paris")
DAY = {"from": "2026-03-10", "to": "2026-03-11"}
OFFICE = Opening("Europe/Paris", (Hours(frozenset(range(7)), time(9), time(18)),))


def three_runs(site: Site) -> None:
    """On 10 March, open from 9 to 18: an hour inside, one half after closing, and one of the day before."""
    site.people.put_opening(OFFICE)
    day = datetime(2026, 3, 10, tzinfo=PARIS).astimezone(UTC)
    site.exchange(
        "u-press",
        site.run("u-press", "r1", day + timedelta(hours=10), 3600, 1800),
        site.run("u-press", "r2", day + timedelta(hours=17, minutes=30), 3600, 3600),
        site.run("u-press", "r0", day - timedelta(hours=10), 600, 600),
    )


def usage(site: Site, **period: str) -> dict[str, Any]:
    """The usage of a period, by machine; the total under ''."""
    table = site.ask(Role.ADMIN, "GET", f"/api/usage?{urlencode(period)}").json()
    return {line["machine"]: line for line in [*table["machines"], table["total"]]}


def test_the_usage_of_a_day(site: Site) -> None:
    """Only what lies inside the opening hours of that day counts; a total is a ratio of sums."""
    three_runs(site)
    press = usage(site, **DAY)["press-1"]
    assert press["opening_seconds"] == 9 * 3600
    assert press["powered"]["seconds"] == 3600 + 1800
    assert press["running"]["seconds"] == 1800 + 1800
    assert press["running"]["rate"] == pytest.approx(3600 / 32400)
    assert press["runs"] == 2
    total = usage(site, **DAY)[""]
    assert total["opening_seconds"] == 2 * 9 * 3600
    assert total["running"]["rate"] == pytest.approx(3600 / 64800)


def test_each_figure_leads_to_its_rows(site: Site) -> None:
    """Behind the link are exactly the runs that it was made of, and each leads to its journal row."""
    three_runs(site)
    runs = site.ask(Role.ADMIN, "GET", usage(site, **DAY)["press-1"]["running"]["rows"]).json()
    assert [run["run"] for run in runs] == ["r1", "r2"]
    assert [run["powered_seconds"] for run in runs] == [3600, 3600]
    key = {name: runs[0][name] for name in ("unit", "epoch", "seq")}
    (row,) = site.ask(Role.ADMIN, "GET", f"/api/rows?{urlencode(key)}").json()
    assert (row["kind"], row["body"]["run"], row["opening"]) == ("run", "r1", {"member": "ana"})


def test_bookings_count_while_they_stand(site: Site) -> None:
    """A cancelled booking counts no more; what is left is behind the figure's link."""
    site.people.put_opening(OFFICE)
    for id, hours in (("b1", 48), ("b2", 72)):
        start = START + timedelta(hours=hours)
        body = {"id": id, "machine": "press-1", "member": "ana", "start": stamp(start)}
        body["end"] = stamp(start + timedelta(hours=1))
        assert site.ask(Role.ADMIN, "POST", "/api/bookings", json=body).status_code == 201
    site.ask(Role.ADMIN, "POST", "/api/bookings/b2/cancel")
    booked = usage(site, **{"from": "2026-03-10", "to": "2026-03-20"})["press-1"]["booked"]
    assert booked["seconds"] == 3600
    assert [b["id"] for b in site.ask(Role.ADMIN, "GET", booked["rows"]).json()] == ["b1"]


def test_the_days_of_the_clock_changes(site: Site) -> None:
    """Always open: 23 hours in March, 25 in October, asked for by dates."""
    spring = usage(site, **{"from": "2026-03-29", "to": "2026-03-30"})["press-1"]
    autumn = usage(site, **{"from": "2026-10-25", "to": "2026-10-26"})["press-1"]
    assert (spring["opening_seconds"], autumn["opening_seconds"]) == (23 * 3600, 25 * 3600)


def test_without_dates_it_is_this_month_so_far(site: Site) -> None:
    """From the first, at midnight of the site, to the end of today."""
    table = site.ask(Role.ADMIN, "GET", "/api/usage").json()
    assert (table["since"], table["until"]) == ("2026-02-28T23:00:00.000Z", "2026-03-10T23:00:00.000Z")


@pytest.mark.parametrize("period", ["from=hier", "from=2026-03-11&to=2026-03-10", "from=0001-01-01&to=9999-12-31"])
def test_a_wrong_period_is_told(site: Site, period: str) -> None:
    """In one line."""
    answer = site.ask(Role.ADMIN, "GET", f"/api/usage?{period}")
    assert answer.status_code == 422
    assert set(answer.json()) == {"error", "what_to_do"}


def test_an_instant_may_be_asked_for_with_its_offset(site: Site) -> None:
    """Also where the plus sign came through as a blank."""
    hour = {"from": "2026-03-10T09:00:00+01:00", "to": "2026-03-10T10:00:00+01:00"}
    assert usage(site, **hour)["press-1"]["opening_seconds"] == 3600
    answer = site.ask(Role.ADMIN, "GET", "/api/usage?from=2026-03-10T09:00:00+01:00&to=2026-03-10T10:00:00+01:00")
    assert answer.json()["since"] == "2026-03-10T08:00:00.000Z"


def test_missing_rows_are_told_beside_the_figures(site: Site) -> None:
    """A unit that has five rows of which none arrived yet: the figures say so."""
    site.seqs["u-press"] = 5
    site.exchange("u-press")
    assert usage(site, **DAY)["press-1"]["missing_rows"] == 5
    assert "il manque 5 lignes du boîtier" in site.ask(Role.ADMIN, "GET", "/").text


def test_the_table_opens_in_a_spreadsheet(site: Site) -> None:
    """A mark, semicolons, decimal commas; a name that is a formula stays a name; the sums give the rates."""
    three_runs(site)
    site.ask(Role.ADMIN, "PATCH", "/api/machines/press-1", json={"name": "=1+1"})
    answer = site.ask(Role.ADMIN, "GET", f"/api/usage?{urlencode(DAY)}&format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.content.startswith(b"\xef\xbb\xbf")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    press = {line["Machine"]: line for line in lines}["press-1"]
    assert press["Nom"] == "'=1+1"
    assert (press["En marche (s)"], press["Ouverture (s)"]) == ("3600", "32400")
    assert press["Taux d'usage"] == "0,111111"
    assert press["Du"] == "10/03/2026 00:00"


def test_members_see_the_figures_but_not_whose_runs(site: Site) -> None:
    """Their own runs are named; others' are not; the journal is closed to them."""
    three_runs(site)
    other = site.row(
        "u-press", "run", {"member": "ben"}, run="r9", booking="b9", started=stamp(START), ended=stamp(START),
        powered_ms=1, running_ms=0, end_reason="member",
    )  # fmt: skip
    site.exchange("u-press", other)
    runs = site.ask(Role.MEMBER, "GET", "/api/runs").json()
    assert {run["run"]: run["member"] for run in runs} == {"r0": "ana", "r1": "ana", "r2": "ana", "r9": None}
    assert "b9" not in json.dumps(runs)
    page = site.ask(Role.MEMBER, "GET", f"/traces?figure=powered&machine=press-1&{urlencode(DAY)}").text
    assert "ben" not in page
    assert "/api/rows" not in page


def refused_tap(site: Site, reason: str) -> None:
    """Somebody was refused at the press."""
    opening: dict[str, object] = {"member": "ana", "badge": "tag"}
    fact = site.row("u-press", "decision", opening, outcome="refused", reason=reason, booking=None, run=None)
    granted = site.row("u-press", "decision", opening, outcome="granted", reason="booking", booking=None, run="r")
    site.exchange("u-press", fact, granted)


def test_every_refusal_is_listed_with_its_reasons(site: Site) -> None:
    """Taps and bookings alike, the latest first; a tap leads back to its row; a grant is not there."""
    refused_tap(site, "no_booking")
    site.clock.forward(60)
    late = {"machine": "none", "member": "ana", "start": stamp(START), "end": stamp(START)}
    site.ask(Role.ADMIN, "POST", "/api/bookings", json=late | {"id": "b1"})
    booking, tap = site.ask(Role.TRAINER, "GET", "/api/refusals").json()
    assert (tap["what"], tap["machine"], tap["member"], tap["reasons"]) == (
        "tap",
        "press-1",
        "ana",
        ["no_booking"],
    )
    assert (tap["unit"], tap["epoch"], tap["seq"]) == ("u-press", 1, 1)
    assert booking["reasons"] == ["unknown_machine", "end_before_start", "in_the_past"]
    assert booking["words"].startswith("cette machine n'est pas connue ; la fin est avant le début")
    assert [row["what"] for row in site.ask(Role.ADMIN, "GET", "/api/refusals?machine=press-1").json()] == ["tap"]
    assert site.ask(Role.ADMIN, "GET", "/api/refusals?since=2026-03-11").json() == []


def test_the_page_tells_it_in_french_words(site: Site) -> None:
    """State, refusals and usage, for an administrator; no refusals for a member."""
    three_runs(site)
    refused_tap(site, "no_booking")
    site.exchange("u-press", state={"phase": "running", "since": stamp(START)})
    page = site.ask(Role.ADMIN, "GET", "/").text
    for words in (
        "Presse 1",
        "En marche",
        "depuis 14:00",
        "badge refusé à ana : il n&#39;y a pas de réservation",
    ):
        assert words in page
    assert "Du 1er mars 2026 au 10 mars 2026 inclus." in page
    assert "Derniers refus" not in site.ask(Role.MEMBER, "GET", "/").text
    assert "En marche" in site.ask(Role.MEMBER, "GET", "/vivant").text
    assert "<script>" not in page
    assert not re.search(r"(style|onclick)=", page)


def test_the_dates_of_the_page_are_both_included(site: Site) -> None:
    """From the 10th to the 10th is one day."""
    page = site.ask(Role.ADMIN, "GET", "/?du=2026-03-10&au=2026-03-10").text
    assert "Du 10 mars 2026 au 10 mars 2026 inclus." in page
    assert "24 h 00" in page
    assert site.ask(Role.ADMIN, "GET", "/?du=x&au=9999-12-31").status_code == 422


def test_a_figure_is_taken_apart_on_its_page(site: Site) -> None:
    """The rows, the part of each that counts, their sum, the opening hours and the rate."""
    three_runs(site)
    page = site.ask(Role.ADMIN, "GET", f"/traces?figure=running&machine=press-1&{urlencode(DAY)}").text
    shown = page.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\N{NO-BREAK SPACE}", " ")
    for words in (
        "1 800,000",
        "3 600,000 s",
        "32 400,000 s",
        "11,1 %",
        "U_run = T(running) / T(open)",
        "17:30:00",
    ):
        assert words in shown, words
    everything = site.ask(Role.ADMIN, "GET", f"/traces?figure=powered&machine=&{urlencode(DAY)}").text
    assert "64 800,000 s" in everything.replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_what_people_typed_is_text_on_the_page(site: Site) -> None:
    """A name or a reason is never markup."""
    site.ask(Role.ADMIN, "PATCH", "/api/machines/press-1", json={"name": "<script>x</script>"})
    site.people.lock("press-1", "ben", "<img src=x>")
    page = site.ask(Role.ADMIN, "GET", "/").text
    assert "<script>x" not in page
    assert "<img" not in page
    assert "&lt;img src=x&gt;" in page


def test_every_word_of_the_product_has_french_words() -> None:
    """No page falls back on a word of the code."""
    assert set(REASONS) == {*Reason, *Refusal} - {Reason.BOOKING, Reason.STAFF, Reason.WALK_UP}
    assert set(FAULTS) == set(Fault)
    assert set(ENDS) == set(Cause) - {Cause.GRANTED}


def shown(**said: Any) -> tuple[str, str, tuple[str, ...]]:
    """How a state is shown: its look, word and details."""
    plain: dict[str, Any] = {
        "machine": "m", "name": "M", "unit": "u", "online": True, "last_seen": stamp(START), "phase": "idle",
        "since": None, "until": None, "faults": [], "locked": False, "locked_why": None, "booked_until": None,
        "next_booking": None,
    }  # fmt: skip
    found = tile(MachineState(**plain | said), START, PARIS)
    return found.look, found.word, found.details


HOUR = stamp(START + timedelta(hours=1))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, ("free", "Libre", ("pas de réservation d'ici demain",))),
        ({"next_booking": HOUR}, ("free", "Libre", ("jusqu'à 15:00",))),
        ({"booked_until": HOUR}, ("booked", "Réservée", ("jusqu'à 15:00",))),
        (
            {"phase": "running", "since": stamp(START), "until": HOUR},
            ("running", "En marche", ("depuis 14:00", "jusqu'à 15:00")),
        ),
        ({"phase": "running", "faults": ["reader_lost"]}, ("running", "En marche", ("lecteur muet",))),
        ({"phase": "starting"}, ("running", "Démarrage", ())),
        ({"phase": "finishing"}, ("running", "Fin en cours", ())),
        ({"faults": ["estop"]}, ("fault", "Arrêt d'urgence", ())),
        ({"faults": ["board_lost"], "phase": "running"}, ("fault", "En défaut", ("carte muette",))),
        ({"locked": True, "locked_why": "aiguille"}, ("locked", "Hors service", ("aiguille",))),
        ({"online": False}, ("away", "Sans nouvelles", ("depuis 14:00", "le boîtier continue seul"))),
        ({"unit": None, "online": False}, ("none", "Sans boîtier", ())),
    ],
)  # fmt: skip
def test_a_state_is_a_word_and_a_shape(said: dict[str, Any], expected: tuple[str, str, tuple[str, ...]]) -> None:
    """What matters most comes first."""
    assert shown(**said) == expected


def test_numbers_are_written_as_in_french() -> None:
    """Durations, exact seconds and rates."""
    assert [duration(ms) for ms in (0, 59_400, 61_000, 3_600_000, 45_296_000)] == [
        "0 s", "59 s", "1 min 01", "1 h 00", "12 h 34",
    ]  # fmt: skip
    assert exact(1_234_567) == "1\N{NARROW NO-BREAK SPACE}234,567"
    assert [percent(rate) for rate in (None, 0.3125)] == ["—", "31,2\N{NO-BREAK SPACE}%"]
