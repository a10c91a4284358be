"""The person of a campaign: starts runs, goes on with paused ones, takes over what does not answer, tries again."""

import json
import re
import time
from collections import Counter
from random import Random

from tests.campaign.model import CampaignModel
from tests.campaign.plans import WORD, Plan, draw
from tests.campaign.witness import Witness
from tests.support.processes import Commands, Process

AT_ONCE, MIXED_AT_ONCE = 3, 2
"""Runs that are not finished, before another is started."""

HUNG_S = 240.0
"""Longer than a command waits for anything."""
AGAIN_S = 1.0
WISH_S = 5.0
"""Until a wish that succeeded, and of which nothing is seen, is repeated."""

LINE = re.compile(r"^mnemosyne: (.*)$", re.MULTILINE)


class Errand:
    """A command that is repeated until it succeeds, each time as a process of its own."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.process: Process | None = None
        self.since = 0.0


class Person:
    """Acts when `act` is called; never waits for a command. `mixed`: see plans.draw."""

    def __init__(
        self, seed: int, commands: Commands, model: CampaignModel, witness: Witness, *, mixed: bool = False
    ) -> None:
        self._rng, self._commands, self._model, self._witness = Random(f"plans {seed}"), commands, model, witness
        self._mixed, self._at_once = mixed, MIXED_AT_ONCE if mixed else AT_ONCE
        self.plans: dict[str, Plan] = {}
        """By key, those that a run was or is being started for."""
        self.refusals: Counter[str] = Counter()
        """What commands that failed have said, by exit code and text."""
        self.broken: list[str] = []
        """Commands that ended with a stack trace, or never."""
        self._errands: dict[str, Errand] = {}
        self._sent: dict[str, float] = {}

    def act(self, *, new: bool = True) -> None:
        """Look after the runs; with `new`, start others for those that are finished."""
        for name, errand in list(self._errands.items()):
            self._see_to(name, errand)
        for key in self._witness.paused:
            self._send(f"continue {key}", "continue", key)
        for (key, item), word in self._witness.asked.items():
            self._send(f"{word} {key} {item}", word, key, item, *((WORD,) if word == "answer" else ()))
        while new and sum(key not in self._witness.finished for key in self.plans) < self._at_once:
            self.start(draw(self._rng, len(self.plans), mixed=self._mixed))

    def start(self, plan: Plan) -> None:
        """Have it run."""
        self.plans[plan.key] = plan
        self._model.learn(plan)
        file = self._commands.folder / f"{plan.key}.json"
        file.write_text(json.dumps(plan.body))
        self._send(plan.key, "run", file.name, "--key", plan.key, "--detach")

    def take_over(self) -> None:
        """Give every run that goes on another driver, as a person does whose run seems to stand still."""
        for key in self.plans:
            if key in self._witness.keys.values() and key not in self._witness.finished:
                self._send(f"take over {key}", "resume", key, "--take-over", "--detach")

    @property
    def is_done(self) -> bool:
        """Whether every plan has run to its end."""
        return not self._errands and self.plans.keys() <= self._witness.finished

    @property
    def unfinished(self) -> list[str]:
        """Keys of runs, and what was not done for them."""
        return [key for key in self.plans if key not in self._witness.finished] + list(self._errands)

    def _send(self, name: str, *words: str) -> None:
        if name not in self._errands and time.monotonic() > self._sent.get(name, 0.0) + WISH_S:
            self._errands[name], self._sent[name] = Errand(*words), time.monotonic()

    def _see_to(self, name: str, errand: Errand) -> None:
        if errand.process is None:
            if time.monotonic() > errand.since + AGAIN_S:
                errand.process, errand.since = self._commands.start(*errand.words), time.monotonic()
            return
        if errand.process.poll() is None:
            if time.monotonic() > errand.since + HUNG_S:
                errand.process.kill()
                self.broken.append(f"`{' '.join(errand.words)}` did not end within {HUNG_S:g} s")
            return
        out, err = errand.process.communicate()
        code, errand.process, errand.since = errand.process.returncode, None, time.monotonic()
        if "Traceback" in out + err:
            self.broken.append(f"`{' '.join(errand.words)}`: {(out + err)[-2000:]}")
        if code == 0 or self._is_moot(errand):
            self._sent[name] = time.monotonic()
            del self._errands[name]
            return
        told = LINE.findall(err)
        self.refusals[f"{code}: {self._plain(told[-1] if told else err[-200:])}"] += 1

    def _is_moot(self, errand: Errand) -> bool:
        """Whether it was about a run that needs it no more."""
        match errand.words:
            case ("continue", key):
                return key not in self._witness.paused
            case ("approve" | "answer", key, item, *_):
                return (key, item) not in self._witness.asked
            case ("resume", key, *_):
                return key in self._witness.finished
        return False

    def _plain(self, told: str) -> str:
        """The same for every run."""
        return re.sub(r"run\d+[\w-]*", "RUN", told)[:200]
