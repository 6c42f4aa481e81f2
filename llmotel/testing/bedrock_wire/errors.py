"""Error answers of Bedrock (https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html): the exception's
name is in a header."""

from __future__ import annotations

from llmotel.testing.reply import Body, Event, Reply

_KNOWN = {  # status -> exception, message
    400: ("ValidationException", "The provided model identifier is invalid."),
    401: ("UnrecognizedClientException", "The security token included in the request is invalid."),
    403: ("AccessDeniedException", "You don't have access to the model with the specified model ID."),
    404: ("ResourceNotFoundException", "Could not resolve the foundation model from the provided model identifier."),
    408: ("ModelTimeoutException", "Model has timed out in processing the request. Try your request again."),
    424: (
        "ModelErrorException",
        "The system encountered an unexpected error during processing. Try your request again.",
    ),
    429: ("ThrottlingException", "Too many requests, please wait before trying again."),
    500: ("InternalServerException", "The system encountered an unexpected error during processing."),
    503: ("ServiceUnavailableException", "Bedrock is unable to process your request."),
}


def reply(status: int, message: str | None = None, *, type: str | None = None) -> Reply:  # noqa: A002
    """An answer with an error ``status``, with what Bedrock says for it unless given."""
    known_type, known_message = _KNOWN.get(status, ("InternalServerException", f"Status {status}"))
    headers = {"x-amzn-errortype": type or known_type}
    return Reply({"message": message or known_message}, status=status, headers=headers)


def event(name: str = "modelStreamErrorException", message: str = "The model stream was interrupted.") -> Body:
    """What ends a stream that failed on the way: ``throttlingException``, ``validationException``,
    ``internalServerException``, ``serviceUnavailableException``, ``modelTimeoutException`` or the default."""
    return {name: {"message": message}}


EVENT: Event = event()
"""The error event of a stream that fails on the way."""
