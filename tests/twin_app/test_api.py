"""People, machines, units and bookings over HTTP."""

import json
import threading
from datetime import timedelta
from typing import Any

import pytest

from access.bookings import RequestRefused
from access.facts import stamp
from access.replica import Version
from access.vocabulary import Refusal
from server_sync.canonical import decode
from server_sync.identity import badge_tag, unseal
from server_sync.replica_wire import machine_from_json, member_from_json, opening_from_json, policy_from_json
from server_sync.wire import ExchangeRequest, WebRequest, request_to_bytes
from tests.twin_app.workshop import BADGE, START, Site
from twin.auth import Role


def wanted(machine: str = "overlock-1", hours: float = 48, **more: Any) -> dict[str, Any]:
    """An hour, so many hours from now."""
    start = START + timedelta(hours=hours)
    return {"machine": machine, "start": stamp(start), "end": stamp(start + timedelta(hours=1)), **more}


def test_members_are_added_and_changed(site: Site) -> None:
    """What a change does not name stays as it was; badges are added."""
    new = {"id": "cleo", "name": "Cléo", "badges": ["04c0ffee"], "qualifications": ["overlock"]}
    assert site.ask(Role.ADMIN, "POST", "/api/members", json=new).status_code == 201
    assert site.ask(Role.ADMIN, "POST", "/api/members", json=new).status_code == 409
    change = {"valid_until": "2026-12-31T23:59:59+01:00", "badges": ["04DECAFE"]}
    changed = site.ask(Role.ADMIN, "PATCH", "/api/members/cleo", json=change).json()
    assert changed["name"] == "Cléo"
    assert changed["qualifications"] == ["overlock"]
    assert changed["valid_until"] == "2026-12-31T22:59:59.000Z"
    assert [badge["number"] for badge in changed["badges"]] == ["04C0FFEE", "04DECAFE"]
    assert site.ask(Role.ADMIN, "PATCH", "/api/members/nobody", json={}).status_code == 404


def test_a_badge_has_one_owner(site: Site) -> None:
    """A badge of somebody else's is refused, and nothing changes."""
    answer = site.ask(Role.ADMIN, "POST", "/api/members", json={"id": "cleo", "badges": [BADGE.lower()]})
    assert (answer.status_code, answer.json()["error"]) == (409, "badge_taken")
    assert "cleo" not in site.ask(Role.ADMIN, "GET", "/api/members").text


def test_only_administrators_read_whole_badge_numbers(site: Site) -> None:
    """Everybody else gets the end, enough to tell two apart."""
    assert BADGE in site.ask(Role.ADMIN, "GET", "/api/members").text
    shown = site.ask(Role.TRAINER, "GET", "/api/members").text
    assert BADGE not in shown
    assert f"…{BADGE[-4:]}" in shown


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/members", {"id": "a b"}, "id"),
        ("/api/members", {"id": "x" * 65}, "id"),
        ("/api/members", {"id": "cleo", "nom": "Cléo"}, "nom"),
        ("/api/members", {"id": "cleo", "name": "x" * 121}, "name"),
        ("/api/members", {"id": "cleo", "valid_until": "2026-12-31T23:59:59"}, "valid_until"),
        ("/api/machines", {"id": "m", "idle_below_a": 1e9}, "idle_below_a"),
        ("/api/codes", {"unit": "u", "machine": "no machine"}, "machine"),
        ("/api/bookings", {"machine": "overlock-1", "start": "demain", "end": "demain"}, "start"),
        ("/api/bookings/b1/extend", {"minutes": -5}, "minutes"),
        ("/api/machines/overlock-1/lock", {"why": ""}, "why"),
    ],
)
def test_a_wrong_body_is_told_where(site: Site, path: str, body: dict[str, Any], field: str) -> None:
    """One line that names the field; no traceback."""
    if "b1" in path:
        site.ask(Role.ADMIN, "POST", "/api/bookings", json=wanted(id="b1", member="ana"))
    answer = site.ask(Role.ADMIN, "POST", path, json=body)
    assert answer.status_code == 422
    assert field in answer.json()["what_to_do"]
    assert answer.text.count("\n") == 1


