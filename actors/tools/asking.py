"""The tool ask_person: the attempt ends with its questions, and goes on here with the answer."""

from collections.abc import Mapping
from typing import Any

from actors.errors import NeedsPerson
from actors.tools.capability import ASK_PERSON
from actors.tools.tool import Said, ToolSpec, parameters
from actors.vocabulary.review import Answered

QUESTIONS = 5
LENGTH = 1_000


class AskPerson:
    """Answers a call that a person has answered; ends the attempt at any other."""

    def __init__(self, answers: tuple[Answered, ...]) -> None:
        self._answers = {(said.turn, said.call): said.text for said in answers}
        question = {"type": "string", "minLength": 1, "maxLength": LENGTH}
        self.spec = ToolSpec(
            ASK_PERSON,
            "Ask the person who gave you this work what you cannot do it without. Your work stops until the answer "
            "is there, which may take days: ask everything at once, and only what is not yours to decide.",
            parameters({"questions": {"type": "array", "items": question, "minItems": 1, "maxItems": QUESTIONS}}),
        )

    async def call(self, arguments: Mapping[str, Any], key: str, /) -> Said:
        """See Tool. Raises NeedsPerson."""
        turn, call = (int(part) for part in key.rsplit("/", 2)[1:])
        if (turn, call) in self._answers:
            return Said(f"The person answered: {self._answers[turn, call]}")
        error = NeedsPerson("; ".join(arguments["questions"]))
        error.questions, error.turn, error.call = tuple(arguments["questions"]), turn, call
        raise error
