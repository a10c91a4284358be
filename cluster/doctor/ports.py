"""Is a Ray of this machine, or the fleet of this home, open to the network?"""

import ipaddress
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from cluster.doctor.finding import Finding, ok, warning

PORTS = {6379: "Ray's control store", 8265: "Ray's dashboard", 10001: "Ray's client server"}
"""Ray's usual ports; whoever reaches one may run code here, unless token authentication is on."""

LISTENS = "0A"
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


class Listener(NamedTuple):
    """A port that is open for connections."""

    address: ipaddress.IPv4Address | ipaddress.IPv6Address
    port: int
    inode: int
    """Of the socket; /proc/PID/fd names it."""


def listeners(table: str) -> Iterator[Listener]:
    """The listening sockets in a /proc/net/tcp or tcp6."""
    for line in table.splitlines()[1:]:
        fields = line.split()
        if fields[3] == LISTENS:
            address, _, port = fields[1].partition(":")
            yield Listener(_address(address), int(port, 16), int(fields[9]))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """From the kernel's form: words of four bytes, each in the byte order of an Intel processor."""
    words = bytes.fromhex(text)
    packed = b"".join(words[i : i + 4][::-1] for i in range(0, len(words), 4))
    if len(packed) == 4:
        return ipaddress.IPv4Address(packed)
    address = ipaddress.IPv6Address(packed)
    return address.ipv4_mapped or address


def openness(tables: tuple[Path, ...] = TABLES) -> Iterator[Finding]:
    """Ray's usual ports. An embedded fleet does not use them: it takes free ones."""
    present = [table for table in tables if table.exists()]
    taken = [one for table in present for one in listeners(table.read_text()) if one.port in PORTS]
    far = sorted({f"port {one.port} ({PORTS[one.port]}) on {one.address}" for one in taken if not _near(one)})
    near = sorted({str(one.port) for one in taken if _near(one)})
    if far:
        cure = "start that Ray with --node-ip-address=127.0.0.1 --dashboard-host=127.0.0.1, or close the port"
        yield warning("ports", f"open to the network: {', '.join(far)}", cure)
    elif near:
        yield ok("ports", f"in use, from this machine alone: {', '.join(near)}")
    else:
        told = "none of Ray's usual ones is in use" if present else "not known on this system"
        yield ok("ports", told)


def opened_by(pids: Collection[int], tables: tuple[Path, ...] = TABLES, proc: Path = Path("/proc")) -> list[Listener]:
    """The ports that these processes have open for connections."""
    inodes = set()
    for link in (link for pid in pids for link in (proc / str(pid) / "fd").glob("*")):
        with suppress(OSError):  # it has just been closed
            kind, _, inode = str(link.readlink()).partition(":")
            inodes |= {int(inode[1:-1])} if kind == "socket" else set()
    present = [table for table in tables if table.exists()]
    return [one for table in present for one in listeners(table.read_text()) if one.inode in inodes]


def fleet(
    members: Collection[int], opened: Callable[[Collection[int]], list[Listener]] = opened_by
) -> Iterator[Finding]:
    """What the processes of the fleet that is up have open; none of it is there without one."""
    found = opened(members) if members else []
    far = sorted({f"port {one.port} on {one.address}" for one in found if not _near(one)})
    if far:
        cure = "close them with the firewall; without the token of the home they answer nobody, except for metrics"
        yield warning("fleet ports", f"open to the network: {', '.join(far)}", cure)
    elif found:
        yield ok("fleet ports", f"{len(found)} are open, all from this machine alone")


def _near(one: Listener) -> bool:
    return one.address.is_loopback


def address(set_to: str | None, *, in_job: bool) -> Iterator[Finding]:
    """RAY_ADDRESS, which Ray's own commands follow."""
    if set_to and not in_job:
        told = f"RAY_ADDRESS is {set_to}; `run` starts a Ray of its own and does not use that one"
        yield warning("ray address", told, "unset RAY_ADDRESS")
    else:
        yield ok("ray address", "given by the Ray job" if set_to else "RAY_ADDRESS is not set")
