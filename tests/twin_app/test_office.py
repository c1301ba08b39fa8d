"""What the team does at a kiosk, as the twin sees it: by whose badge, and what is kept of it."""

import json
from datetime import time, timedelta
from urllib.parse import urlencode

import pytest
from httpx import Response

from access.facts import stamp
from access.people import Role as Person
from access.times import Hours, Opening
from server_sync.canonical import decode
from server_sync.identity import badge_tag, unseal
from tests.twin_app.workshop import BADGE, Site
from twin.auth import AT_KIOSK, BY_BADGE, ROUTES, Role
from twin.office import day_end

NUMBERS = {"ana": BADGE, "ben": "04FFFFFFFFFFFF", "tom": "04D1D1D1D1D1D1", "sam": "04E1E1E1E1E1E1"}
"""A member, a technician, a trainer and the staff."""
DAY_BADGE = "04DADADADADADA"
ASKED = {"id": "k1", "machine": "overlock-1", "why": "other", "kind": "full", "member": "ana", "number": DAY_BADGE}
ASKED |= {"machine_key": "11" * 16, "kiosk_key": "22" * 16}
FIELDS = {
    "lock": ("id", "machine", "why"),
    "unlock": ("id", "machine", "why"),
    "service": ("id", "machine", "kind"),
    "reports": ("id", "machine"),
    "lend": ("id", "member", "number"),
    "card": ("id", "member", "number", "machine_key", "kiosk_key"),
}


def team(site: Site, deed: str, who: str, **more: str) -> Response:
    """What a kiosk asks for whoever has badged at it."""
    query = {"badge": badge_tag(NUMBERS.get(who, who), bytes(32))}
    if deed == "record":
        words = urlencode(query | {"machine": "overlock-1"})
        return site.device("kiosk-1", "GET", f"/api/kiosk/team/record?{words}")
    body = {name: (ASKED | more)[name] for name in FIELDS[deed]}
    return site.device("kiosk-1", "POST", f"/api/kiosk/team/{deed}?{urlencode(query)}", json.dumps(body).encode())


@pytest.fixture
def team_site(site: Site) -> Site:
    """The site with its team, and a kiosk that is a desk."""
    site.people.put_member("tom", [NUMBERS["tom"]], role=Person.TRAINER, name="Tom T.")
    site.people.put_member("sam", [NUMBERS["sam"]], role=Person.STAFF, name="Sam S.")
    site.people.name_desk("kiosk-1", True)
    return site


def acts(site: Site) -> list[dict[str, object]]:
    return list(site.ask(Role.ADMIN, "GET", "/api/acts").json())


def test_every_route_for_the_team_is_for_some_role_and_no_other_route_is() -> None:
    """The second table names exactly the routes at which a badge is asked for."""
    assert set(BY_BADGE) == {key for key in ROUTES if AT_KIOSK in key}
    assert all(ROUTES[key] == {Role.KIOSK} and Role.MEMBER not in roles for key, roles in BY_BADGE.items())


ROLES = {"ana": Role.MEMBER, "ben": Role.TECHNICIAN, "tom": Role.TRAINER, "sam": Role.ADMIN}


@pytest.mark.parametrize("who", ROLES)
def test_each_badge_gets_through_where_the_table_says_so_and_nowhere_else(team_site: Site, who: str) -> None:
    """Every deed, asked by a kiosk for somebody of that role; what is refused leaves no act."""
    for key, roles in BY_BADGE.items():
        deed = key.rsplit("/", 1)[1]
        before = len(acts(team_site))
        number = f"04{len(deed):02X}{ord(who[0]):02X}00000001"
        answer = team(team_site, deed, who, id=f"{who}-{deed}", number=number)
        assert (answer.status_code == 200) is (ROLES[who] in roles), f"{key}: {answer.text}"
        if answer.status_code != 200:
            assert answer.json()["error"] == "badge_not_allowed"
            assert len(acts(team_site)) == before


def test_a_badge_that_is_nobodys_or_no_longer_good_opens_nothing(team_site: Site) -> None:
    """An unknown badge, none, a lost one, and one of somebody whose membership is over."""
    for who in ("04999999999999", ""):
        assert team(team_site, "record", who).json()["error"] == "no_such_badge"
    assert team_site.device("kiosk-1", "GET", "/api/kiosk/team/record?machine=overlock-1").status_code == 403
    team_site.people.revoke(NUMBERS["ben"])
    assert team(team_site, "record", "ben").json()["error"] == "no_such_badge"
    team_site.people.put_member("sam", role=Person.STAFF, valid_until=team_site.clock())
    assert team(team_site, "record", "sam").json()["error"] == "no_such_badge"


