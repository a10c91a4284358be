"""A database that is another's, too new, too old, or not to be used: refused with the cure, and left as it is."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from actors.errors import StoreOutdated, StoreUnreachable, StoreUnusable
from actors.stores import queries
from actors.stores.kinds import open_writer
from actors.stores.postgres import opening, server
from actors.stores.postgres.connection import Connection, native
from actors.stores.reader import Reader
from actors.stores.schema import VERSION
from tests.support import stores
from tests.support.servers import PostgresServer


@pytest.fixture
def file(postgres: PostgresServer, tmp_path: Path) -> Path:
    made = postgres.store(tmp_path)
    with closing(open_writer(made)) as store:
        store.accept(stores.plan("r"))
    return made


@pytest.fixture
def db(file: Path) -> Iterator[Connection]:
    made = Connection(server.read(file), "test")
    yield made
    made.close()


def test_without_a_store_nothing_is_made_by_looking(postgres: PostgresServer, tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="there is no store here yet"):
        Reader(postgres.store(tmp_path))
    with postgres.connect() as db:
        assert db.execute("select to_regnamespace('mnemosyne')").fetchone() == (None,)


def test_a_newer_schema_is_refused(db: Connection, file: Path) -> None:
    db.execute(queries.MARK, ("schema", VERSION + 1))
    for opened in (Reader, open_writer):
        with pytest.raises(StoreUnusable, match=f"has schema {VERSION + 1}, this version knows {VERSION}"):
            opened(file)


def test_an_older_one_is_brought_forward_by_the_writer_whole_or_not_at_all(db: Connection, file: Path) -> None:
    def fail(db: Connection) -> None:
        db.execute("create table half(n integer)")
        raise StoreUnusable("the power failed")

    def step(db: Connection) -> None:
        db.execute("alter table runs add column owner text")

    for steps, to in (({VERSION: step, VERSION + 1: fail}, VERSION + 2), ({VERSION: fail}, VERSION + 1)):
        with pytest.raises(StoreUnusable, match="the power failed"):
            opening.prepare(db, steps, to)
        assert opening.version(db) == VERSION
        assert queries.one(db, "select to_regclass('half')") is None
    opening.prepare(db, {VERSION: step}, VERSION + 1)
    assert opening.version(db) == VERSION + 1
    assert queries.one(db, "select owner from runs") is None


def test_a_reader_of_an_older_one_says_what_to_do(db: Connection, file: Path) -> None:
    db.execute(queries.MARK, ("schema", VERSION - 1))
    with pytest.raises(StoreOutdated, match="`mnemosyne status` brings it forward"):
        Reader(file)


def test_another_programs_schema_is_left_as_it_is(postgres: PostgresServer, tmp_path: Path) -> None:
    file = postgres.store(tmp_path)
    with postgres.connect() as db:
        db.execute("create schema mnemosyne; create table mnemosyne.runs(name text)")
        for opened in (Reader, open_writer):
            with pytest.raises(StoreUnusable, match="is not a store of mnemosyne; it was left as it is"):
                opened(file)
        db.execute("create table mnemosyne.marks(name text, value int)")
        with pytest.raises(StoreUnusable, match="is not a store of mnemosyne"):
            open_writer(file)


def test_a_database_that_cannot_hold_every_text_is_refused(postgres: PostgresServer, tmp_path: Path) -> None:
    with postgres.connect() as db:
        db.execute("create database latin encoding latin1 template template0 lc_collate 'C' lc_ctype 'C'")
    try:
        with pytest.raises(StoreUnusable, match="has the encoding LATIN1; make the database with"):
            open_writer(postgres.store(tmp_path, "latin"))
    finally:
        with postgres.connect() as db:
            db.execute("drop database latin with (force)")


def test_a_user_without_rights_is_told_so(file: Path, postgres: PostgresServer, tmp_path: Path) -> None:
    with postgres.connect() as db:
        db.execute("drop role if exists guest; create role guest login")
    (tmp_path / "guest").mkdir()
    guest = tmp_path / "guest" / "store.postgres"
    guest.write_text(file.read_text().replace("tester@", "guest@"))
    with pytest.raises(StoreUnusable, match=r"refuses: permission denied .*; give this user the rights"):
        Reader(guest)


def test_a_server_that_is_not_there_is_told_without_the_password(tmp_path: Path) -> None:
    file = tmp_path / "store.postgres"
    file.write_text(f"postgresql://me:s3cret-word@/db?host={tmp_path}")
    for opened in (Reader, open_writer):
        with pytest.raises(StoreUnreachable, match="cannot be reached") as told:
            opened(file)
        assert "s3cret-word" not in str(told.value)
    file.write_text("postgresql://me:s3cret-word@host:port:port/db?what=1")
    with pytest.raises(StoreUnusable) as refused:
        Reader(file)
    assert "s3cret-word" not in str(refused.value)


def test_what_the_server_says_of_a_session_holds_no_password(db: Connection) -> None:
    assert native("a = ?2 and b = ?1 and instr(c, ?1) > 0") == "a = $2 and b = $1 and strpos(c, $1) > 0"
    with psycopg.connect(db.server.address) as own:
        names = own.execute("select application_name from pg_stat_activity").fetchall()
    assert any(str(name).startswith("mnemosyne test") for (name,) in names)
