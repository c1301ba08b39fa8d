"""The unit's side of the conversation with the twin: what is sent, and how the answer is checked."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from access.replica import Replica
from server_sync.canonical import WireError
from server_sync.identity import IdentityError, PublicKey, RequestSigner, unseal
from server_sync.replica_wire import replica_from_bytes
from server_sync.wire import ExchangeReply, ExchangeRequest, reply_from_bytes, request_to_bytes

if TYPE_CHECKING:
    import requests

CONNECT_S, READ_S = 3.05, 20.0
"""Time-outs of a request, in seconds; the second is per read, so only the sync thread ever waits for it."""

NOT_KNOWN = 401
"""The status of an answer to somebody who is not known, or who said this before."""


class TwinUnreachable(Exception):
    """The twin did not answer; the text says how. Try again later."""


class TwinRefused(Exception):
    """The twin answered, but not as it should; the text says what to do. Trying again does not help. `error`: the
    twin's own word for it, where it gave one."""

    def __init__(self, text: str, error: str = "") -> None:
        super().__init__(text)
        self.error = error


class Transport(Protocol):
    """The network between a device and the twin."""

    def post(self, path: str, body: bytes) -> bytes:
        """The answer to a POST. TwinUnreachable or TwinRefused when there is none."""


class HttpTransport:
    """The real network: HTTP on requests, each request signed with the device's key.

    `requests` is loaded by the thread that first asks: no screen that starts waits a tenth of a second for it.
    """

    def __init__(self, url: str, signer: RequestSigner, authority: Path | None = None) -> None:
        """`authority`: the twin's own certificate authority, the only one that is trusted."""
        self._url = url.rstrip("/")
        self._signer = signer
        self._authority = authority
        self._known = True

    @cached_property
    def _session(self) -> "requests.Session":
        import requests

        session = requests.Session()
        session.trust_env = False
        session.verify = True if self._authority is None else str(self._authority)
        return session

    def post(self, path: str, body: bytes) -> bytes:
        """See `Transport`."""
        return self._ask("POST", path, body)

    def get(self, path: str, read_s: float = READ_S) -> bytes:
        """The answer to a GET, waiting up to `read_s` seconds for each piece of it."""
        return self._ask("GET", path, b"", read_s)

    def close(self) -> None:
        """Drop the connections; safe to call twice."""
        self._session.close()

    def _ask(self, method: str, path: str, body: bytes, read_s: float = READ_S) -> bytes:
        answer = self._sent(method, path, body, read_s)
        if answer.status_code == NOT_KNOWN and self._known:
            # A twin that was started again refuses the rest of a block of numbers: leave it, and ask once more.
            self._signer.skip()
            answer = self._sent(method, path, body, read_s)
        self._known = answer.status_code != NOT_KNOWN
        if answer.status_code >= 500:
            raise TwinUnreachable(f"{self._url}: the twin answers {answer.status_code}")
        if answer.status_code != 200:
            where = f"{self._url}{path.partition('?')[0]}"
            raise TwinRefused(f"{where}: {answer.status_code} {answer.text[:200]}", _error(answer))
        return answer.content

    def _sent(self, method: str, path: str, body: bytes, read_s: float) -> "requests.Response":
        import requests

        try:
            return self._session.request(
                method,
                self._url + path,
                data=body,
                headers=self._signer.sign(method, path, body) | {"Content-Type": "application/json"},
                timeout=(CONNECT_S, read_s),
                allow_redirects=False,
            )
        except requests.exceptions.SSLError:
            raise TwinUnreachable(
                f"{self._url}: this is not our twin, or not its name: certificate refused"
            ) from None
        except OSError as error:  # every RequestException is one; so is a missing certificate
            raise TwinUnreachable(f"{self._url}: {type(error).__name__}") from None


def _error(answer: "requests.Response") -> str:
    """The twin's word for a refusal; empty where it gave none."""
    try:
        told = answer.json()
    except ValueError:
        return ""
    return str(told.get("error", "")) if isinstance(told, dict) else ""


class TwinClient:
    """Asks the twin, and believes only what it has signed."""

    def __init__(self, transport: Transport, twin: PublicKey, nonce: Callable[[], str]) -> None:
        """`nonce()` gives a text that was never used before: it ties the answer to the question."""
        self._transport = transport
        self._twin = twin
        self.nonce = nonce

    def exchange(self, request: ExchangeRequest) -> tuple[ExchangeReply, bytes]:
        """One exchange: the checked reply, and the sealed bytes it came in."""
        sealed = self._transport.post(f"/api/units/{request.unit}/exchange", request_to_bytes(request))
        try:
            reply = reply_from_bytes(unseal(sealed, self._twin))
        except (IdentityError, WireError) as error:
            raise TwinRefused(f"the twin's answer cannot be believed: {error}") from None
        if reply.nonce != request.nonce:
            raise TwinRefused("the twin's answer is to another question: a replay, ignored")
        return reply, sealed

    def opened(self, sealed_replica: bytes) -> Replica:
        """A replica out of its seal."""
        try:
            return replica_from_bytes(unseal(sealed_replica, self._twin))
        except (IdentityError, WireError) as error:
            raise TwinRefused(f"the twin's replica cannot be believed: {error}") from None
