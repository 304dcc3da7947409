"""What is checked of every request before anything answers: whom it is meant for, and whether a foreign page sent it.

A web page of another site can send requests to a service on loopback: by a name of its own that leads here (DNS
rebinding; its Host header says that name), or as a plain form post (its Origin header says where it comes from). Either
could use a private model, so both are refused.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from core.i18n import _

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def refusal(method: str, headers: Headers, names: Collection[str] | None) -> tuple[int, str] | None:
    """The status and sentence with which a request is refused, None where it may pass.

    names: the host names that the service answers to; None for any, where a token protects it instead.
    """
    if "transfer-encoding" in headers and "content-length" in headers:  # two proxies could read two different bodies
        return 400, _("A request says its length once: Content-Length or Transfer-Encoding, not both.")
    host = headers.get("host", "")
    if names is not None and host_name(host) not in names:
        return 403, _("This service answers to {names} only.").format(names=", ".join(sorted(names)))
    origins = headers.getlist("origin")
    if any(urlsplit(origin).netloc.lower() != host.lower() for origin in origins):
        return 403, _("This service does not answer pages of other sites.")
    if method == "POST" and headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return 415, _("A request is JSON: send “Content-Type: application/json”.")
    return None


def host_name(host: str) -> str:
    """The name in a Host header, without port and brackets; "" where it is none."""
    try:
        parts = urlsplit(f"//{host}")
        name, _port = parts.hostname or "", parts.port  # a port that is no number raises ValueError
        return "" if parts.username is not None or parts.path or parts.query else name.rstrip(".")
    except ValueError:
        return ""
