"""Checks of every request before it is handled: its Host, Origin, length and content type.

A web page of another site can send requests to a service on loopback: through a host name that resolves to this address
(DNS rebinding, visible in the Host header), or as a plain form post (visible in the Origin header). Either could use a
private model, so both are rejected.
"""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from core.i18n import _

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def refusal(method: str, headers: Headers, names: Collection[str] | None) -> tuple[int, str] | None:
    """Return the HTTP status and the message for a request to reject, or None for a valid one.

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


def is_loopback(address: str) -> bool:
    """Can only this machine reach a server that is bound to `address`?"""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def host_name(host: str) -> str:
    """Return the host name in a Host header, without port and brackets; "" where it is invalid."""
    try:
        parts = urlsplit(f"//{host}")
        name, _port = parts.hostname or "", parts.port  # a port that is no number raises ValueError
        return "" if parts.username is not None or parts.path or parts.query else name.rstrip(".")
    except ValueError:
        return ""
