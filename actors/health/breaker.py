"""One model under supervision: whether anybody gets an answer from it."""

from enum import Enum, auto
from random import Random

from actors.health.backoff import full_jitter
from actors.health.decisions import Decision, Record
from actors.health.observations import ModelFailed
from actors.journal.fleet import ModelAvailable, ModelUnavailable
from actors.settings import HealthSettings
from actors.vocabulary.failures import CLASSES
from actors.work import FailureKind


class _State(Enum):
    AVAILABLE = auto()
    UNAVAILABLE = auto()
    PROBED = auto()


class Breaker:
    """Available, unavailable, or probed: one call is let through and decides."""

    def __init__(self, model: str, settings: HealthSettings, random: Random) -> None:
        self._model, self._settings, self._random = model, settings, random
        self._close()

    def _close(self) -> None:
        self._state = _State.AVAILABLE
        self._failures, self._sources = 0, set[tuple[str, str, str]]()
        self._openings, self._until = 0, 0.0

    @property
    def is_calm(self) -> bool:
        """Whether the model is available, and no failure counts."""
        return self._state is _State.AVAILABLE and not self._failures

    def failed(self, failure: ModelFailed, now: float) -> list[Decision]:
        """A call failed. Calls that were in flight when the model became unavailable change nothing."""
        if self._state is _State.UNAVAILABLE or not CLASSES[failure.kind].breaks_model:
            return []
        self.note_failure(failure)
        enough = self._failures >= self._settings.model_failures and len(self._sources) >= self._settings.model_sources
        if not (enough or self._state is _State.PROBED or failure.kind is FailureKind.NO_MODEL):
            return []
        reason = failure.message
        if enough and self._state is _State.AVAILABLE:
            reason = f"{self._failures} calls failed in a row, the last: {reason}"
        self.note_opening(now)
        return [Record(ModelUnavailable(model=self._model, reason=reason))]

    def answered(self) -> list[Decision]:
        """A call was answered: the model works, whatever was thought of it."""
        was = self._state
        self._close()
        return [] if was is _State.AVAILABLE else [Record(ModelAvailable(model=self._model, probe=False))]

    def due(self, now: float) -> list[Decision]:
        """The end of the back-off."""
        if self._state is not _State.UNAVAILABLE or now < self._until:
            return []
        self._state = _State.PROBED
        return [Record(ModelAvailable(model=self._model, probe=True))]

    def wake_at(self) -> float | None:
        """When `due` will have something to say."""
        return self._until if self._state is _State.UNAVAILABLE else None

    def note_failure(self, failure: ModelFailed) -> None:
        """Count a failure, deciding nothing."""
        if CLASSES[failure.kind].breaks_model:
            self._failures += 1
            self._sources.add((failure.run, failure.item, failure.agent))

    def note_answer(self) -> None:
        """A call was answered, long ago."""
        if self._state is _State.AVAILABLE:
            self._close()

    def note_opening(self, at: float) -> None:
        """The model is unavailable since then."""
        base, cap = self._settings.model_backoff_base_s, self._settings.model_backoff_max_s
        self._until = at + full_jitter(base, self._openings, cap, self._random)
        self._state, self._openings = _State.UNAVAILABLE, self._openings + 1

    def note_available(self, probe: bool) -> None:
        """It may be asked again, on probation or fully."""
        if probe:
            self._state = _State.PROBED
        else:
            self._close()
