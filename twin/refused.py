"""Who was refused what, and why, in words."""

import json
from collections.abc import Iterable
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Connection, Row, select

from access.facts import stamp
from access.vocabulary import Reason, Refusal
from twin import tables
from twin.context import TheTwin
from twin.figures import Span
from twin.periods import open_span
from twin.shapes import Most, Text

refusals = APIRouter(tags=["machines"])

REASONS: dict[str, str] = {
    Reason.ESTOP: "l'arrêt d'urgence est enfoncé",
    Reason.FAULT: "la machine est en défaut",
    Reason.LOCKED: "la machine est hors service",
    Reason.BADGE_UNKNOWN: "ce badge n'est pas connu",
    Reason.BADGE_REVOKED: "ce badge est désactivé",
    Reason.BADGE_TOO_WEAK: "cette machine demande un badge plus sûr",
    Reason.MEMBERSHIP_EXPIRED: "l'adhésion est arrivée à son terme",
    Reason.NOT_QUALIFIED: "l'habilitation pour cette machine manque",
    Reason.CLOCK_UNTRUSTED: "l'heure du boîtier n'est pas sûre",
    Reason.REPLICA_STALE: "le boîtier est sans nouvelles du jumeau depuis trop longtemps",
    Reason.IN_USE: "quelqu'un d'autre utilise la machine",
    Reason.BOOKED_BY_OTHER: "quelqu'un d'autre a réservé ce moment",
    Reason.TOO_EARLY: "la réservation n'a pas encore commencé",
    Reason.BOOKING_OVER: "la réservation est terminée",
    Reason.NO_BOOKING: "il n'y a pas de réservation",
    Reason.NOT_RECORDED: "le boîtier ne peut plus rien enregistrer",
    Refusal.UNKNOWN_MACHINE: "cette machine n'est pas connue",
    Refusal.UNKNOWN_MEMBER: "ce membre n'est pas connu",
    Refusal.MACHINE_LOCKED: "la machine est hors service",
    Refusal.END_BEFORE_START: "la fin est avant le début",
    Refusal.IN_THE_PAST: "ce moment est passé",
    Refusal.TOO_SHORT: "la durée est trop courte",
    Refusal.TOO_LONG: "la durée est trop longue",
    Refusal.TOO_FAR_AHEAD: "c'est trop longtemps à l'avance",
    Refusal.CLOSED: "l'atelier est fermé à ce moment",
    Refusal.OVERLAP: "une autre réservation occupe ce moment",
    Refusal.TOO_MANY_BOOKINGS: "ce membre a déjà trop de réservations à venir",
    Refusal.WEEK_HOURS_USED: "les heures de la semaine sont épuisées",
    Refusal.NOT_FOR_CATEGORY: "cette catégorie de membre n'y a pas droit",
    Refusal.LEASE_OVER: "le boîtier est sans nouvelles du jumeau depuis trop longtemps",
    Refusal.UNIT_UNREACHABLE: "le boîtier de la machine ne répond pas",
}


class RefusalRow(BaseModel):
    """Somebody was refused, and why: `what` is `tap` or `booking`. A tap leads back to its row."""

    at: str
    what: Literal["tap", "booking"]
    machine: str
    member: str | None
    reasons: list[str]
    words: str
    booking: str | None = None
    unit: str | None = None
    epoch: int | None = None
    seq: int | None = None


@refusals.get("/api/refusals")
def list_refusals(
    twin: TheTwin, machine: Text = None, since: Text = None, until: Text = None, most: Most = 100
) -> list[RefusalRow]:
    """Every refused tap and every refused booking, with all its reasons, the latest first."""
    with twin.store.read() as db:
        return refusals_of(db, open_span(db, since, until), most, machine)


def refusals_of(db: Connection, span: Span, most: int, machine: str | None = None) -> list[RefusalRow]:
    """Who was refused what, the latest first."""
    taps = [_tap(row) for row in _refused_taps(db, span, most, machine)]
    log = tables.booking_log
    where = [log.c.outcome == "refused", log.c.at >= stamp(span.start), log.c.at < stamp(span.end)]
    if machine is not None:
        where.append(log.c.machine == machine)
    booked = db.execute(select(log).where(*where).order_by(log.c.at.desc(), log.c.n.desc()).limit(most))
    found = taps + [_booking_refusal(row) for row in booked]
    return sorted(found, key=lambda row: row.at, reverse=True)[:most]


def _refused_taps(db: Connection, span: Span, most: int, machine: str | None) -> list[Row[Any]]:
    r, u = tables.rows, tables.units
    where = [r.c.kind == "decision", r.c.at >= stamp(span.start), r.c.at < stamp(span.end)]
    # The bodies are canonical JSON, so this finds the refused ones without reading the granted ones.
    where.append(r.c.body.like('%"outcome":"refused"%'))
    if machine is not None:
        where.append(u.c.machine == machine)
    query = select(r, u.c.machine).select_from(r.join(u, u.c.id == r.c.unit)).where(*where)
    return list(db.execute(query.order_by(r.c.at.desc(), r.c.seq.desc()).limit(most)).all())


def _tap(row: Row[Any]) -> RefusalRow:
    body, opening = json.loads(row.body), json.loads(row.opening)
    reason = str(body["reason"])
    return RefusalRow(
        at=row.at,
        what="tap",
        machine=row.machine or row.unit,
        member=opening.get("member"),
        reasons=[reason],
        words=in_words([reason]),
        booking=body.get("booking"),
        unit=row.unit,
        epoch=row.epoch,
        seq=row.seq,
    )


def _booking_refusal(row: Row[Any]) -> RefusalRow:
    reasons = [str(reason) for reason in json.loads(row.reasons)]
    return RefusalRow(
        at=row.at,
        what="booking",
        machine=row.machine,
        member=row.member or None,
        reasons=reasons,
        words=in_words(reasons),
        booking=row.booking,
    )


def in_words(reasons: Iterable[str]) -> str:
    """Reasons as a person reads them; a word that is not known here is shown as it is."""
    return " ; ".join(REASONS.get(reason, reason) for reason in reasons)