def test_a_unit_speaks_for_no_badge(team_site: Site) -> None:
    """Only a kiosk has seen a badge."""
    tag = badge_tag(NUMBERS["ben"], bytes(32))
    path = f"/api/kiosk/team/record?badge={tag}&machine=overlock-1"
    assert team_site.device("u-overlock", "GET", path).json()["error"] == "not_allowed"


def test_a_lock_is_an_act_with_a_name_and_a_reason(team_site: Site) -> None:
    """The machine follows, and an act says by whom, where and why; asked twice it is one. Unlocking too."""
    for _ in range(2):
        assert team(team_site, "lock", "ben", id="k1", why="danger").status_code == 200
    machine = team_site.ask(Role.ADMIN, "GET", "/api/machines").json()[1]
    assert (machine["locked"], machine["locked_by"], machine["locked_why"]) == (True, "ben", "danger")
    assert team(team_site, "unlock", "ben", id="k2", why="broken").status_code == 422
    assert team(team_site, "unlock", "ben", id="k2", why="replaced").status_code == 200
    team_site.clock.forward(1)
    by_web = {"why": "x", "by": "ben"}
    assert team_site.ask(Role.TECHNICIAN, "POST", "/api/machines/press-1/lock", json=by_web).is_success
    told = [(act["deed"], act["by"], act["machine"], act["kiosk"], act["detail"]) for act in acts(team_site)]
    assert told == [
        ("lock", "ben", "press-1", "", {"why": "x"}),
        ("unlock", "ben", "overlock-1", "kiosk-1", {"why": "replaced"}),
        ("lock", "ben", "overlock-1", "kiosk-1", {"why": "danger"}),
    ]


def test_a_service_begins_the_interval_anew(team_site: Site) -> None:
    """Hours count since the last service: running ones, or powered ones where no current is sensed."""
    change = {"service_hours": 100, "senses_current": True}
    changed = team_site.ask(Role.ADMIN, "PATCH", "/api/machines/overlock-1", json=change).json()
    assert changed["service_hours"] == 100
    start = team_site.clock()
    team_site.clock.forward(7200)
    team_site.exchange("u-overlock", team_site.run("u-overlock", "r1", start, 3600, 1800))
    service = team(team_site, "record", "ben").json()["service"]
    assert (service["at"], service["every_hours"], service["since"]["counted_ms"]) == (None, 100, 1_800_000)
    assert team(team_site, "service", "ben", kind="needle").status_code == 200
    team_site.clock.forward(3600)
    team_site.exchange("u-overlock", team_site.run("u-overlock", "r2", team_site.clock(), 600, 300))
    service = team(team_site, "record", "ben").json()["service"]
    assert (service["by"], service["kind"], service["since"]["counted_ms"]) == ("ben", "needle", 300_000)
    team_site.ask(Role.ADMIN, "PATCH", "/api/machines/overlock-1", json={"senses_current": False})
    told = team(team_site, "record", "ben").json()
    assert told["service"]["since"]["counted_ms"] == 600_000
    assert told["total"] == {"powered_ms": 4_200_000, "running_ms": 2_100_000, "counted_ms": 4_200_000}


def test_the_chart_has_fourteen_days_of_the_site_and_a_night_shift_on_both(team_site: Site) -> None:
    """Fourteen local days, today the last; a run over midnight counts in proportion on each."""
    zone_midnight = team_site.clock().replace(hour=23, minute=0)  # midnight in Paris
    team_site.clock.now = zone_midnight + timedelta(hours=1)
    run = team_site.run("u-overlock", "r1", zone_midnight - timedelta(minutes=30), 3600, 3600)
    team_site.exchange("u-overlock", run)
    days = team(team_site, "record", "ben").json()["days"]
    assert len(days) == 14 and days[-1]["date"] == "2026-03-11"
    assert [day["running_ms"] for day in days[-3:]] == [0, 1_800_000, 1_800_000]
    (past,) = team(team_site, "record", "ben").json()["runs"]
    assert (past["member"], past["powered_ms"], past["end_reason"]) == ("ana", 3_600_000, "member")


