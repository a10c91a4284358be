"""Events of memories and prompts, one of each kind."""

from actors.context.context import Part, Share
from actors.events import ContextFilled, Event, MemoryForgotten, MemoryRecalled, MemoryStored, TurnDone
from actors.journal.turns import Hit
from actors.memory.memory import Memory
from actors.work import Content

_PART = Part(share=Share.SKILLS, kind="skill", name="deploy", tokens=12)
_SAID = Content(text="{}")
RUN, ITEM, EPOCH, AGENT = "r", "a", 1, "executor-0"

REMEMBERED: list[Event] = [
    MemoryStored(memory=Memory(id="0" * 16, namespace="global", content=Content(text="a secret recipe"))),
    MemoryForgotten(memory="0" * 16),
    MemoryRecalled(run=RUN, item=ITEM, epoch=EPOCH, agent=AGENT, into="tool", found=(Hit(memory="0" * 16, score=0.9),)),
    ContextFilled(run=RUN, item=ITEM, epoch=EPOCH, agent=AGENT, budget=1000, parts=(_PART,)),
    TurnDone(run=RUN, item=ITEM, epoch=EPOCH, agent=AGENT, turn=2, said=_SAID, model="m", usage_percent=80),
]
