"""Records: the engine's data classes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from llmotel.model.structs import FrozenStruct, Struct


def double(number: int) -> int:
    return 2 * number


class Point(Struct):
    x: int
    y: int = 0
    scale: Callable[[int], int] = double


class Place(FrozenStruct):
    name: str


def test_fields_are_given_in_their_order_or_by_name() -> None:
    assert (Point(1, 2).x, Point(1, 2).y) == (1, 2)
    assert Point(y=2, x=1) == Point(1, 2) == Point(1, y=2)


def test_what_is_not_given_has_its_default() -> None:
    assert Point(1) == Point(1, 0)


def test_a_function_as_default_is_a_value_and_no_method() -> None:
    assert Point(1).scale(4) == 8


@pytest.mark.parametrize(
    ("values", "named"),
    [((), {}), ((), {"y": 1}), ((1, 2, double, 4), {}), ((1,), {"x": 1}), ((1,), {"z": 1}), ((1, 2), {"y": 2})],
    ids=["nothing", "without what is needed", "too many", "twice", "unknown", "twice by its default"],
)
def test_what_does_not_fit_is_refused(values: tuple[int, ...], named: dict[str, int]) -> None:
    with pytest.raises(TypeError, match="Point takes x, y, scale: each once at most, at least x, nothing else"):
        Point(*values, **named)  # type: ignore[arg-type]


def test_records_are_equal_when_their_class_and_fields_are() -> None:
    assert Point(1, 2) == Point(1, 2)
    assert Point(1, 2) != Point(1, 3)
    assert Point(1, 2) != (1, 2)


def test_a_record_shows_its_fields() -> None:
    assert repr(Place("Paris")) == "Place(name='Paris')"


def test_another_one_is_made_with_changes() -> None:
    assert Point(1, 2).replaced(y=3) == Point(1, 3)
    with pytest.raises(TypeError):
        Point(1, 2).replaced(z=3)


def test_a_record_changes_and_a_frozen_one_does_not() -> None:
    point, place = Point(1), Place("Paris")
    point.y = 5
    assert point == Point(1, 5)
    with pytest.raises(AttributeError, match=r"Place\.name cannot be set: replaced\(name=\.\.\.\) makes a new one"):
        place.name = "Rome"
    with pytest.raises(AttributeError):
        del place.name
    assert place.replaced(name="Rome").name == "Rome"


class Map(FrozenStruct):
    name: str
    places: dict[str, Place]


def test_a_frozen_record_is_a_key_that_an_equal_one_finds() -> None:
    assert {Place("Paris"): 1}[Place("Paris")] == 1
    assert Place("Rome") not in {Place("Paris"): 1}
    assert len({Map("of France", {"a": Place("Paris")}), Map("of France", {"a": Place("Paris")})}) == 1


def test_one_whose_first_field_is_no_key_is_none_either() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Place(["Paris"]))  # type: ignore[arg-type]


def test_a_record_that_changes_is_no_key() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Point(1))
