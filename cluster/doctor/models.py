"""Can a model answer?"""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from actors.errors import SecretsUnusable
from actors.models.choice import SET_A_KEY
from actors.secrecy.keys import KEY, Found, Place, is_sound
from cluster.doctor.finding import Finding, broken, ok, warning

SETUP = "make setup"


def key(search: Callable[[], Found], *, local: bool) -> Iterator[Finding]:
    """The API key: where it is found and whether it can be one; never its value."""
    try:
        found = search()
    except SecretsUnusable:
        yield broken(
            "key", "the secrets file cannot be opened", "see the finding about secrets; a variable comes first"
        )
        return
    if found.trouble:
        yield warning("keychain", found.trouble, f"unlock it, or keep the key in the secrets file: {SET_A_KEY}")
    if found.value is None or found.place is None:
        yield _no_key(local=local)
    elif not is_sound(found.value):
        told = "cannot be a key: it holds spaces or characters that no header may hold"
        yield broken(
            "key",
            f"what is found in the {found.place} {told}",
            "copy the key again, whole and without anything around it",
        )
    else:
        yield ok("key", f"found in the {found.place}{f' ({KEY})' if found.place is Place.ENVIRONMENT else ''}")


def _no_key(*, local: bool) -> Finding:
    if local:
        return warning("key", "none is found: the small local model answers, and is often wrong", SET_A_KEY)
    return broken("key", "none is found, and no local model is there to answer", f"{SET_A_KEY}, or {SETUP}")


def local_model(*, there: bool) -> Iterator[Finding]:
    """The weights of the small model that needs no key."""
    if there:
        yield ok("local model", "its weights are installed")
    else:
        yield warning("local model", "its weights are not installed; --model local is refused", SETUP)


def base_url(url: str | None) -> Iterator[Finding]:
    """Where Claude is asked, if not at its own API. Shows the host alone: a URL may hold a password."""
    if url is None:
        return
    try:
        parts = urlsplit(url)
        scheme, host = parts.scheme, parts.hostname or ""
    except ValueError:
        scheme, host = "", ""
    if scheme not in ("http", "https") or not host:
        yield broken("base url", "ANTHROPIC_BASE_URL is no URL", "set it to https://HOST, or unset it")
    elif scheme == "http" and host not in ("localhost", "127.0.0.1", "::1"):
        told = f"ANTHROPIC_BASE_URL names {host} without TLS: the key goes there in clear text"
        yield warning("base url", told, "use https://")
    else:
        yield ok("base url", f"Claude is asked at {host} (ANTHROPIC_BASE_URL)")