def test_faults_and_reports_are_told_until_they_are_dealt_with(team_site: Site) -> None:
    """A fault has its clearing beside it; a report stays until somebody says that it was seen to."""
    rows = [
        team_site.row("u-overlock", "fault", None, kind="no_power"),
        team_site.row("u-overlock", "fault_cleared", kind="no_power"),
        team_site.row("u-overlock", "fault", kind="relay_welded"),
        team_site.row("u-overlock", "report", {"member": "ana"}, what="Aiguille cassée"),
    ]
    team_site.exchange("u-overlock", *rows)
    told = team(team_site, "record", "ben").json()
    assert [(fault["kind"], fault["cleared"] is None) for fault in told["faults"]] == [
        ("relay_welded", True),
        ("no_power", False),
    ]
    assert [(report["member"], report["what"]) for report in told["reports"]] == [("ana", "Aiguille cassée")]
    team_site.clock.forward(1)
    assert team(team_site, "reports", "ben").status_code == 200
    assert team(team_site, "record", "ben").json()["reports"] == []
    team_site.clock.forward(1)
    team_site.exchange("u-overlock", team_site.row("u-overlock", "report", {"member": None}, what="Bruit"))
    assert len(team(team_site, "record", "ben").json()["reports"]) == 1


def copy(site: Site) -> dict[str, object]:
    """What the kiosk has."""
    return dict(decode(unseal(site.device("kiosk-1", "GET", "/api/kiosk/replica").content, site.twin_key.public)))


def badge_of(site: Site, member: str, number: str) -> list[object]:
    """A member's badge, as the kiosk has it."""
    found = next(m for m in copy(site)["members"] if m["id"] == member)  # type: ignore[attr-defined]
    return next(badge for badge in found["badges"] if badge[0] == badge_tag(number, bytes(32)))


def test_a_day_badge_ends_with_the_sites_day(team_site: Site) -> None:
    """It is the member's until closing, can be handed on, and every device knows the end by itself."""
    team_site.people.put_opening(Opening("Europe/Paris", (Hours(frozenset(range(7)), time(9), time(18)),)))
    closing = "2026-03-10T17:00:00.000Z"
    assert team(team_site, "lend", "tom", id="k1").json() == {"until": closing}
    assert badge_of(team_site, "ana", DAY_BADGE)[-1] == closing
    team_site.people.put_member("eva", name="Eva")
    assert team(team_site, "lend", "tom", id="k2", member="eva").status_code == 200
    assert badge_of(team_site, "eva", DAY_BADGE)[-1] == closing
    told = [(act["deed"], act["by"], act["about"], act["detail"]["badge"]) for act in acts(team_site)]  # type: ignore[index]
    assert sorted(told) == [("badge_lent", "tom", "ana", "…DADA"), ("badge_lent", "tom", "eva", "…DADA")]


@pytest.mark.parametrize(
    ("number", "member", "status", "error"),
    [
        (NUMBERS["ben"], "ana", 409, "badge_taken"),
        (BADGE, "ana", 409, "badge_taken"),
        ("08AABBCC", "ana", 409, "no_badge"),
        (DAY_BADGE, "nobody", 404, "not_found"),
        (DAY_BADGE, "ben", 403, "badge_not_allowed"),
        (DAY_BADGE, "sam", 403, "badge_not_allowed"),
    ],
)
def test_what_a_trainer_cannot_lend(team_site: Site, number: str, member: str, status: int, error: str) -> None:
    """Somebody's own badge, a number that changes, to nobody, or the rights of those who may do more."""
    answer = team(team_site, "lend", "tom", number=number, member=member)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert acts(team_site) == []


def test_a_lost_badge_is_lent_to_nobody(team_site: Site) -> None:
    """A day badge that was reported lost has to be found first."""
    team(team_site, "lend", "tom")
    team_site.people.revoke(DAY_BADGE)
    assert team(team_site, "lend", "tom", id="k2").json()["error"] == "badge_taken"


def test_a_card_is_given_out_at_a_desk_only(team_site: Site) -> None:
    """The staff's badge is not enough: the kiosk has to be a desk; then the card is the member's."""
    assert team(team_site, "card", "sam").status_code == 200
    assert badge_of(team_site, "ana", DAY_BADGE)[2:4] == ["ntag424", "22" * 16]
    (act,) = acts(team_site)
    assert (act["deed"], act["by"], act["about"]) == ("badge_enrolled", "sam", "ana")
    assert "11" * 16 not in json.dumps(acts(team_site))
    assert team_site.ask(Role.ADMIN, "PATCH", "/api/units/kiosk-1", json={"desk": False}).json()["desk"] is False
    assert team(team_site, "card", "sam", id="k2", number="04ABABABABABAB").json()["error"] == "no_desk"
    answer = team_site.ask(Role.ADMIN, "PATCH", "/api/units/u-press", json={"desk": True})
    assert answer.json()["error"] == "no_kiosk"


