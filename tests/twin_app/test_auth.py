"""Who may do what: the table of routes, tokens, signatures, sizes and headers."""

import re
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from tests.twin_app.workshop import Site
from twin import tables
from twin.auth import BY_BADGE, DEVICES, PEOPLE, ROUTES, Role, digest, make_token


def paths() -> list[tuple[str, str, str]]:
    """Each route of the table: its key, its method, and a path that fits it."""
    return [(key, key.split()[0], re.sub(r"\{\w+\}", "x1", key.split()[1])) for key in ROUTES]


def registered(routes: object) -> set[str]:
    """Every route that the application knows, its included routers' too."""
    found: set[str] = set()
    for route in list(routes):  # type: ignore[call-overload]
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        if getattr(route, "path", None) is None and inner is not None:
            found |= registered(inner.routes)
        elif getattr(route, "methods", None):
            found |= {f"{method} {route.path}" for method in route.methods if method != "HEAD"}
        else:
            found.add(f"{type(route).__name__} {getattr(route, 'path', '')}")
    return found


def test_the_table_is_exactly_what_the_application_has(site: Site) -> None:
    """A route without a line in the table, or a line without a route, is a mistake."""
    assert registered(site.app.routes) == set(ROUTES)


def test_no_two_lines_fit_the_same_request() -> None:
    """The guard and the application can never mean different routes."""
    patterns = {key: re.compile(re.sub(r"\{\w+\}", "[^/]+", key.split()[1])) for key in ROUTES}
    for key, method, path in paths():
        fits = [other for other, pattern in patterns.items() if pattern.fullmatch(path)]
        assert [other for other in fits if other.split()[0] == method] == [key]


@pytest.mark.parametrize("role", sorted(PEOPLE))
def test_each_person_gets_through_where_the_table_says_so_and_nowhere_else(site: Site, role: Role) -> None:
    """Every route, asked by somebody of that role."""
    for key, method, path in paths():
        answer = site.ask(role, method, path)
        roles = ROUTES[key]
        allowed = roles is None or role in roles
        refused = answer.status_code == 403 and answer.json()["error"] == "not_allowed"
        assert refused is not allowed, f"{key}: {answer.status_code} {answer.text}"


@pytest.mark.parametrize(("device", "role"), [("u-press", Role.UNIT), ("kiosk-1", Role.KIOSK)])
def test_each_device_gets_through_where_the_table_says_so_and_nowhere_else(
    site: Site, device: str, role: Role
) -> None:
    """Every route, asked by a device that signs."""
    for key, method, path in paths():
        answer = site.device(device, method, path)
        roles = ROUTES[key]
        allowed = roles is None or role in roles
        refused = answer.status_code == 403 and answer.json()["error"] == "not_allowed"
        assert refused is not allowed, f"{key}: {answer.status_code} {answer.text}"


def test_nobody_gets_through_without_a_token(site: Site) -> None:
    """Only what says so in the table is open; and what does not exist is not even told."""
    for key, method, path in [*paths(), ("", "GET", "/api/secret"), ("", "GET", "/docs")]:
        answer = site.ask(None, method, path)
        assert (answer.status_code != 401) is (key != "" and ROUTES[key] is None), f"{method} {path}"
    assert site.ask(Role.ADMIN, "GET", "/api/secret").status_code == 404
    assert site.ask(Role.ADMIN, "DELETE", "/api/members").status_code == 405


def test_what_the_table_means() -> None:
    """A few lines said in another way, so that a slip in the table is seen."""
    writes = {key for key in ROUTES if not key.startswith("GET")}
    assert {key for key in writes if Role.AUDITOR in (ROUTES[key] or ())} == {"POST /deconnexion"}
    by_devices = {key for key in writes if (ROUTES[key] or frozenset()) & DEVICES and "exchange" not in key}
    assert by_devices == {key for key in BY_BADGE if not key.startswith("GET")}
    assert Role.MEMBER not in (ROUTES["GET /api/rows"] or ())
    assert Role.MEMBER not in (ROUTES["GET /api/members"] or ())
    assert {key for key, roles in ROUTES.items() if roles is None} == {
        "GET /healthz",
        "GET /openapi.json",
        "GET /ca.pem",
        "POST /api/enrol",
        "GET /connexion",
        "POST /connexion",
        "GET /connexion/style.css",
    }


def test_a_token_is_kept_only_as_its_digest(site: Site) -> None:
    """Whoever reads the database can sign in as nobody."""
    token = site.token(Role.ADMIN)
    with site.store.read() as db:
        kept = db.execute(select(tables.tokens.c.hash)).scalars().all()
    assert kept == [digest(token)]
    assert token.encode() not in site.path.read_bytes()


def test_a_token_ends(site: Site) -> None:
    """At its last instant it is good for nothing any more."""
    token = make_token(site.store, Role.ADMIN, site.clock.now, life=timedelta(days=1))
    headers = {"Authorization": f"Bearer {token}"}
    assert site.client.get("/api/members", headers=headers).status_code == 200
    site.clock.forward(86_400)
    assert site.client.get("/api/members", headers=headers).status_code == 401


