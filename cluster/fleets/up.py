"""A fleet that outlives the command that started it: `up`, `down`, and joining it for a moment."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from actors.errors import BuildDiffers, FleetError
from actors.machine.build import BUILD
from actors.settings import Settings
from cluster.fleets import fleet_file, head, scraping, turn
from cluster.fleets.fleet import Fleet, connect, disconnect
from cluster.fleets.fleet_file import FleetFile
from cluster.home import config
from dashboards.page_token import PORT

Tell = Callable[[str], None]

DRIVER_POLL_S = 0.2


async def start(settings: Settings, *, has_key: bool) -> FleetFile:
    """Start a fleet in the home after `end_a_torso`, inside `turn.changing`: with a head of its own, or in a job
    on the job's cluster. Raises FleetError.
    """
    file = FleetFile(
        state="starting",
        since=time.time(),
        build=BUILD,
        namespace=f"mnemosyne-{uuid.uuid4().hex[:8]}",
        shape=settings.fleet,
        models=settings.models,
        has_key=has_key,
    )
    start_ = _start_on_cluster if config.in_ray_job() else _start_with_head
    return await start_(settings, file)


async def _start_on_cluster(settings: Settings, file: FleetFile) -> FleetFile:
    home = settings.home
    file = file.model_copy(update={"address": config.ray_address() or ""})
    fleet_file.write(home, file)  # before the first actor: none is ever without a file that names it
    try:
        file = await _start_actors(settings, file)
    except BaseException:
        end_a_torso(home)
        raise
    fleet_file.write(home, file)
    return file


async def _start_with_head(settings: Settings, file: FleetFile) -> FleetFile:
    home = settings.home
    folder = head.ray_folder(home)
    process = head.start(home, folder, len(settings.fleet.pools.agents()) + 3, config.environment_of_head())
    file = file.model_copy(update={"pid": process.pid, "folder": folder})
    try:
        fleet_file.write(home, file)
        address = await asyncio.to_thread(head.wait_until_up, process, home, folder)
        file = await _start_actors(settings, file.model_copy(update={"address": address}))
        file = file.model_copy(update={"dashboard": head.dashboard_of(home)})
        fleet_file.write(home, file)
    except BaseException:
        head.end(process.pid)
        _forget(home, file)
        raise
    process.returncode = 0  # it is not waited for: it outlives this process
    return file


async def stop(home: Path, *, drain: bool, tell: Tell) -> bool:
    """End the home's fleet, after the calls in flight if `drain`; whether there was one. Inside `changing`."""
    file = fleet_file.read(home)
    if not (fleet_file.lives(home, file) if file else head.is_up(home)):
        if file:
            _forget(home, file)
        return False
    if file and file.state == "up":
        _refuse_outside(home, file)
        with suppress(FleetError):  # its actors do not answer: they are ended all the same
            async with _connected(home, file) as fleet:
                if drain and not await turn.unless_hurried(home, _drain(fleet, tell)):
                    tell("Another command ends the fleet at once: the calls in flight are paid for again.")
                with suppress(OSError):  # a full disk
                    fleet_file.write(home, file.model_copy(update={"state": "ending"}))  # nobody joins it any more
                await fleet.stop_actors()
    end_a_torso(home)
    return True


@asynccontextmanager
async def joined(home: Path, file: FleetFile) -> AsyncIterator[Fleet]:
    """The fleet that is up, for as long as the context. Raises FleetError, BuildDiffers."""
    _refuse_outside(home, file)
    if file.build != BUILD:
        raise BuildDiffers(
            f"the fleet in {home} runs build {file.build}, this command is build {BUILD}; "
            "end it with `mnemosyne down` and start it with `mnemosyne up`: its runs go on with `resume --all`"
        )
    async with _connected(home, file) as fleet:
        yield fleet


def _refuse_outside(home: Path, file: FleetFile) -> None:
    if file.on_cluster and not config.in_ray_job():
        raise FleetError(
            f"the fleet in {home} is on the Ray cluster at {file.address}; submit this as a job there: "
            f"`ray job submit --working-dir . -- python -m cluster … --home {home}`"
        )


@contextmanager
def _ray_of(file: FleetFile) -> Iterator[None]:
    connect(file.namespace, **({} if file.on_cluster else {"address": file.address}))  # a job's own is in its variables
    try:
        yield
    finally:
        disconnect()


@asynccontextmanager
async def _connected(home: Path, file: FleetFile) -> AsyncIterator[Fleet]:
    with _ray_of(file):
        fleet = as_it_was_started(home, file)
        fleet.find_actors(file.agents)
        yield fleet


def as_it_was_started(home: Path, file: FleetFile) -> Fleet:
    """The fleet of the file; what it starts now has the settings of what was started then."""
    return Fleet(Settings(home=home, fleet=file.shape, models=file.models), (), file.namespace, detached=True)


async def _start_actors(settings: Settings, file: FleetFile) -> FleetFile:
    """The file of the fleet once it is up."""
    page = head.free_port(PORT)
    with _ray_of(file):
        fleet = Fleet(settings, (), file.namespace, detached=True)
        await fleet.start_actors()
        fleet.start_page(page)
        return file.model_copy(update={"state": "up", "agents": tuple(fleet.agents), "page": page})


async def _drain(fleet: Fleet, tell: Tell) -> None:
    told, silent = -1, set[str]()
    while drivers := {run: driver for run, driver in fleet.drivers().items() if run not in silent}:
        if len(drivers) != told:
            told = len(drivers)
            tell(f"Waiting for the calls in flight of {told} {'run' if told == 1 else 'runs'} …")
        heard = await asyncio.gather(*(driver.drain() for driver in drivers.values()))
        for name in (name for name, hears in zip(drivers, heard, strict=True) if not hears):
            silent.add(name)
            tell(f"{name} does not answer and is ended as it is: its calls in flight are paid for again.")
        await asyncio.sleep(DRIVER_POLL_S)


def end_a_torso(home: Path) -> None:
    """End a fleet that nobody needs any more: `up` or `down` was killed halfway, or `down` is done with its actors."""
    file = fleet_file.read(home)
    if file and file.on_cluster:
        if fleet_file.lives(home, file):
            _refuse_outside(home, file)
            with _ray_of(file):
                Fleet(Settings(home=home), (), file.namespace, detached=True).end_actors()
    elif head.is_up(home):
        pid = file.pid if file else head.pid_of(home)
        if pid is None:
            raise FleetError(f"a fleet is up in {home}, and this system does not tell which process it is")
        head.end(pid)
    if file:
        _forget(home, file)


def _forget(home: Path, file: FleetFile) -> None:
    if file.page:
        scraping.forget(home, file.page)
    if not file.on_cluster:
        head.remove_ray_folder(home, file.folder)
    fleet_file.remove(home)
