"""Which models may be asked now: all of their items, one at a time, or none."""

from actors.vocabulary.failures import CLASSES, has_answered
from actors.work import Failure, Lost, Outcome


class Gate:
    """A model that is not freely asked."""

    __slots__ = ("probe", "reason")

    def __init__(self, reason: str = "") -> None:
        self.reason = reason  # why no item of it is assigned; "" lets one through at a time
        self.probe = ""  # the item that was let through


class ModelGates:
    """The gates of one run; a model without one is freely asked."""

    def __init__(self) -> None:
        self._gates: dict[str, Gate] = {}

    def may(self, model: str) -> bool:
        """Whether another item of this model may be assigned."""
        gate = self._gates.get(model)
        return gate is None or not (gate.reason or gate.probe)

    def why_not(self, model: str) -> str:
        """Why no item of this model is assigned; "" if it may be asked, if only one at a time."""
        gate = self._gates.get(model)
        return gate.reason if gate else ""

    def shut(self, model: str, reason: str) -> None:
        """The model cannot be had."""
        self._gates[model] = Gate(reason or "no reason was given")

    def unlatch(self, model: str) -> None:
        """One item at a time, until one shows that the model answers."""
        self._gates[model] = Gate()

    def open(self, model: str) -> None:
        """The model can be had."""
        self._gates.pop(model, None)

    def assigned(self, model: str, item: str) -> None:
        """An item of the model is given to an agent."""
        gate = self._gates.get(model)
        if gate and not gate.reason:
            gate.probe = item

    def released(self, model: str, item: str) -> None:
        """It was not given to one after all."""
        gate = self._gates.get(model)
        if gate and gate.probe == item:
            gate.probe = ""

    def closed(self, model: str, item: str, outcome: Outcome) -> None:
        """An attempt of an item of the model ended."""
        gate = self._gates.get(model)
        if gate is None:
            if isinstance(outcome, Failure) and CLASSES[outcome.reason].breaks_model:
                self.unlatch(model)  # else all its items would fail as fast as they can until somebody shuts the gate
            return
        if gate.probe == item:
            gate.probe = ""
        if not gate.reason and _is_well(outcome):
            self.open(model)


def _is_well(outcome: Outcome) -> bool:
    if isinstance(outcome, Failure):
        return has_answered(outcome.reason)
    return not isinstance(outcome, Lost) and outcome.model is not None  # a review by a command asks no model
