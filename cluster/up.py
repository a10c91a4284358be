"""A fleet that outlives the command that started it: `up`, `down`, and joining it for a moment."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from actors.build import BUILD
from actors.errors import BuildDiffers, FleetError
from actors.settings import Settings
from cluster import config, fleet_file, head, scraping
from cluster.fleet import Fleet, connect, disconnect
from cluster.fleet_file import FleetFile
from dashboards.page_token import PORT

Tell = Callable[[str], None]

DRIVER_POLL_S = 0.2


async def start(settings: Settings, *, has_key: bool) -> FleetFile:
    """Start a head and a fleet in the home after `end_a_torso`, inside `fleet_file.changing`. Raises FleetError."""
    home = settings.home
    folder = head.ray_folder(home)
    process = head.start(home, folder, len(settings.fleet.pools.agents()) + 3, config.environment_of_head())
    file = FleetFile(
        state="starting",
        since=time.time(),
        build=BUILD,
        pid=process.pid,
        folder=folder,
        namespace=f"mnemosyne-{uuid.uuid4().hex[:8]}",
        shape=settings.fleet,
        has_key=has_key,
    )
    try:
        fleet_file.write(home, file)
        address = await asyncio.to_thread(head.wait_until_up, process, home, folder)
        page = head.free_port(PORT)
        agents = await _start_actors(settings, file.namespace, address, page)
        found = {"address": address, "agents": agents, "dashboard": head.dashboard_of(home), "page": page}
        file = file.model_copy(update={"state": "up", **found})
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
    if not head.is_up(home):
        if file:
            _forget(home, file)
        return False
    if file and file.state == "up":
        with suppress(FleetError):  # its actors do not answer: they are ended all the same
            async with _connected(home, file) as fleet:
                if drain:
                    await _drain(fleet, tell)
                with suppress(OSError):  # a full disk
                    fleet_file.write(home, file.model_copy(update={"state": "ending"}))  # nobody joins it any more
                await fleet.stop_actors()
    end_a_torso(home)
    return True


@asynccontextmanager
async def joined(home: Path, file: FleetFile) -> AsyncIterator[Fleet]:
    """The fleet that is up, for as long as the context. Raises FleetError, BuildDiffers."""
    if file.build != BUILD:
        raise BuildDiffers(
            f"the fleet in {home} runs build {file.build}, this command is build {BUILD}; "
            "end it with `mnemosyne down` and start it with `mnemosyne up`: its runs go on with `resume --all`"
        )
    async with _connected(home, file) as fleet:
        yield fleet


@asynccontextmanager
async def _connected(home: Path, file: FleetFile) -> AsyncIterator[Fleet]:
    connect(file.namespace, address=file.address)
    try:
        fleet = Fleet(Settings(home=home, fleet=file.shape), (), file.namespace, detached=True)
        fleet.find_actors(file.agents)
        yield fleet
    finally:
        disconnect()


async def _start_actors(settings: Settings, namespace: str, address: str, page: int) -> tuple[str, ...]:
    connect(namespace, address=address)
    try:
        fleet = Fleet(settings, (), namespace, detached=True)
        await fleet.start_actors()
        fleet.start_page(page)
        return tuple(fleet.agents)
    finally:
        disconnect()


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
    """End a head that nobody needs any more: `up` or `down` was killed halfway, or `down` is done with its actors."""
    file = fleet_file.read(home)
    if head.is_up(home):
        pid = file.pid if file else head.pid_of(home)
        if pid is None:
            raise FleetError(f"a fleet is up in {home}, and this system does not tell which process it is")
        head.end(pid)
    if file:
        _forget(home, file)


def _forget(home: Path, file: FleetFile) -> None:
    if file.page:
        scraping.forget(home, file.page)
    head.remove_ray_folder(home, file.folder)
    fleet_file.remove(home)
