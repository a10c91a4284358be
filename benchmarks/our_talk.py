"""mnemosyne: a conversation as the product holds it, over its own store, without Ray.

    python -m benchmarks.our_talk FOLDER '{"turns", "said", "result"}'

The product ends an item after 50 turns; here it does not.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from actors.roles import conversation
from actors.stores.group import GroupStore
from actors.stores.protocol import Accept
from actors.tools.tool import ToolResult
from tests.support.conversations import Notebook, Playing, calls, says
from tests.support.talks import ITEM, hold

WINDOW = 10_000_000
"""So that nothing is condensed."""


class Tool(Notebook):
    """Says always the same."""

    def __init__(self, result: str) -> None:
        super().__init__()
        self._result = result

    async def call(self, name: str, arguments: Any, key: str) -> ToolResult:
        """See Toolbox."""
        self.notes.append((key, (name, arguments)))
        return ToolResult(self._result)


async def main(folder: Path, asked: dict[str, Any]) -> None:
    """The whole conversation."""
    conversation.TURNS = asked["turns"] + 1
    store = GroupStore(folder / "store.db")
    await store.accept(Accept("r", None, "r", "digest", "m", (ITEM,), {}))
    await store.claim("r", "driver")
    model = Playing(*[calls(asked["said"])] * (asked["turns"] - 1), says(asked["said"]))
    await hold(store, model, Tool(asked["result"]), window=WINDOW)
    assert len(model.requests) == asked["turns"]
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), json.loads(sys.argv[2])))
