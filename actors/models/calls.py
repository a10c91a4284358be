"""How the agents of one process call models."""

from collections.abc import Callable
from random import Random

from actors.models.choice import is_governed
from actors.models.patient import PatientModel, Timeout
from actors.models.permits import FREE, Permits
from actors.models.port import Model
from actors.models.spending import Spending
from actors.settings import PatienceSettings

OpenModel = Callable[[str], Model]


class ModelCalls:
    """One for all attempts of a process: where models, permits and patience come from."""

    def __init__(
        self,
        open_model: OpenModel,
        permits: Permits | None = None,
        patience: PatienceSettings | None = None,
        random: Random | None = None,
    ) -> None:
        self._open_model, self._permits = open_model, permits or FREE
        self._patience, self._random = patience or PatienceSettings(), random or Random()  # noqa: S311 - jitter

    def model(self, name: str, timeout: Timeout, spending: Spending) -> PatientModel:
        """The model of this name for one attempt. Raises ModelMissing."""
        permits = self._permits if is_governed(name) else FREE
        return PatientModel(self._open_model(name), timeout, spending, permits, self._patience, self._random)
