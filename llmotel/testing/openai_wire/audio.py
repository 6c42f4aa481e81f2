"""Audio (https://platform.openai.com/docs/api-reference/audio): speech, transcriptions and translations, and their
streams. The body of a speech is bytes: :data:`~llmotel.testing.samples.MP3`, or any other."""

from __future__ import annotations

import base64

from llmotel.testing.reply import Body, Event
from llmotel.testing.samples import pieces

TEXT = "Imagine the wildest idea that you've ever had."


def token_usage(audio: int = 14, output: int = 12, *, text: int = 0) -> Body:
    """What the gpt-4o-transcribe models bill."""
    return {
        "type": "tokens",
        "input_tokens": audio + text,
        "input_token_details": {"audio_tokens": audio, "text_tokens": text},
        "output_tokens": output,
        "total_tokens": audio + text + output,
    }


def duration_usage(seconds: float = 9.0) -> Body:
    """What whisper-1 bills."""
    return {"type": "duration", "seconds": seconds}


def transcription(text: str = TEXT, *, usage: Body | None = None, extra: Body | None = None) -> Body:
    """A transcription in the format ``json``."""
    return {"text": text, "usage": usage or token_usage(), **(extra or {})}


def verbose_transcription(
    text: str = TEXT,
    *,
    task: str = "transcribe",
    language: str = "english",
    duration: float = 9.0,
) -> Body:
    """A transcription or a translation (``task="translate"``) in the format ``verbose_json``."""
    segment = {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": duration,
        "text": text,
        "tokens": [50364, 3811, 264],
        "temperature": 0.0,
        "avg_logprob": -0.29,
        "compression_ratio": 1.24,
        "no_speech_prob": 0.0098,
    }
    body = {"task": task, "language": language, "duration": duration, "text": text, "segments": [segment]}
    return body if task == "translate" else {**body, "usage": duration_usage(duration)}


def translation(text: str = TEXT) -> Body:
    """A translation in the format ``json``, which has nothing but the text."""
    return {"text": text}


def transcription_events(body: Body) -> list[Event]:
    """The stream of a :func:`transcription`."""
    deltas: list[Event] = [{"type": "transcript.text.delta", "delta": piece} for piece in pieces(body["text"])]
    return [*deltas, {"type": "transcript.text.done", "text": body["text"], "usage": body.get("usage")}]


def speech_events(data: bytes, *, text_tokens: int = 14) -> list[Event]:
    """The stream of a speech where ``stream_format`` is ``sse``; a token of audio for every 16 bytes of ``data``."""
    sound = base64.b64encode(data).decode()
    output = len(data) // 16
    usage = {"input_tokens": text_tokens, "output_tokens": output, "total_tokens": text_tokens + output}
    return [{"type": "speech.audio.delta", "audio": sound}, {"type": "speech.audio.done", "usage": usage}]
