"""Do all nodes of a cluster run the same, can each of them work, and is there one for the store?"""

import math
from collections.abc import Callable, Iterator, Sequence

from actors.errors import FleetError
from cluster.doctor.finding import Finding, Level, broken, ok, warning
from cluster.doctor.look import Look

SKEW_S = 2.0
"""Times of events are the store's; a clock that is further off makes logs and certificates hard to understand."""

SAME = "bring the same sources and the same requirements.lock to every node, then start its Ray anew"


def nodes(look: Callable[[], Sequence[Look]], build: str, cpus: float) -> Iterator[Finding]:
    """Every node; `build` is that of whoever asks, `cpus` what an agent asks for."""
    try:
        looks = look()
    except FleetError as error:
        cure = "see `ray status` on the head; the address is Ray's own, from RAY_ADDRESS of the job"
        yield broken("cluster", str(error), cure)
        return
    told = [one for one in looks if not one.trouble]
    yield _cluster(looks)
    yield from (
        broken(f"node {one.node}", one.trouble, "see its logs; `ray start` it anew") for one in looks if one.trouble
    )
    if told:
        yield _same("builds", {one.node: one.build for one in told}, build)
        yield _same("versions", {one.node: f"Python {one.python}, Ray {one.ray}" for one in told})
        yield _clocks(told)
        yield _room(told, cpus)
        yield from _checks(told)


def _cluster(looks: Sequence[Look]) -> Finding:
    told = f"{len(looks)} {'node' if len(looks) == 1 else 'nodes'}"
    if any(one.head for one in looks):
        return ok("cluster", f"Ray answers: {told}")
    cure = "start the head; a head that Ray does not call so was started by something else than `ray start --head`"
    return broken("cluster", f"{told}, and none of them is the head, where store and drivers go", cure)


def _same(name: str, told: dict[str, str], wanted: str | None = None) -> Finding:
    """The value that most have is taken for the right one, unless it is told."""
    values = list(told.values())
    right = wanted or max(values, key=values.count)
    others = [f"{node} has {value}" for node, value in told.items() if value != right]
    if others:
        return broken(name, f"{right} here, but {'; '.join(others)}", SAME)
    return ok(name, f"{right} on every node")


def _clocks(looks: Sequence[Look]) -> Finding:
    off = [f"{one.node} by {one.skew_s:+.1f} s" for one in looks if abs(one.skew_s) > SKEW_S]
    if off:
        return warning("clocks", f"differ from the one here: {'; '.join(off)}", "let an NTP client set them")
    return ok("clocks", f"within {SKEW_S:g} s")


def _room(looks: Sequence[Look], each: float) -> Finding:
    total = sum(one.cpus for one in looks)
    if not each:
        return ok("room", f"{total:g} CPUs; agents ask for none of them and find room on every node")
    agents = sum(math.floor(one.cpus / each) for one in looks)
    if agents:
        return ok("room", f"{total:g} CPUs, {each:g} for an agent: {agents} at once, the rest waits for more nodes")
    cure = "let an autoscaler add nodes, or lower MNEMOSYNE_AGENT_CPUS"
    return warning("room", f"no node has the {each:g} CPUs that an agent asks for", cure)


def _checks(looks: Sequence[Look]) -> Iterator[Finding]:
    """What is not well on a node, each; what is well everywhere in a line."""
    bad = [(one.node, finding) for one in looks for finding in one.findings if finding.level is not Level.OK]
    for node, finding in bad:
        yield finding.model_copy(update={"name": f"{finding.name} on {node}"})
    well = {finding.name for one in looks for finding in one.findings} - {finding.name for _, finding in bad}
    if well:
        yield ok("on each node", f"well: {', '.join(sorted(well))}")
