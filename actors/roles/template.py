"""Parts of prompts that are files with places to fill: {{name}}. What is filled in is never looked through again."""

import re
from pathlib import Path

PLACE = re.compile(r"\{\{(\w+)\}\}")


class Template:
    """A text with places."""

    def __init__(self, file: Path) -> None:
        self._text = file.read_text(encoding="utf-8").strip()
        self.places = frozenset(PLACE.findall(self._text))

    def fill(self, **values: str) -> str:
        """The text with every place filled. Raises ValueError unless exactly its places are given."""
        if values.keys() != self.places:
            raise ValueError(f"the places are {sorted(self.places)}, given are {sorted(values)}")
        return PLACE.sub(lambda found: values[found[1]], self._text)
