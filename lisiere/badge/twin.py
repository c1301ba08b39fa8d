"""The twin's word on badges, as the enrolment desk asks for it."""

from typing import Any

import requests

from access.people import Strength


class TwinSaysNoError(Exception):
    """The twin is not reached, or refuses; one line, and what to do."""


class Twin:
    """A twin's API, with an administrator's token."""

    def __init__(self, url: str, token: str, ca: str | None = None) -> None:
        """`ca`: the file of the twin's own authority, where its certificate is not one the computer knows."""
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = ca or True
        self._session.headers["Authorization"] = f"Bearer {token}"

    def put_card(self, member: str, uid: str, machine_key: bytes, kiosk_key: bytes) -> None:
        """A member has a card that was written here."""
        body = {
            "member": member,
            "strength": Strength.NTAG424,
            "machine_key": machine_key.hex(),
            "kiosk_key": kiosk_key.hex(),
        }
        self._ask("PUT", f"/api/badges/{uid}/card", body)

    def check_member(self, member: str) -> None:
        """Return when there is such a member."""
        if not any(known["id"] == member for known in self._ask("GET", "/api/members").json()):
            raise TwinSaysNoError(f"there is no member '{member}'")

    def revoke(self, number: str) -> None:
        """A badge was lost."""
        self._ask("POST", f"/api/badges/{number}/revoke")

    def restore(self, number: str) -> None:
        """A badge was found again."""
        self._ask("POST", f"/api/badges/{number}/restore")

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        try:
            answer = self._session.request(method, self._url + path, json=body, timeout=10)
        except OSError as error:  # also where the file of the authority is not there
            raise TwinSaysNoError(f"{self._url}: {type(error).__name__}; is the twin running there?") from None
        if not answer.ok:
            raise TwinSaysNoError(f"{self._url}: {answer.status_code} {answer.text[:300]}")
        return answer