@pytest.mark.parametrize("body", [b"", b"{", b"null", b'{"id": NaN}', b"\xff\xfe", b"[" * 8000])
def test_nonsense_is_no_member(site: Site, body: bytes) -> None:
    """Whatever is sent, the answer is one line of JSON and never a failure of the twin."""
    answer = site.ask(Role.ADMIN, "POST", "/api/members", content=body, params={})
    assert answer.status_code in (400, 422)
    assert set(json.loads(answer.text)) == {"error", "what_to_do"}


def test_machines_are_added_changed_and_locked(site: Site) -> None:
    """A lock says by whom and why, and so does its end; an unknown member locks nothing."""
    new = {"id": "embroidery-1", "name": "Brodeuse", "requires": ["embroidery"], "output": "board"}
    assert site.ask(Role.ADMIN, "POST", "/api/machines", json=new).status_code == 201
    changed = site.ask(Role.ADMIN, "PATCH", "/api/machines/embroidery-1", json={"hazardous": True}).json()
    assert (changed["requires"], changed["output"], changed["hazardous"]) == (["embroidery"], "board", True)
    path = "/api/machines/embroidery-1/lock"
    assert site.ask(Role.TECHNICIAN, "POST", path, json={"why": "aiguille"}).json()["error"] == "who"
    locked = site.ask(Role.TECHNICIAN, "POST", path, json={"by": "ben", "why": "aiguille"}).json()
    assert (locked["locked"], locked["locked_by"], locked["locked_why"]) == (True, "ben", "aiguille")
    undo = path.replace("lock", "unlock")
    assert site.ask(Role.TECHNICIAN, "POST", undo, json={"by": "ben"}).status_code == 422
    free = site.ask(Role.TECHNICIAN, "POST", undo, json={"by": "ben", "why": "aiguille neuve"}).json()
    assert (free["locked"], free["locked_why"]) == (False, None)
    told = site.ask(Role.ADMIN, "GET", "/api/acts").json()
    whys = {act["deed"]: act["detail"]["why"] for act in told}
    assert whys == {"lock": "aiguille", "unlock": "aiguille neuve"}
    lost = site.ask(Role.TECHNICIAN, "POST", "/api/machines/none/lock", json={"by": "ben", "why": "?"})
    assert lost.status_code == 404


def test_a_badge_is_revoked_and_restored(site: Site) -> None:
    """By its number, in any case of letters; an unknown one is told, without repeating it whole."""
    assert site.ask(Role.TECHNICIAN, "POST", f"/api/badges/{BADGE.lower()}/revoke").status_code == 200
    members = {member["id"]: member for member in site.ask(Role.ADMIN, "GET", "/api/members").json()}
    assert members["ana"]["badges"] == [{"number": BADGE, "revoked": True}]
    assert site.ask(Role.TECHNICIAN, "POST", f"/api/badges/{BADGE}/restore").status_code == 200
    unknown = site.ask(Role.TECHNICIAN, "POST", "/api/badges/04DEADBEEF/revoke")
    assert unknown.status_code == 404
    assert "04DEADBEEF" not in unknown.text


def test_a_units_address_changes_and_a_unit_is_revoked(site: Site) -> None:
    """An administrator says where a unit answers now, or that it is to be answered no more; its key stays."""
    changed = site.ask(Role.ADMIN, "PATCH", "/api/units/u-press", json={"address": "192.0.2.9:8410"})
    assert changed.json()["address"] == "192.0.2.9:8410"
    gone = site.ask(Role.ADMIN, "PATCH", "/api/units/u-press", json={"revoked": True})
    assert gone.json()["revoked"] is True


def test_a_kiosk_gets_everything_it_needs_under_its_own_key(site: Site) -> None:
    """Members with tags of its key, machines, units, policy, opening: sealed, and no badge number."""
    answer = site.device("kiosk-1", "GET", "/api/kiosk/replica")
    copy = decode(unseal(answer.content, site.twin_key.public))
    members = {member.id: member for member in map(member_from_json, copy["members"])}
    assert [badge.tag for badge in members["ana"].badges] == [badge_tag(BADGE, bytes(32))]
    assert [machine_from_json(machine).id for machine in copy["machines"]] == ["overlock-1", "press-1"]
    assert {unit["id"]: unit["machine"] for unit in copy["units"]} == {
        "u-overlock": "overlock-1",
        "u-press": "press-1",
    }
    assert copy["units"][0]["public_key"] == site.keys["u-overlock"].public.hex
    assert policy_from_json(copy["policy"]).lease_hours == 24
    assert opening_from_json(copy["opening"]).timezone == "Europe/Paris"
    assert copy["names"]["machines"]["press-1"] == "Presse 1"
    assert BADGE.encode() not in answer.content


