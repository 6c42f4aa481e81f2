"""OTLP over gRPC, for ``llmotel[local-grpc]``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc  # type: ignore[import-untyped,unused-ignore]
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from llmotel.local.errors import BusyError, LocalError, StoreError, UnreadableError
from llmotel.local.receiver import LARGEST, Receiver, Signal, response
from llmotel.local.safety import same

_SERVICES = {
    "traces": "opentelemetry.proto.collector.trace.v1.TraceService",
    "metrics": "opentelemetry.proto.collector.metrics.v1.MetricsService",
    "logs": "opentelemetry.proto.collector.logs.v1.LogsService",
}
_THREADS = 8
_DETAILS = "grpc-status-details-bin"


class RpcServer:
    """Listens at ``host``:``port`` until :meth:`close`; ``port`` says where where 0 was asked for."""

    def __init__(self, receiver: Receiver, host: str, port: int, token: str | None = None) -> None:
        self._receiver = receiver
        self._token = token
        self._server = grpc.server(
            ThreadPoolExecutor(_THREADS, "llmotel-local-grpc"),
            options=[
                ("grpc.max_receive_message_length", LARGEST),
                ("grpc.so_reuseport", 0),
                ("grpc.max_metadata_size", 16 * 1024),
            ],
        )
        for name, service in _SERVICES.items():
            signal = receiver.signals[name]
            handler = grpc.unary_unary_rpc_method_handler(self._taker(signal))  # bytes in, bytes out
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": handler}),))
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            self.port: int = self._server.add_insecure_port(address)
        except RuntimeError:
            raise LocalError(
                f"port {port} on {host} is in use. End what has it, or take another with --grpc-port."
            ) from None
        self._server.start()

    def _taker(self, signal: Signal) -> Any:
        def take(body: bytes, context: grpc.ServicerContext) -> bytes:
            self._admit(context)
            try:
                taken = self._receiver.take(signal, body)
                if taken.stored is not None:
                    taken.stored.result()
                return bytes(response(signal, taken.rejected).SerializeToString())
            except BusyError as error:
                info = AnyMessage()
                info.Pack(RetryInfo(retry_delay=Duration(seconds=1)))
                self._refuse(context, grpc.StatusCode.RESOURCE_EXHAUSTED, str(error), [info])
            except UnreadableError as error:
                self._refuse(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
            except StoreError as error:
                self._refuse(context, grpc.StatusCode.UNAVAILABLE, str(error))
            raise AssertionError("a refusal has ended the call")

        return take

    def _admit(self, context: grpc.ServicerContext) -> None:
        if self._token is None:
            return
        for name, value in context.invocation_metadata():
            shown = value[7:].strip() if isinstance(value, str) and value[:7].lower() == "bearer " else ""
            if name == "authorization" and shown and same(shown, self._token):
                return
        self._refuse(context, grpc.StatusCode.UNAUTHENTICATED, "a token is needed: authorization: Bearer TOKEN")

    @staticmethod
    def _refuse(context: grpc.ServicerContext, code: grpc.StatusCode, text: str, details: Any = ()) -> None:
        status = Status(code=code.value[0], message=text, details=list(details))
        context.set_trailing_metadata(((_DETAILS, status.SerializeToString()),))
        context.abort(code, text)

    def close(self) -> None:
        """Takes nothing more, and waits for what is under way."""
        self._server.stop(3).wait()


__all__ = ["RpcServer"]
