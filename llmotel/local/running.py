"""What ``llmotel local`` does from its start to its end."""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path

from llmotel.local.api import Backend
from llmotel.local.errors import LocalError
from llmotel.local.forward import Forward, headers
from llmotel.local.safety import LOOPBACK, loopback
from llmotel.local.server import Server, listen
from llmotel.local.store import Store


def serve(options: argparse.Namespace, folder: Path) -> int:
    """Serves until a signal. Raises :class:`~llmotel.local.errors.LocalError` where it cannot begin."""
    inside = loopback(options.host)
    if not inside and not options.token:
        raise LocalError(
            f"--host {options.host} can be reached from other machines: add --token, which they have to show."
        )
    listener = listen(options.host, options.port)
    try:
        store = Store(None if options.memory else Path(options.data) if options.data else folder)
    except LocalError:
        listener.close()
        raise
    forward = None
    if options.forward:
        waiting = (store.folder or store.exchange) / "forward"
        forward = Forward(options.forward, headers(options.forward_header), waiting)
    backend = Backend(
        store,
        hosts={*LOOPBACK, options.host} if inside else None,
        token=options.token,
        keep_seconds=options.keep,
        max_bytes=options.max_size,
        forward=forward,
    )

    def ready(url: str) -> None:
        where = "in memory" if store.path is None else f"data in {store.path.parent}"
        print(f"llmotel local: {url} ({where}; OTLP and the viewer; Ctrl-C ends it)", flush=True)
        if options.open:
            webbrowser.open(f"{url}/?token={options.token}" if options.token else url)

    rpc = None
    if options.grpc_port is not None:
        try:
            from llmotel.local.rpc import RpcServer

            rpc = RpcServer(backend.receiver, options.host, options.grpc_port, options.token)
        except BaseException:
            backend.close()
            listener.close()
            raise
    try:
        Server(backend, listener, ready, rpc.close if rpc is not None else None).run()
    finally:
        if rpc is not None:
            rpc.close()
    return 0


__all__ = ["serve"]
