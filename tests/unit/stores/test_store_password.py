"""The password of a store on a server: shown by no message, replaced by no other database's."""

import os
import re
import traceback
from itertools import chain
from pathlib import Path
from typing import LiteralString

import pytest

from actors.errors import HomeUnusable, StoreUnreachable, StoreUnusable, UserError
from actors.stores.postgres import server
from cluster.doctor import store as doctor
from cluster.doctor.finding import Level, found
from cluster.home import config, store_address
from tests.support.servers import PostgresServer

SECRET: LiteralString = "zebra-crossing"
UNESCAPED = ["s3%zzebra", "s3/zebra", "s3@zebra", "98765/s3@zebra", "s3/a?sslmode=zebra", "s3 zebra"]
UNDECODED = ["s3%00zebra", "s3%ffzebra", "s3\udcffzebra"]
ENDS = ["@127.0.0.1:1/fleet", "@/fleet?host=/nowhere", "@[::1]/fleet"]


def kept(home: Path) -> str:
    return store_address.file_of(home).read_text()


@pytest.mark.parametrize("word", [*UNESCAPED, *UNDECODED])
@pytest.mark.parametrize("end", ENDS)
def test_one_that_tears_its_address_is_not_shown(
    word: str, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, shown = f"postgresql://me:{word}{end}", []
    monkeypatch.setenv("MNEMOSYNE_STORE", address)
    for named in (lambda: config.store_path(tmp_path), lambda: config.choose_store(tmp_path, address)):
        with pytest.raises(UserError, match="cannot be understood; write special characters") as refused:
            named()
        shown += traceback.format_exception(refused.value)
    checks = doctor.checks(lambda: config.store_path(tmp_path))
    findings = [*chain.from_iterable(found(*check) for check in checks.items())]
    assert [(finding.name, finding.level) for finding in findings] == [("store", Level.BROKEN)]
    pieces = {piece for piece in re.split(r"%..|\W+", word) if len(piece) > 1}
    assert not [piece for piece in pieces for text in (*shown, str(findings)) if piece in text]
    assert not list(tmp_path.iterdir())


def test_an_escaped_one_is_understood_and_addresses_without_one_are(tmp_path: Path) -> None:
    escaped = "postgresql://me:s3%2Fc%40r%25%20%3Aet:#?&@[::1]:5433/fleet?sslmode=require"
    assert server.password(escaped) == "s3/c@r% :et:#?&"
    names = {
        escaped: "postgresql://::1:5433/fleet",
        "postgres://me@one.example:1,two.example:2/fleet": "postgresql://one.example,two.example:1,2/fleet",
        f"postgresql://me@/fleet?host={tmp_path}": f"postgresql://{tmp_path}/fleet",
        "postgresql://%2Frun%2Fpostgresql/fleet": "postgresql:///run/postgresql/fleet",
        "postgresql:///?service=fleet": "postgresql://fleet/",
    }
    for address, name in names.items():
        assert server.parse(address).name == name
        assert server.parse(server.with_password(address, "a/@:% b")).name == name, "as the home keeps it"


@pytest.mark.parametrize("address", ["postgresql://me:zebra/fleet", "host=a@zebra", "host=a dbname=a:zebra", "zebra x"])
def test_what_may_be_a_piece_of_one_is_no_host_port_or_database(address: str) -> None:
    with pytest.raises(StoreUnusable) as refused:
        server.parse(address)
    assert "zebra" not in str(refused.value)


def test_a_file_that_holds_no_address_is_told_without_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_address.file_of(tmp_path).write_text("postgresql://me:s3@zebra@host/db")
    monkeypatch.setenv("MNEMOSYNE_STORE", "postgresql://me@host/db")
    with pytest.raises(HomeUnusable, match=r"store\.postgres holds no address of a store; remove it") as refused:
        config.store_path(tmp_path)
    assert "zebra" not in str(refused.value)


def test_another_databases_does_not_replace_the_homes(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hba = postgres.data / "pg_hba.conf"
    trusting = hba.read_text()
    with postgres.connect() as db:
        db.execute(f"create role keeper login password '{SECRET}'")
        hba.write_text(f"local all keeper scram-sha-256\n{trusting}")
        db.execute("select pg_reload_conf()")
        try:
            _asked_for_one(postgres.address().replace("tester@", "keeper@"), tmp_path, monkeypatch)
        finally:
            hba.write_text(trusting)
            db.execute("select pg_reload_conf()")
            db.execute("drop role keeper")


def _asked_for_one(address: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", SECRET)
    config.choose_store(home, address)
    for named in ("", address):
        monkeypatch.setenv("PGPASSWORD", "another-databases")
        monkeypatch.setenv("MNEMOSYNE_STORE", named)
        config.store_path(home)
        assert server.password(kept(home)) == SECRET
        assert "PGPASSWORD" not in os.environ, "agents and tools do not inherit it"
    monkeypatch.setenv("MNEMOSYNE_STORE", address.replace("keeper@", "keeper:wrong@"))
    with pytest.raises(StoreUnreachable, match="password authentication failed"):
        config.store_path(home)
    assert server.password(kept(home)) == SECRET
