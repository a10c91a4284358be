"""`up` with every setting: `-m tests.support.start_fleet HOME FLEET HEALTH [MODELS]`, all but the first as JSON."""

import asyncio
import sys
from pathlib import Path

from actors.settings import FleetSettings, HealthSettings, ModelSettings
from cluster.fleets import turn
from cluster.home import api_key, config


def main(at: str, fleet: str, health: str, models: str = "{}") -> None:
    """Returns once the fleet is up."""
    home = config.make_home(Path(at))
    settings = config.read_settings(home, FleetSettings.model_validate_json(fleet))
    named = ModelSettings.model_validate_json(models)
    reached = settings.models.model_copy(update={name: getattr(named, name) for name in named.model_fields_set})
    settings = settings.model_copy(update={"health": HealthSettings.model_validate_json(health), "models": reached})
    config.prepare_ray(home)
    from cluster.fleets import up

    with turn.changing(home, print):
        asyncio.run(up.start(settings, has_key=api_key.has_key()))


if __name__ == "__main__":
    main(*sys.argv[1:])
