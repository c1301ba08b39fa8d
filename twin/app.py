"""The twin's application: everything put together, and what is answered when something goes wrong."""

import logging
from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from server_sync.enrolment import PRINT_CHARACTERS, fingerprint
from server_sync.identity import PrivateKey
from twin import booking_routes, devices, live, machine_routes, member_routes, office, pages, refused, usage_csv
from twin.auth import HEADERS, Denied, Guard
from twin.booking_routes import NotGranted, Refusals
from twin.bookings import Bookings, Listener
from twin.context import TheTwin, Twin
from twin.enrolment import Enrolments
from twin.exchange import Exchange, UnknownUnit
from twin.people import Erased, People, Taken, Unknown
from twin.refused import in_words
from twin.shapes import Done
from twin.store import Store

site = APIRouter(tags=["site"])
log = logging.getLogger("lisiere.twin")


@site.get("/healthz")
def health(twin: TheTwin) -> Done:
    """The twin answers, and its database too."""
    with twin.store.read() as db:
        db.execute(text("SELECT 1"))
    return Done()


def create_app(
    store: Store,
    key: PrivateKey,
    now: Callable[[], datetime],
    listener: Listener = lambda change: None,
    authority: str = "",
) -> FastAPI:
    """The application on a store. `key` signs what units are sent; `now` is the twin's clock; `authority` the
    certificate that its links stand under, empty where they stand under none."""
    app = FastAPI(title="Lisière, le jumeau", docs_url=None, redoc_url=None, redirect_slashes=False)
    bookings = Bookings(store, now, listener)
    exchange, people = Exchange(store, key, now, bookings), People(store)
    enrolments = Enrolments(store, fingerprint(authority) if authority else "0" * PRINT_CHARACTERS)
    app.state.twin = Twin(store, key, now, bookings, exchange, people, enrolments, authority)
    for router in _ROUTERS:
        app.include_router(router)
    app.add_middleware(Guard, store=store, now=now, devices=devices.SignedDevices(store))
    for error, handler in _HANDLERS.items():
        app.add_exception_handler(error, handler)
    return app


_ROUTERS = (
    devices.devices,
    live.states,
    refused.refusals,
    member_routes.members,
    machine_routes.machines,
    booking_routes.bookings,
    office.office,
    site,
    usage_csv.figures,
    pages.pages,
)


def _denied(request: Request, error: Exception) -> Response:
    assert isinstance(error, Denied)
    return error.response()


def _not_granted(request: Request, error: Exception) -> Response:
    assert isinstance(error, NotGranted)
    words = in_words(error.reasons)
    body = Refusals(error="refused", reasons=list(error.reasons), what_to_do=f"Refusé : {words}.")
    return Response(body.model_dump_json() + "\n", 409, media_type="application/json")


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return Denied(error.status_code, "bad_request", str(error.detail)).response()


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return Denied(422, "invalid", f"Corriger « {where} » : {first['msg']}.").response()


def _unknown(request: Request, error: Exception) -> Response:
    return Denied(404, "not_found", f"Le jumeau ne connaît pas cela ({error}).").response()


def _erased(request: Request, error: Exception) -> Response:
    return Denied(409, "erased", "Cet identifiant a été effacé pour toujours : en choisir un autre.").response()


def _taken(request: Request, error: Exception) -> Response:
    return Denied(409, "badge_taken", f"Ce badge est déjà celui de « {error} ».").response()


def _busy(request: Request, error: Exception) -> Response:
    log.error("database: %s", error)
    return Denied(503, "database", "La base de données ne répond pas : réessayer dans un instant.").response()


def _broken(request: Request, error: Exception) -> Response:
    """Outside of the guard, so it brings the safe headers itself; the server logs the error."""
    response = Denied(500, "broken", "Le jumeau a échoué : le journal du serveur dit pourquoi.").response()
    response.headers.update(HEADERS)
    return response


_HANDLERS: dict[type[Exception], Callable[[Request, Exception], Response]] = {
    Denied: _denied,
    NotGranted: _not_granted,
    HTTPException: _http,
    RequestValidationError: _invalid,
    Unknown: _unknown,
    Erased: _erased,
    Taken: _taken,
    UnknownUnit: _unknown,
    OperationalError: _busy,
    Exception: _broken,
}
