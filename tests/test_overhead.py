"""What llmotel may cost, counted in bytecodes and bytes: the same on every machine, whatever else runs there.

How much time it takes is for ``python -m benchmarks`` to say, never for a test.
"""

from __future__ import annotations

import pytest

from benchmarks import memory, opcodes
from benchmarks.environments import prepare
from benchmarks.limits import MEMORY, OPCODES, SLACK
from benchmarks.opcodes import Opcodes
from benchmarks.rows import rows
from extent import EVERYTHING

CHUNKS = 20_000 if EVERYTHING else 5_000
MEASURED = ("none", "floor:latest", "llmotel:latest")
CHAT_ONLY = ("llmotel:legacy", "llmotel:latest+content", "llmotel:legacy+content")


def quiet(_: str) -> None:
    return


@pytest.fixture(scope="module")
def counted() -> Opcodes:
    every, chat = rows(MEASURED), rows(CHAT_ONLY)
    environments = prepare(every, quiet)
    found = opcodes.measure(every, environments, quiet)
    found.rows = {**opcodes.measure(chat, environments, quiet, ["chat"]).rows, **found.rows}
    return found


def test_no_call_executes_more_bytecodes_than_promised(counted: Opcodes) -> None:
    exceeded = {}
    for limit in OPCODES:
        unit = counted.figures(limit.relative_to)[limit.figure] if limit.relative_to else 1
        figure = counted.figures(limit.row)[limit.figure] / unit
        if not 0 < figure <= limit.most * SLACK:
            exceeded[f"{limit.title}, {limit.row}"] = f"{figure:,.2f}, at most {limit.most:,} {limit.unit}"
    assert exceeded == {}


def test_a_long_stream_is_read_in_the_memory_of_a_short_one() -> None:
    (limit,) = MEMORY
    chosen = rows([limit.row])
    found, errors = memory.measure(chosen, prepare(chosen, quiet), quiet, chunks=CHUNKS, streams=1)
    assert errors == {}
    assert 0 < found[limit.row]["peak_kb"] <= limit.most


def test_every_row_makes_every_call(counted: Opcodes) -> None:
    assert {label: row.errors for label, row in counted.rows.items() if row.errors} == {}


def test_the_floor_makes_the_spans_that_llmotel_makes(counted: Opcodes) -> None:
    ours = counted.rows["llmotel:latest"].attributes
    assert list(ours) == list(opcodes.COUNTED)
    assert counted.rows["floor:latest"].attributes == {
        workload: [name for name in names if not name.startswith("llmotel.")] for workload, names in ours.items()
    }


def test_the_floor_records_the_instruments_that_llmotel_records(counted: Opcodes) -> None:
    by_hand = set(counted.rows["floor:latest"].instruments)
    assert by_hand == {
        name
        for name in counted.rows["llmotel:latest"].instruments
        if name.startswith(("gen_ai.", "llmotel.client.")) and name != "llmotel.client.overhead"
    }


def test_an_unknown_row_is_refused_with_the_names_of_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no such row: otel; there are none, floor:latest"):
        rows(["none", "otel"])
