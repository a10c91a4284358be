"""Random lives of an agent under supervision, for tests: what happens to it, and what is decided."""

from hypothesis import strategies as st

from actors.health.observations import Admitted, Died, Fault, Observation, Ping, Requested, Round
from actors.work import RestartCause
from tests.support.supervision import T0, A, Stage, Story, told

Step = tuple[str, int]
ACTIONS = ("fault", "fault", "fault", "crash", "hang", "memory", "request", "node_lost", "up")
steps = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 40)), max_size=40)
"""What happens, and half seconds until it does."""


class Life:
    """An agent that lives through steps: at most one process at a time, `generation` the newest."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.generation, self.is_up, self.admitted = stage, 0, False, False

    def observation(self, action: str) -> Observation:
        """What the monitor is told."""
        match action:
            case "fault":
                return Fault(A, self.generation, "boom")
            case "hang":
                now = T0 + self.stage.now
                return Round((Ping(A, self.generation, "n", now, now, 10.0),))
            case "memory":
                now = T0 + self.stage.now
                return Round((Ping(A, self.generation, "n", now, now, memory_mb=4096),))
            case "request":
                return Requested(A)
        return Died(A, self.generation, RestartCause(action), "gone")

    def move(self, action: str) -> Story:
        """Do it, if it can happen now; what was decided."""
        if action == "up":
            if self.is_up:
                return []
            self.generation, self.is_up, self.admitted = self.generation + 1, True, False
            return self.heard(self.stage.start(self.generation))
        if not self.is_up:
            return []
        story = self.heard(told(self.stage.see(self.observation(action))))
        if any(line[0] in {"restarted", "failed"} for line in story):
            self.is_up = self.admitted = False
        return story

    def pass_time(self, seconds: float) -> Story:
        """Let time pass, waking up whenever supervision asks for it."""
        until, story = self.stage.now + seconds, Story()
        while (due := self.stage.health.wake_at()) is not None and due - T0 <= until:
            story += self.heard(self.stage.tick(due - T0))
        self.stage.now = until
        return story

    def heard(self, story: Story) -> Story:
        """Carry an admission out."""
        for line in story:
            if line[0] == "admit":
                self.admitted = True
                assert self.stage.see(Admitted(A, self.generation)) == []
        return story
