"""Machines on this machine: each has its own network, processes, Ray folder and disk for the home, as far as Linux
namespaces go. Needs root and iproute2.

Two networks: `cable` joins the machines, and can be pulled out of one of them; `uplink` leads to this process's own,
where a model's API or a database may answer, and stays.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.support.processes import PATIENCE_S, ROOT

RAY_FOLDER = Path(tempfile.gettempdir()) / "ray"
"""Ray's own default; each machine has another one mounted there."""
PORT = 6379
MARK = "mn"
"""What the names of namespaces and links begin with; the id of this process follows."""

WITH_US = ("setpriv", "--pdeathsig", "KILL")
"""Words before a program that is to end when this process does, however that ends."""

BOOT = 'for disk in $DISKS; do mount -t tmpfs tmpfs "$disk" || exit 9; done; "$@" & wait'
"""Of a machine's first process, which outlives all others and collects what they leave."""

ASK = """
import json, ray
ray.init(log_to_driver=False, logging_level="ERROR")
print(json.dumps({n["NodeID"]: n["NodeManagerAddress"] for n in ray.nodes() if n["Alive"]}))
"""
"""A program that tells the living nodes."""


class Machine:
    """One of them, by its number: its Ray node lives until `kill`."""

    def __init__(self, number: int, names: "Names", log: Path) -> None:
        self.number, self.log, self._names = number, log, names
        self.address = names.address("cable", number)
        self._process: subprocess.Popen[bytes] | None = None

    def boot(self, environment: Mapping[str, str], disks: tuple[Path, ...], *ray: str) -> None:
        """Start its Ray node, with these arguments; `disks` are empty folders that no other machine sees."""
        space = self._names.space(self.number)
        for disk in (RAY_FOLDER, *disks):
            disk.mkdir(parents=True, exist_ok=True)
        start = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats"]
        own = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
        where = [f"--node-ip-address={self.address}", "--num-cpus=2", "--object-store-memory=80000000"]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*WITH_US, "ip", "netns", "exec", space, *own, "sh", "-c", BOOT, "sh", *start, *where, *ray],
                env={**environment, "DISKS": " ".join(map(str, (RAY_FOLDER, *disks)))},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                start_new_session=True,
            )

    def wait_until_up(self) -> None:
        """Return once its node is part of the cluster."""
        assert self._process is not None
        deadline = time.monotonic() + PATIENCE_S
        while b"Ray runtime started" not in self.log.read_bytes():
            assert self._process.poll() is None, self.log.read_text()[-2000:]
            assert time.monotonic() < deadline, self.log.read_text()[-2000:]
            time.sleep(0.05)

    def command(self, folder: Path, *program: str) -> list[str]:
        """The words that run a program on it, in this folder; without one that of the command line."""
        where = [*self._inside(), f"--wdns={folder}", "--", sys.executable]
        return [*where, *(program or ("-m", "cluster"))]

    def _inside(self) -> list[str]:
        assert self._process is not None
        pid = self._process.pid
        first = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]
        return ["nsenter", "--target", first, "--net", "--mount", "--pid"]

    def cut(self) -> None:
        """Pull out its cable. What it has open stays open; nothing comes through."""
        _ip("link", "set", self._names.link("cable", self.number), "down")

    def mend(self) -> None:
        """Put it back."""
        _ip("link", "set", self._names.link("cable", self.number), "up")

    def kill(self) -> None:
        """Everything on it ends at once, as if its power had failed. A second time does nothing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Names:
    """Of namespaces, links and addresses; no two processes have the same."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def space(self, number: int) -> str:
        """The network namespace of a machine."""
        return f"{MARK}-{self._pid}-{number}"

    def link(self, network: str, number: int | str) -> str:
        """This end of a machine's cable, or with "b" the bridge; fifteen characters at most."""
        return f"{MARK}{self._pid}{network[0]}{number}"

    def address(self, network: str, host: int) -> str:
        """Of a machine; 254 is this one."""
        return f"10.{219 if network == 'cable' else 220}.{self._pid % 250}.{host + 1}"


