"""What a campaign found: one line per promise, one per kind of fault, and whether all of it holds."""

import bisect
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.campaign.monkey import KINDS, Struck
from tests.campaign.so_far import Told
from tests.campaign.verdict import Judged

SHOWN = 10


@dataclass
class Report:
    """Everything as plain values."""

    seed: int
    seconds: float
    load: tuple[float, float, float]
    judged: Judged
    struck: Sequence[Struck]
    results: Sequence[float]
    """When items were finished, oldest first."""
    runs: int
    calls: int
    restarts: int
    unfinished: Sequence[str]
    """What was not over when patience was."""
    broken: Sequence[str]
    """Commands that broke."""
    refusals: dict[str, int]
    searched: dict[str, int]
    """How much was searched for the key, by place."""
    canary: dict[str, list[str]]
    """Where it was found."""
    unhealed: list[str] = field(default_factory=list)
    """What did not work again after the last strike."""
    kinds: Sequence[tuple[str, str]] = KINDS
    """Of faults, of which each has to land."""
    store: str = "sqlite"
    asked_s: float = 0.0
    """How long it was to strike; less if it was ended."""
    took: Mapping[str, float] = field(default_factory=dict)
    """Seconds of each part; calm is until everything was over and well."""
    growth: Sequence[Told] = ()

    @property
    def void(self) -> list[str]:
        """Kinds of which none landed."""
        landed = {(struck.how, struck.what) for struck in self.struck}
        return [f"{how} {what}" for how, what in self.kinds if (how, what) not in landed]

    @property
    def wrong(self) -> dict[str, Sequence[str]]:
        """What must be empty and is not."""
        judged = self.judged
        found: dict[str, Sequence[str]] = {
            "items lost": judged.lost,
            "results recorded twice": judged.twice,
            "finished work asked for again": judged.again,
            "infrastructure failures as results": judged.false,
            "violations of invariants": judged.violations,
            "not finished": self.unfinished,
            "broken commands": self.broken,
            "did not heal": self.unhealed,
            **{f"canary in {place}": where for place, where in self.canary.items()},
        }
        return {what: told for what, told in found.items() if told}

    @property
    def code(self) -> int:
        """Exit code: 0 if all holds and every kind landed."""
        return 1 if self.wrong or self.void else 0

    def recoveries(self, how: str | None = None, what: str | None = None) -> list[float]:
        """Seconds from each fault to the next item that was finished, shortest first."""
        wanted = [s.at for s in self.struck if how in (None, s.how) and what in (None, s.what)]
        places = [(at, bisect.bisect_left(self.results, at)) for at in wanted]
        return sorted(self.results[place] - at for at, place in places if place < len(self.results))

    def told(self) -> dict[str, Any]:
        """As JSON."""
        kinds = {f"{how} {what}": summary(self.recoveries(how, what)) for how, what in self.kinds}
        facts = {
            name: value for name, value in vars(self).items() if name not in ("struck", "results", "judged", "growth")
        }
        sums = {name: len(v) if isinstance(v, list) else v for name, v in asdict(self.judged).items()}
        return {
            **facts,
            **sums,
            "poisoned": self.judged.poison,
            "faults": len(self.struck),
            "recovery": summary(self.recoveries()),
            "kinds": kinds,
            "void": self.void,
            "wrong": {what: list(told) for what, told in self.wrong.items()},
            "struck": [list(struck) for struck in self.struck],
            "growth": [told._asdict() for told in self.growth],
        }

    def table(self) -> str:
        """For people."""
        judged, recovery = self.judged, summary(self.recoveries())
        load = "/".join(f"{value:.1f}" for value in self.load)
        lines = [
            f"seed {self.seed}, {self.seconds:.0f} of {self.asked_s:.0f} s, store {self.store}, load {load}: "
            f"{len(self.struck)} faults, {self.runs} runs, {self.calls} calls, {self.restarts} restarts of agents",
            f"items done                          {judged.done} of {judged.items}",
            f"items lost                          {len(judged.lost)}",
            f"results recorded twice              {len(judged.twice)}",
            f"finished work asked for again       {len(judged.again)}",
            f"infrastructure failures as results  {len(judged.false)}",
            f"violations of invariants            {len(judged.violations)}",
            f"canary found                        {sum(map(len, self.canary.values()))} in {self._where()}",
            f"taken for poison, struck twice      {len(judged.poison)}",
            f"paid twice                          {judged.paid_twice}, of {judged.attempts_lost} attempts lost",
            f"seconds to the next result          median {recovery['median']}, p99 {recovery['p99']}",
            f"seconds                             {', '.join(f'{part} {s:.0f}' for part, s in self.took.items())}",
            "",
            f"{'fault':22}{'landed':>7}{'median s':>10}{'longest s':>11}",
        ]
        for how, what in self.kinds:
            found = summary(self.recoveries(how, what))
            lines.append(f"{how + ' ' + what:22}{found['n']:7}{found['median']:>10}{found['longest']:>11}")
        lines += [f"a command was refused {count} times: {told}" for told, count in self.refusals.items()]
        for what, told in self.wrong.items():
            lines += [f"WRONG {what} ({len(told)}): {one}" for one in told[:SHOWN]]
        lines += [f"VOID: no fault of this kind landed: {kind}" for kind in self.void]
        again = f"make campaign seconds={self.asked_s:.0f} seed={self.seed} store={self.store}"
        return "\n".join([*lines, "all of it holds" if not self.code else f"IT DOES NOT HOLD; once more: {again}"])

    def _where(self) -> str:
        return ", ".join(f"{count} {place}" for place, count in self.searched.items())


def summary(values: Sequence[float]) -> dict[str, Any]:
    """Of seconds, shortest first; "-" where there are none. p99 is the longest of fewer than 100."""
    if not values:
        return {"n": 0, "median": "-", "p99": "-", "longest": "-"}
    p99 = values[min(len(values) - 1, int(0.99 * len(values)))]
    median = statistics.median(values)
    return {"n": len(values), "median": round(median, 2), "p99": round(p99, 2), "longest": round(values[-1], 2)}