# --- bookings ----------------------------------------------------------------------------------------


def test_a_booking_beyond_the_lease_is_answered_at_once(site: Site) -> None:
    """201; the same id again is the same booking; overlapping it is refused with every reason in words."""
    first = site.ask(Role.MEMBER, "POST", "/api/bookings", json=wanted(id="b1"))
    assert first.status_code == 201
    assert (first.json()["member"], first.json()["state"]) == ("ana", "accepted")
    assert site.ask(Role.MEMBER, "POST", "/api/bookings", json=wanted(id="b1")).status_code == 201
    again = site.ask(Role.TRAINER, "POST", "/api/bookings", json=wanted(id="b2", member="ben"))
    assert again.status_code == 409
    assert again.json() == {
        "error": "refused",
        "reasons": ["overlap"],
        "what_to_do": "Refusé : une autre réservation occupe ce moment.",
    }
    taken = site.ask(Role.TRAINER, "POST", "/api/bookings", json=wanted(id="b1", member="ben"))
    assert (taken.status_code, taken.json()["error"]) == (409, "exists")


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_at_the_end_of_the_calendar_is_told_where(site: Site, at: str) -> None:
    """A time that cannot be told in every zone breaks nothing: it is a wrong field, as any other."""
    body = wanted() | {"end": at, "member": "ana"}
    answer = site.ask(Role.ADMIN, "POST", "/api/bookings", json=body)
    assert (answer.status_code, answer.json()["what_to_do"][:15]) == (422, "Corriger « end ")
    answer = site.ask(Role.ADMIN, "PATCH", "/api/members/ana", json={"valid_until": at})
    assert answer.status_code == 422


def test_members_book_and_change_for_themselves_only(site: Site) -> None:
    """The team does it for anybody; a member's token that is nobody's books nothing."""
    assert site.ask(Role.MEMBER, "POST", "/api/bookings", json=wanted(member="ben")).status_code == 403
    bens = site.ask(Role.TRAINER, "POST", "/api/bookings", json=wanted(id="b1", member="ben"))
    assert bens.status_code == 201
    assert site.ask(Role.MEMBER, "POST", "/api/bookings/b1/cancel").status_code == 403
    assert site.ask(Role.MEMBER, "POST", "/api/bookings/b1/extend", json={"minutes": 30}).status_code == 403
    nobodys = {"Authorization": f"Bearer {site.token(Role.MEMBER)}"}
    assert site.client.post("/api/bookings", json=wanted(), headers=nobodys).status_code == 403
    assert site.ask(Role.TRAINER, "POST", "/api/bookings", json=wanted(hours=72)).json()["error"] == "who"


def test_a_booking_is_extended_and_cancelled(site: Site) -> None:
    """The answer is the booking as it stands; a second time it is over."""
    site.ask(Role.MEMBER, "POST", "/api/bookings", json=wanted(id="b1"))
    longer = site.ask(Role.MEMBER, "POST", "/api/bookings/b1/extend", json={"minutes": 30})
    assert longer.json()["end"] == stamp(START + timedelta(hours=49, minutes=30))
    assert site.ask(Role.MEMBER, "POST", "/api/bookings/b1/cancel").json()["state"] == "cancelled"
    over = site.ask(Role.MEMBER, "POST", "/api/bookings/b1/cancel")
    assert (over.status_code, over.json()["reasons"]) == (409, ["in_the_past"])
    assert site.ask(Role.MEMBER, "POST", "/api/bookings/none/cancel").status_code == 404