class Machines:
    """A cluster of them; the first is the head."""

    def __init__(self, folder: Path, names: Names, disks: tuple[Path, ...], more: Mapping[str, str]) -> None:
        self._folder, self._names, self._disks = folder, names, disks
        token = folder / "token"
        token.write_text(secrets.token_hex(32))
        ours = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token), "RAY_USAGE_STATS_ENABLED": "0"}
        self._environment = {
            **os.environ, **ours, **more, "PYTHONPATH": str(ROOT), "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
        }  # fmt: skip
        self._head_options: tuple[str, ...] = ()
        self._of_head: dict[str, str] = {}
        self.all: list[Machine] = []
        """The first is the head."""

    def tell(self, **more: str) -> None:
        """Variables of the nodes that are started from now on."""
        self._environment |= more

    def tell_head(self, *options: str, **more: str) -> None:
        """What `ray start` is told on the head, and its variables."""
        self._head_options, self._of_head = options, more

    @property
    def head(self) -> Machine:
        """The first."""
        return self.all[0]

    @property
    def environment(self) -> dict[str, str]:
        """Of a command in a job on this cluster."""
        at = f"{self.head.address}:{PORT}"
        return {**self._environment, "RAY_ADDRESS": at, "RAY_JOB_CONFIG_JSON_ENV_VAR": "{}"}

    @property
    def host(self) -> str:
        """The address of this process for all machines."""
        return self._names.address("uplink", 253)

    def add(self) -> Machine:
        """One more, with its cables; not up yet."""
        number = len(self.all) + 1
        space = self._names.space(number)
        _ip("netns", "add", space)
        _ip("-n", space, "link", "set", "lo", "up")
        for network in ("cable", "uplink"):
            link = self._names.link(network, number)
            _ip("link", "add", link, "type", "veth", "peer", "name", network, "netns", space)
            _ip("link", "set", link, "master", self._names.link(network, "b"), "up")
            _ip("-n", space, "addr", "add", f"{self._names.address(network, number)}/24", "dev", network)
            _ip("-n", space, "link", "set", network, "up")
        _ip("-n", space, "route", "add", "default", "dev", "cable")  # Ray asks it which address is its own
        machine = Machine(number, self._names, self._folder / f"machine-{number}.log")
        self.all.append(machine)
        return machine

    def boot(self, machine: Machine) -> None:
        """Start its node and wait for it. The head has the lasting disk, others have their own."""
        if machine is self.head:
            alone = ("--head", f"--port={PORT}", "--include-dashboard=false", *self._head_options)
            machine.boot({**self._environment, **self._of_head}, (), *alone)
        else:
            machine.boot(self._environment, self._disks, f"--address={self.head.address}:{PORT}")
        machine.wait_until_up()

    def nodes(self) -> dict[str, str]:
        """Addresses of the living nodes by the ids that Ray gave them."""
        command = self.head.command(ROOT, "-c", ASK)
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, env=self.environment, timeout=PATIENCE_S
        )
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def by_node(self) -> dict[str, Machine]:
        """The machines whose nodes live, by these ids."""
        at = {machine.address: machine for machine in self.all}
        return {node: at[address] for node, address in self.nodes().items()}

    def kill(self) -> None:
        """All of them."""
        for machine in reversed(self.all):
            machine.kill()


@contextmanager
def machines(count: int, folder: Path, *disks: Path, **more: str) -> Iterator[Machines]:
    """So many, up, until the end of the block; `disks`: folders that each of them but the head has for itself alone.

    `more`: variables of their nodes. Whatever happens, nothing of them stays.
    """
    sweep()
    names = Names(os.getpid())
    with ExitStack() as after:
        after.callback(_remove, os.getpid())
        for network in ("cable", "uplink"):
            _ip("link", "add", names.link(network, "b"), "type", "bridge")
            _ip("link", "set", names.link(network, "b"), "up")
        _ip("addr", "add", f"{names.address('uplink', 253)}/24", "dev", names.link("uplink", "b"))
        cluster = Machines(folder, names, disks, more)
        after.callback(cluster.kill)
        for _ in range(count):
            cluster.boot(cluster.add())
        yield cluster


def missing() -> str:
    """Why there can be no machines here; "" if there can."""
    tools = [tool for tool in ("ip", "unshare", "nsenter", "setpriv") if shutil.which(tool) is None]
    if tools:
        return f"{', '.join(tools)} is missing; Debian's packages are iproute2 and util-linux"
    return "" if os.geteuid() == 0 else "network namespaces need root"


def sweep() -> None:
    """Remove what tests left that were killed."""
    left = {name.split("-")[1] for name in _spaces() if name.startswith(f"{MARK}-")}
    for pid in left:
        if not Path(f"/proc/{pid}").exists():
            _remove(int(pid))


def _spaces() -> list[str]:
    folder = Path("/run/netns")
    return [path.name for path in folder.iterdir()] if folder.exists() else []


def _remove(pid: int) -> None:
    """Every namespace and link of this process; its machines are dead, or die with it."""
    names = Names(pid)
    for space in (name for name in _spaces() if name.startswith(f"{MARK}-{pid}-")):
        for member in _try("netns", "pids", space).stdout.split():
            with suppress(ProcessLookupError):
                os.kill(int(member), signal.SIGKILL)
        number = space.rpartition("-")[2]
        for network in ("cable", "uplink"):
            _try("link", "del", names.link(network, number))
        _try("netns", "del", space)
    for network in ("cable", "uplink"):
        _try("link", "del", names.link(network, "b"))


def _try(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["ip", *words], check=False, capture_output=True, text=True)


def _ip(*words: str) -> None:
    done = _try(*words)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"