def test_nobody_else_gets_somebodys_card(team_site: Site) -> None:
    """A card that is one member's own is not written over for another."""
    assert team(team_site, "card", "sam", number=NUMBERS["ben"]).json()["error"] == "badge_taken"


def test_a_day_ends_at_the_last_closing_or_at_midnight(team_site: Site) -> None:
    """Two openings: the second closing counts; after it, and where nothing is said, midnight of the site."""
    opening = Opening(
        "Europe/Paris",
        (Hours(frozenset(range(7)), time(9), time(12)), Hours(frozenset(range(7)), time(14), time(18))),
    )
    now = team_site.clock()  # 14:00 in Paris
    assert stamp(day_end(opening, now - timedelta(hours=3))) == "2026-03-10T17:00:00.000Z"
    assert stamp(day_end(opening, now + timedelta(hours=5))) == "2026-03-10T23:00:00.000Z"
    assert stamp(day_end(Opening("Europe/Paris"), now)) == "2026-03-10T23:00:00.000Z"


def test_an_erased_person_is_in_no_act_and_on_no_screen(team_site: Site) -> None:
    """The acts stay; who did them, and for whom, goes; so do the languages and helpers of the screens."""
    value = {"languages": {"tom": "de"}, "helpers": [helper(team_site, "tom")]}
    assert team_site.ask(Role.ADMIN, "PUT", "/api/screen", json=value).status_code == 200
    team(team_site, "lend", "tom")
    for member in ("tom", "ana"):
        team_site.people.erase(member, team_site.clock())
    (act,) = acts(team_site)
    assert (act["deed"], act["by"], act["about"]) == ("badge_lent", None, None)
    told = team_site.ask(Role.ADMIN, "GET", "/api/screen").json()
    assert (told["languages"], told["helpers"]) == ({}, [])


def helper(site: Site, member: str, hours: float = 2) -> dict[str, object]:
    """Somebody who agreed to be shown, from now on."""
    end = site.clock() + timedelta(hours=hours)
    return {"member": member, "skill": "surjeteuse", "start": stamp(site.clock()), "end": stamp(end)}


def test_what_the_screens_say_reaches_the_kiosk(team_site: Site) -> None:
    """The kiosk's copy is newer, and has helpers by their first names, and none whose hours are over."""
    before = copy(team_site)["version"]
    value = {
        "trainings": {"press": "presse à chaud"},
        "languages": {"ana": "gsw_FR"},
        "helpers": [helper(team_site, "tom"), helper(team_site, "sam", hours=-1)],
        "survey": {"question": "Vous cousez ?", "answers": ["oui", "non"]},
        "colours": {"main": "#1E5B4F"},
    }
    assert team_site.ask(Role.ADMIN, "PUT", "/api/screen", json=value).status_code == 200
    told = copy(team_site)
    screen = told["screen"]
    assert told["version"] > before  # type: ignore[operator]
    assert [h["name"] for h in screen["helpers"]] == ["Tom"]  # type: ignore[index]
    assert screen["colours"] == {"main": "1e5b4f"} and screen["survey"] == value["survey"]  # type: ignore[index]
    assert screen["trainings"] == value["trainings"] and screen["languages"] == value["languages"]  # type: ignore[index]


@pytest.mark.parametrize(
    "value",
    [
        {"colours": {"main": "ffd83d"}},
        {"colours": {"main": "blue"}},
        {"languages": {"nobody": "de"}},
        {"survey": {"question": "?", "answers": ["oui"]}},
        {"helpers": [{"member": "ana"}]},
        {"surprise": 1},
    ],
)
def test_what_cannot_be_shown_is_refused(team_site: Site, value: dict[str, object]) -> None:
    """A colour too pale to read, a member who is not there, a question with one answer: nothing changes."""
    assert team_site.ask(Role.ADMIN, "PUT", "/api/screen", json=value).status_code == 422
    assert team_site.ask(Role.ADMIN, "GET", "/api/screen").json()["colours"] is None