def test_members_do_not_read_who_booked(site: Site) -> None:
    """They see that the hours are taken; their own name, and no way to ask for somebody else's."""
    site.ask(Role.TRAINER, "POST", "/api/bookings", json=wanted(id="b1", member="ben"))
    site.ask(Role.MEMBER, "POST", "/api/bookings", json=wanted(id="b2", hours=72))
    seen = {b["id"]: b["member"] for b in site.ask(Role.MEMBER, "GET", "/api/bookings").json()}
    assert seen == {"b1": None, "b2": "ana"}
    assert site.ask(Role.MEMBER, "GET", "/api/bookings?member=ben").status_code == 403
    assert [b["id"] for b in site.ask(Role.TRAINER, "GET", "/api/bookings?member=ben").json()] == ["b1"]


def asked_of_unit(site: Site, unit: str) -> WebRequest:
    """What the twin asks of a unit: waits at the twin for news, as the unit does."""
    path = f"/api/units/{unit}/changes?version=9999&epoch=1&wait=10"
    assert site.device(unit, "GET", path).json()["changed"] is True
    return site.exchange(unit).requests[0]


def in_the_lease(site: Site, answers: list[Any]) -> threading.Thread:
    """Somebody who asks for hours that the unit owns, and waits."""
    site.exchange("u-overlock")
    site.token(Role.TRAINER)

    def ask() -> None:
        body = wanted(id="b1", hours=2, member="ana")
        answers.append(site.ask(Role.TRAINER, "POST", "/api/bookings", json=body))

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def test_inside_its_lease_the_unit_answers(site: Site) -> None:
    """The asker waits; the unit hears of it at once; its acceptance is the asker's 201."""
    answers: list[Any] = []
    asker = in_the_lease(site, answers)
    request = asked_of_unit(site, "u-overlock")
    booking = request.booking
    accepted = site.row(
        "u-overlock",
        "request",
        {"member": "ana"},
        request=request.id,
        outcome="accepted",
        id=booking.id,
        machine=booking.machine,
        start=stamp(booking.start),
        end=stamp(booking.end),
    )
    site.exchange("u-overlock", accepted)
    asker.join(10)
    assert answers[0].status_code == 201
    assert answers[0].json()["id"] == "b1"


def test_inside_its_lease_the_unit_may_refuse(site: Site) -> None:
    """Its reasons are the asker's 409."""
    answers: list[Any] = []
    asker = in_the_lease(site, answers)
    asked = asked_of_unit(site, "u-overlock")
    refused = (RequestRefused(asked.id, (Refusal.OVERLAP,)),)
    body = request_to_bytes(ExchangeRequest("u-overlock", 1, "n", Version(0, 0), refusals=refused))
    assert site.device("u-overlock", "POST", "/api/units/u-overlock/exchange", body).status_code == 200
    asker.join(10)
    assert (answers[0].status_code, answers[0].json()["reasons"]) == (409, ["overlap"])


def test_a_unit_that_does_not_answer_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its patience the twin withdraws the request for good: unit_unreachable."""
    monkeypatch.setattr("twin.booking_routes.PATIENCE", timedelta(0))
    site.exchange("u-overlock")
    give_up = site.app.state.twin.bookings.give_up
    monkeypatch.setattr(site.app.state.twin.bookings, "give_up", lambda: (site.clock.forward(18), give_up()))
    answer = site.ask(Role.TRAINER, "POST", "/api/bookings", json=wanted(hours=2, member="ana"))
    assert (answer.status_code, answer.json()["reasons"]) == (409, ["unit_unreachable"])


def test_the_api_describes_itself(site: Site) -> None:
    """Each route of the table that is no page is in openapi.json, with a model for each body."""
    described = site.client.get("/openapi.json").json()
    routes = {f"{method.upper()} {path}" for path, ways in described["paths"].items() for method in ways}
    assert {"POST /api/bookings", "GET /api/usage", "PATCH /api/members/{member}"} <= routes
    for path, ways in described["paths"].items():
        body = ways.get("post", {}).get("requestBody")
        if body and "exchange" not in path:
            assert "$ref" in body["content"]["application/json"]["schema"], path


def test_the_twin_says_that_it_is_well(site: Site) -> None:
    """And its database too."""
    assert site.client.get("/healthz").json() == {"ok": True}
