"""python -m core serve RUN: serve a trained run over HTTP; on other addresses than loopback a token is required."""

import argparse
import contextlib
import os
import sys
from typing import Any

from core.errors import UserError
from core.flags import add_common
from core.i18n import _
from core.runs.store import find


def add_parsers(commands: Any) -> None:
    parser = commands.add_parser("serve", help=_("answer over HTTP with a trained run"))
    parser.add_argument("id", metavar="RUN", help=_("the run's id, or the path of its folder"))
    parser.add_argument("--host", default="127.0.0.1", help=_("address to listen on (default: this machine only)"))
    parser.add_argument("--port", type=int, default=8600)
    parser.add_argument(
        "--token",
        default=os.environ.get("HIDDEN_STATE_TOKEN", ""),
        help=_("what callers must send (HIDDEN_STATE_TOKEN)"),
    )
    add_common(parser)
    parser.set_defaults(run=serve)


def serve(arguments: argparse.Namespace) -> int:
    from core.serve.guard import LOCAL_NAMES, is_loopback

    run = find(arguments.id)
    if not is_loopback(arguments.host) and len(arguments.token) < 16:
        raise UserError(
            _("On {host} others can reach the service: give a --token of at least 16 characters.").format(
                host=arguments.host
            )
        )
    if not 1 <= arguments.port <= 65535:
        raise UserError(_("There is no port {port}: it goes from 1 to 65535.").format(port=arguments.port))
    from core.serve.app import Service
    from core.serve.connection import bind_sockets, server

    with contextlib.ExitStack() as opened, contextlib.suppress(KeyboardInterrupt):
        # Open the sockets before loading the model, which takes seconds, to report a port in use at once.
        sockets = [opened.enter_context(each) for each in bind_sockets(arguments.host, arguments.port)]
        names = LOCAL_NAMES if is_loopback(arguments.host) else None  # elsewhere the token protects it
        service = Service(run, arguments.token, names)
        host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
        print(_("“{run}” answers at http://{host}:{port} (OpenAPI: /openapi.json)").format(
            run=run.id, host=host, port=arguments.port), file=sys.stderr)  # fmt: skip
        server(service.application()).run(sockets=sockets)
    return 0
