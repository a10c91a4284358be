"""The page of a plan's format: made from the format, none of it left out."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cluster.docs import plan_doc, plan_words
from cluster.plan import Caps, json_schema, load


def mappings(schema: Any) -> Iterator[set[str]]:
    """The keys of every mapping that the schema describes."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield set(schema["properties"])
        for inner in schema.values():
            yield from mappings(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from mappings(inner)


def test_the_committed_page_is_current() -> None:
    assert plan_doc.PATH.read_text(encoding="utf-8") == plan_doc.page(), "run `make docs`"


def test_every_mapping_of_the_schema_has_a_section() -> None:
    told = [{*keys, "foreach"} for keys, _ in plan_doc.SECTIONS.values()]
    assert [keys for keys in mappings(json_schema()) if not any(keys <= known for known in told)] == []


def test_every_word_is_of_a_section_and_of_a_cap() -> None:
    assert set(plan_words.TOLD) <= set(plan_doc.SECTIONS)
    assert set(plan_words.CAPS) == set(asdict(Caps()))


def test_the_plan_on_the_page_is_one(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(plan_words.EXAMPLE)
    assert [item.id for item in load(tmp_path / "plan.yaml").graph.items] == ["facts", "checks", "report"]
