"""Inputs of a plan, read once while it is accepted: confined to the plan's folder, UTF-8, within the caps."""

import hashlib
import os
from pathlib import Path

from actors.errors import UserError
from actors.work import INLINE_LIMIT, Content
from cluster.plan.caps import Caps
from cluster.plan.mistakes import Mistakes, quote
from cluster.plan.names import name_fault
from cluster.plan.source import open_inside, read_regular, reason
from cluster.plan.spot import Spot


class Inputs:
    """Reads inputs and keeps the long ones by their hash. `payloads` is what Contents with a `ref` mean."""

    def __init__(self, folder: Path, caps: Caps, mistakes: Mistakes) -> None:
        self.payloads: dict[str, str] = {}
        self._folder = Path(os.path.realpath(folder))
        self._caps = caps
        self._mistakes = mistakes
        self._files: dict[Path, Content | None] = {}
        self._bytes = 0

    def read(self, spot: Spot) -> dict[str, Content]:
        """The inputs of one item, by name."""
        found = {}
        for name, entry in (spot.mapping("names and inputs") or {}).items():
            content = self._input(entry)
            if fault := name_fault(name):
                entry.wrong(*fault)
            elif content is not None:
                found[name] = content
        return found

    def _input(self, spot: Spot) -> Content | None:
        fields = spot.mapping('{file: path} or {text: "..."}')
        if fields is None:
            return None
        unknown = [key for key in fields if key not in ("file", "text")]
        for key in unknown:
            fields[key].unknown("unknown key", key, ("file", "text"), "an input has the key file or text")
        if "file" in fields and "text" in fields:
            spot.wrong("the input has both file and text", "keep one of them")
        elif "text" in fields:
            text = fields["text"].text({})
            return None if text is None else self._kept(fields["text"], text)
        elif "file" in fields:
            return self._file(fields["file"])
        elif not unknown:
            spot.wrong("the input is empty", 'write {file: path} or {text: "..."}')
        return None

    def _file(self, spot: Spot) -> Content | None:
        name = spot.text({})
        if name is None:
            return None
        path = Path(os.path.realpath(self._folder / name))
        if Path(name).is_absolute() or not path.is_relative_to(self._folder):
            cure = "copy the file into it, or write the path from there"
            spot.wrong(f"{quote(name)} is outside the plan's folder or an absolute path", cure)
            return None
        if path not in self._files:
            self._files[path] = self._opened(spot, name, path)
        elif self._files[path] is None:
            spot.wrong(f"{quote(name)} cannot be used", "see the first place that names it")
        return self._files[path]

    def _opened(self, spot: Spot, name: str, path: Path) -> Content | None:
        try:
            content = read_regular(open_inside(self._folder, path), self._caps.input_bytes)
        except FileNotFoundError:
            spot.unknown("no file", name, self._beside(path), "check the path; it starts at the plan's folder")
        except (OSError, ValueError) as error:
            spot.wrong(f"{quote(name)} cannot be read: {reason(error)}", "check the path and its rights")
        else:
            return self._decoded(spot, name, content)
        return None

    def _decoded(self, spot: Spot, name: str, content: bytes | None) -> Content | None:
        if content is None:
            spot.wrong(f"{quote(name)} is not a regular file", "name a text file")
        elif len(content) > self._caps.input_bytes:
            spot.wrong(f"{quote(name)} is larger than {self._caps.input_bytes} bytes", "split it")
        else:
            try:
                return self._kept(spot, content.decode("utf-8-sig"))
            except UnicodeDecodeError as error:
                line = content.count(b"\n", 0, error.start) + 1
                spot.wrong(f"{quote(name)} is not UTF-8 (its line {line})", "save it as UTF-8 text")
        return None

    def _kept(self, spot: Spot, text: str) -> Content | None:
        content = text.encode()
        before, self._bytes = self._bytes, self._bytes + len(content)
        if "\x00" in text:
            spot.wrong("the input is not text: it contains the character NUL", "name a text file")
        elif self._bytes > self._caps.inputs_bytes:
            if before <= self._caps.inputs_bytes:  # one mistake, not one for every input behind it
                most = self._caps.inputs_bytes
                spot.wrong(f"the inputs are larger than {most} bytes together", "shorten them, or split the plan")
        elif len(content) <= INLINE_LIMIT:
            return Content(text=text)
        else:
            ref = hashlib.sha256(content).hexdigest()
            self.payloads[ref] = text
            return Content(ref=ref)
        return None

    def _beside(self, path: Path) -> list[str]:
        """Files where the missing one should be, as the plan would write them."""
        try:
            return [str(found.relative_to(self._folder)) for found in sorted(path.parent.iterdir())[:1000]]
        except OSError:
            return []


def text_of(path: Path, caps: Caps = Caps()) -> str:  # noqa: B008 - frozen
    """The text of a file that a person names. Raises UserError."""
    try:
        content = read_regular(
            os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC), caps.input_bytes
        )
        if content is None or len(content) > caps.input_bytes:
            raise UserError(f"{path} is no text file of at most {caps.input_bytes} bytes")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {reason(error)}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8; save it as UTF-8 text") from None