@pytest.mark.parametrize("role", sorted(DEVICES))
def test_devices_have_no_tokens(site: Site, role: Role) -> None:
    """They sign instead."""
    with pytest.raises(ValueError, match="signs its requests"):
        site.token(role)


def test_signing_in_makes_a_cookie_that_no_script_reads(site: Site) -> None:
    """A person pastes the token once; signing out forgets it."""
    said = site.client.post("/connexion", data={"jeton": site.token(Role.ADMIN)}, follow_redirects=False)
    assert said.status_code == 303
    assert said.headers["location"] == "/"
    assert "HttpOnly" in said.headers["set-cookie"]
    assert "samesite=strict" in said.headers["set-cookie"].lower()
    assert site.client.get("/").status_code == 200
    site.client.post("/deconnexion")
    assert site.client.get("/api/members").status_code == 401


def test_a_wrong_token_is_told_so_on_the_page(site: Site) -> None:
    """The sign-in page comes back, in French."""
    said = site.client.post("/connexion", data={"jeton": "nonsense"})
    assert "Ce jeton n'est pas connu" in said.text
    assert not site.client.cookies


def test_a_browser_without_a_token_is_led_to_the_sign_in_page(site: Site) -> None:
    """Programs get one line of JSON instead."""
    browser = site.client.get("/", headers={"Accept": "text/html"}, follow_redirects=False)
    assert (browser.status_code, browser.headers["location"]) == (303, "/connexion")
    program = site.client.get("/")
    assert program.status_code == 401
    assert program.json()["error"] == "not_signed_in"


def test_a_cookie_cannot_be_used_from_another_page(site: Site) -> None:
    """A form on another origin of the same computer changes nothing; the twin's own page does."""
    site.client.post("/connexion", data={"jeton": site.token(Role.ADMIN)})
    member = {"id": "cleo"}
    other = site.client.post("/api/members", json=member, headers={"Origin": "http://testserver:9999"})
    assert (other.status_code, other.json()["error"]) == (403, "other_origin")
    own = site.client.post("/api/members", json=member, headers={"Origin": "http://testserver"})
    assert own.status_code == 201


def test_every_answer_has_safe_headers(site: Site) -> None:
    """Pages, JSON, refusals and static files alike; personal ones are kept by nobody."""
    for answer in (
        site.ask(Role.ADMIN, "GET", "/"),
        site.ask(Role.ADMIN, "GET", "/api/members"),
        site.ask(None, "GET", "/api/members"),
        site.ask(None, "GET", "/connexion"),
        site.ask(Role.ADMIN, "GET", "/static/style.css"),
    ):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] in ("no-store", "no-cache")
    assert site.ask(Role.ADMIN, "GET", "/api/members").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "limit"), [("/api/units/u-press/exchange", 256 * 1024), ("/api/members", 16 * 1024)]
)
def test_a_body_over_the_limit_goes_no_further(site: Site, path: str, limit: int) -> None:
    """413, whether its length is announced or it comes in pieces; one byte less is read."""

    def ask(body: bytes) -> httpx.Response:
        if "exchange" in path:
            return site.device("u-press", "POST", path, body)
        return site.ask(Role.ADMIN, "POST", path, content=body)

    assert ask(b" " * (limit + 1)).status_code == 413
    assert ask(b" " * limit).status_code in (400, 422)
    pieces = (b" " * 1024 for _ in range(limit // 1024 + 1))
    headers = {"Authorization": f"Bearer {site.token(Role.ADMIN)}"}
    if "exchange" in path:
        headers = {"Signature-Input": ""}
    assert site.client.post(path, content=pieces, headers=headers).status_code == 413


def test_a_signature_is_for_one_request_of_one_device(site: Site) -> None:
    """Another method, query or body, another device's name, a second time, or a revoked device: 401."""
    path = "/api/units/u-press/changes?version=0&epoch=1&wait=0"

    def ask(target: str = path, method: str = "GET", body: bytes = b"", **changed: str) -> int:
        headers = site.signed("u-press", method, path, body) | changed
        return site.client.get(target, headers=headers).status_code

    assert ask() == 200
    assert ask(path.replace("wait=0", "wait=1")) == 401
    assert ask(method="POST") == 401
    assert ask(body=b"{}") == 401
    assert ask(Signature="sig=::") == 401
    others = site.signed("u-press", "GET", path)
    others["Signature-Input"] = others["Signature-Input"].replace("u-press", "u-overlock")
    assert site.client.get(path, headers=others).status_code == 401
    once = site.signed("u-press", "GET", path)
    assert [site.client.get(path, headers=once).status_code for _ in range(2)] == [200, 401]
    site.people.revoke_unit("u-press")
    assert ask() == 401


def test_a_unit_speaks_for_itself_only(site: Site) -> None:
    """Its key does not open another unit's conversation."""
    answer = site.device("u-press", "GET", "/api/units/u-overlock/changes?version=0&epoch=1&wait=0")
    assert (answer.status_code, answer.json()["error"]) == (403, "not_this_device")


def test_a_device_with_a_persons_token_is_still_a_device(site: Site) -> None:
    """Naming a device means being judged as one."""
    headers = {"Signature-Input": "", "Authorization": f"Bearer {site.token(Role.ADMIN)}"}
    assert site.client.get("/api/members", headers=headers).status_code == 401
