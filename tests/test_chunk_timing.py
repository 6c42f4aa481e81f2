"""The waits between the chunks of a stream: every one counted, and their sum the time between first and last."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmotel.model.chunk_timing import BLOCK, ChunkTiming
from llmotel.semconv import DURATION_EDGES

# Seconds between two chunks. Eighths have no rounding.
WAITS = st.lists(st.integers(0, 80).map(lambda eighths: eighths / 8), min_size=1, max_size=3 * BLOCK)


def timed(arrivals: list[float]) -> ChunkTiming:
    """Takes the arrivals as a stream does: aggregated whenever the list is full."""
    timing = ChunkTiming()
    for arrival in arrivals:
        timing.timestamps.append(arrival)
        if len(timing.timestamps) >= BLOCK:
            timing.aggregate()
    return timing


def bucket(seconds: float) -> int:
    """The bucket of the duration histograms that a value falls into."""
    return sum(seconds > edge for edge in DURATION_EDGES)


@given(WAITS)
def test_every_wait_is_in_its_bucket_and_none_is_longer_or_shorter_than_it_was(waits: list[float]) -> None:
    arrivals = list(accumulate(waits, initial=1000.0))
    timing = timed(arrivals)
    found = list(timing.inter_chunk_seconds())
    between = [later - earlier for earlier, later in pairwise(arrivals)]
    assert sorted(map(bucket, found)) == sorted(map(bucket, between))
    assert sum(found) == pytest.approx(arrivals[-1] - arrivals[0])
    assert timing.chunks == len(arrivals)
    assert timing.begin() == 1000.0


def test_no_wait_is_lost_where_readings_are_aggregated() -> None:
    timing = timed([float(second) for second in range(3 * BLOCK + 5)])
    assert list(timing.inter_chunk_seconds()) == [1.0] * (3 * BLOCK + 4)


def test_a_stream_of_one_chunk_has_no_wait() -> None:
    assert list(timed([5.0]).inter_chunk_seconds()) == []


def test_a_stream_of_none_has_not_begun() -> None:
    timing = timed([])
    assert (timing.begin(), timing.chunks, list(timing.inter_chunk_seconds())) == (None, 0, [])
