"""An application whose calls go well or badly as it is told.

python -m stack.alerting_app SERVICE      a line of standard input is its state from then on; it ends with the input
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import openai

import llmotel
from llmotel.testing import ProviderServer, Reply
from llmotel.testing.openai_wire import chat

THREADS = 4
PAUSE = 0.1  # seconds between two calls of a thread


class State(NamedTuple):
    """How calls go. ``failing`` and ``unpriced`` are shares of all; an answer takes ``seconds``, has the score
    ``grounding`` and costs 8 USD for a million ``tokens``."""

    failing: float = 0
    unpriced: float = 0
    seconds: float = 0.02
    grounding: float = 0.95
    tokens: int = 1


STATES: Mapping[str, State] = {
    "well": State(),
    # As bad as may be, by the thresholds of test_alerts_fire.py.
    "worn": State(failing=0.15, seconds=0.3, grounding=0.78),
    "bad": State(failing=0.8, unpriced=0.1, seconds=1.5, grounding=0.3, tokens=500_000),
}


class App:
    """Calls of the real client against a provider on this machine, from several threads."""

    def __init__(self, server: ProviderServer, seed: str) -> None:
        self.state: State | None = STATES["well"]
        self._server = server
        self._client = openai.OpenAI(api_key="any", base_url=server.openai_url, max_retries=0)
        self._random = random.Random(seed)

    def work(self) -> None:
        while (state := self.state) is not None:
            unpriced = self._random.random() < state.unpriced / (1 - state.failing)
            model = "nobody-knows-9" if unpriced else "gpt-4.1"
            if self._random.random() < state.failing:
                reply = Reply(status=500)
            else:
                answer = chat.completion("Yes.", model=model, usage=chat.usage(1, state.tokens))
                reply = Reply(answer, delay=state.seconds)
            self._server.script(reply)
            with llmotel.call() as call:
                try:
                    self._client.chat.completions.create(model=model, messages=[{"role": "user", "content": "?"}])
                except openai.APIStatusError:
                    pass
                else:
                    call.record_quality(grounding=state.grounding)
            time.sleep(PAUSE)


def main(service: str, lines: Any = sys.stdin) -> None:
    llmotel.init(service_name=service)
    with ProviderServer() as server:
        app = App(server, service)
        threads = [threading.Thread(target=app.work) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for line in lines:
            app.state = STATES[line.strip()]
        app.state = None
        for thread in threads:
            thread.join()
    llmotel.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
