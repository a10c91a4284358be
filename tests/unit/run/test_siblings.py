"""Which items begin their prompts alike."""

from actors.vocabulary.contents import Content, Shared
from actors.work import Item
from cluster.run.siblings import Siblings


def item(id_: str, *dependencies: str, tools: tuple[str, ...] = (), **inputs: str) -> Item:
    given = {name: Content(text=text) for name, text in inputs.items()}
    return Item(id=id_, description="d", dependencies=dependencies, inputs=given, tools=tools)


def test_a_fan_out_shares_what_it_waits_for_and_the_inputs_that_all_have() -> None:
    items = [item(f"i{n}", "brief", guide="the guide", topic=f"topic {n}") for n in range(4)]
    it = Siblings([item("brief"), *items, item("merge", *(i.id for i in items))])
    assert all(it.of(one) == Shared(results=True, inputs=("guide",)) for one in items)
    assert it.of(item("brief")) == Shared()
    assert it.of(item("merge", *(i.id for i in items))) == Shared()


def test_items_without_dependencies_share_inputs_alone() -> None:
    items = [item(f"i{n}", guide="the guide", topic=f"topic {n}") for n in range(3)]
    it = Siblings([*items, item("other", topic="x")])
    assert [it.of(one) for one in items] == [Shared(inputs=("guide",))] * 3
    assert it.of(item("other", topic="x")) == Shared()


def test_an_input_that_only_some_have_is_none_of_what_all_begin_with() -> None:
    items = [item("a", "x", guide="g"), item("b", "x", guide="g"), item("c", "x")]
    it = Siblings(items)
    assert [it.of(one) for one in items] == [Shared(results=True)] * 3


def test_other_tools_are_another_beginning() -> None:
    items = [item("a", "x"), item("b", "x", tools=("command",))]
    it = Siblings(items)
    assert [it.of(one) for one in items] == [Shared()] * 2


def test_random_parents_share_nothing() -> None:
    items = [item("a", "x", "y"), item("b", "y", "z"), item("c", "x", "z")]
    assert [Siblings(items).of(one) for one in items] == [Shared()] * 3


def test_items_that_come_later_count() -> None:
    it = Siblings([item("a", "x")])
    it.add([item("b", "x")])
    assert it.of(item("a", "x")) == Shared(results=True)
