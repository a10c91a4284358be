"""WorkGraph: what waits for what, at any depth and in linear time."""

import itertools
import pickle
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import PlanRefused
from actors.work import Item
from cluster.run.graph import WorkGraph, cycles


def item(id_: str, *dependencies: str) -> Item:
    return Item(id=id_, description="do", dependencies=dependencies)


def graph(**dependencies: Sequence[str]) -> WorkGraph:
    return WorkGraph(tuple(item(id_, *names) for id_, names in dependencies.items()))


DIAMOND = graph(a=(), b="a", c="a", d="bc", e="d", lone=())


def test_a_diamond_is_understood() -> None:
    assert DIAMOND.dependents == {"a": ("b", "c"), "b": ("d",), "c": ("d",), "d": ("e",), "e": (), "lone": ()}
    assert DIAMOND.dependency_counts == {"a": 0, "b": 1, "c": 1, "d": 2, "e": 1, "lone": 0}
    assert DIAMOND.height == {"a": 4, "b": 3, "c": 3, "d": 2, "e": 1, "lone": 1}
    assert DIAMOND.layers() == (("a", "lone"), ("b", "c"), ("d",), ("e",))
    assert DIAMOND.critical_path() == ("a", "b", "d", "e")
    assert DIAMOND.by_id["d"].dependencies == ("b", "c")


def test_a_layer_is_the_longest_path_from_a_root() -> None:
    assert graph(a=(), b="a", c="b", late="ac").layers() == (("a",), ("b",), ("c",), ("late",))


def test_the_order_of_the_plan_does_not_matter() -> None:
    assert graph(c="b", b="a", a=()).order == ("a", "b", "c")


def test_no_items_give_an_empty_graph() -> None:
    empty = WorkGraph(())
    assert (empty.layers(), empty.critical_path(), empty.order) == ((), (), ())


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ((item("a"), item("a")), "same id"),
        ((item("a", "b"),), "'b', which is not in the graph"),
        ((item("a"), item("b", "a", "a")), "twice"),
        ((item("a", "b"), item("b", "a")), "cycle"),
        ((item("a", "a"),), "cycle"),
    ],
)
def test_what_is_no_graph_is_refused(items: tuple[Item, ...], said: str) -> None:
    with pytest.raises(PlanRefused, match=said):
        WorkGraph(items)


def test_a_graph_crosses_processes() -> None:
    copy = pickle.loads(pickle.dumps(DIAMOND))
    assert copy == DIAMOND
    assert copy.height == DIAMOND.height


def test_cycles_are_told_as_closed_paths() -> None:
    assert list(cycles({"a": "b", "b": "c", "c": "a"})) == [("a", "b", "c", "a")]
    assert list(cycles({"a": "a"})) == [("a", "a")]
    assert list(cycles({"a": "b", "b": "a", "x": "y", "y": "x"})) == [("a", "b", "a"), ("x", "y", "x")]
    assert list(cycles({"a": "b", "b": ""})) == []


def test_the_way_to_a_cycle_is_no_part_of_it() -> None:
    assert list(cycles({"far": ["near"], "near": ["a"], "a": ["b"], "b": ["a"]})) == [("a", "b", "a")]


def test_a_chain_of_ten_thousand_needs_no_recursion_and_little_time() -> None:
    items = tuple(item(str(n), *([str(n - 1)] if n else [])) for n in range(10_000))
    started = time.process_time()
    chain = WorkGraph(items)
    assert chain.height["0"] == len(chain.layers()) == len(chain.critical_path()) == 10_000
    assert time.process_time() - started < 2  # 0.1 s where this was written


def test_a_cycle_of_ten_thousand_is_found() -> None:
    (found,) = cycles({str(n): [str((n + 1) % 10_000)] for n in range(10_000)})
    assert len(found) == 10_001


def test_a_fan_of_ten_thousand_is_two_layers() -> None:
    fan = WorkGraph((item("root"), *(item(str(n), "root") for n in range(10_000))))
    assert [len(layer) for layer in fan.layers()] == [1, 10_000]
    assert fan.height["root"] == 2


def test_every_item_waiting_for_every_other_is_no_trouble() -> None:
    ids = [str(n) for n in range(200)]
    assert list(cycles({one: [other for other in ids if other != one] for one in ids}))


edges = st.dictionaries(st.integers(0, 12), st.sets(st.integers(0, 12)), max_size=13)


@given(edges)
def test_layers_and_height_agree_on_any_graph(found: dict[int, set[int]]) -> None:
    ids = {*found, *(n for names in found.values() for n in names)}
    items = tuple(item(str(n), *(str(m) for m in found.get(n, ()) if m < n)) for n in sorted(ids, reverse=True))
    made = WorkGraph(items)
    depth = {id_: number for number, layer in enumerate(made.layers()) for id_ in layer}
    assert sorted(made.order) == sorted(made.by_id) == sorted(depth)
    for one in items:
        assert depth[one.id] == 1 + max((depth[name] for name in one.dependencies), default=-1)
        assert made.height[one.id] == 1 + max((made.height[name] for name in made.dependents[one.id]), default=0)
        for name in one.dependencies:
            assert one.id in made.dependents[name]
    assert len(made.critical_path()) == len(made.layers()) == max(made.height.values(), default=0)


@given(edges)
def test_a_cycle_is_found_exactly_where_there_is_one(found: dict[int, set[int]]) -> None:
    ids = {*found, *(n for names in found.values() for n in names)}
    dependencies = {str(n): [str(m) for m in sorted(found.get(n, ()))] for n in sorted(ids)}
    told = list(cycles(dependencies))
    for cycle in told:
        assert cycle[0] == cycle[-1]
        assert len(set(cycle)) == len(cycle) - 1
        assert all(after in dependencies[before] for before, after in itertools.pairwise(cycle))
    items = tuple(item(name, *names) for name, names in dependencies.items())
    if told:
        with pytest.raises(PlanRefused):
            WorkGraph(items)
    else:
        assert len(WorkGraph(items).order) == len(items)
    # Each item that can reach itself is in a group of which at least one cycle was told.
    reach = _reach(dependencies)
    for name in dependencies:
        if name in reach[name]:
            assert any(name in reach[member] and member in reach[name] for cycle in told for member in cycle)


def _reach(dependencies: dict[str, list[str]]) -> dict[str, set[str]]:
    reach = {name: set(names) for name, names in dependencies.items()}
    for middle in dependencies:
        for name in dependencies:
            if middle in reach[name]:
                reach[name] |= reach[middle]
    return reach
