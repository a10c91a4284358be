"""Where a home's store is: chosen once, remembered by the home, its password seen by nobody."""

import json
import os
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from actors.errors import StoreUnreachable, StoreUnusable, UserError
from actors.stores.kinds import open_writer
from actors.stores.postgres import server
from cluster.cli import main
from cluster.cli import run as run_command
from cluster.doctor import store as doctor
from cluster.doctor.finding import Level
from cluster.home import config, store_address
from tests.support.servers import PostgresServer

SECRET = "s3cret-word"


def with_secret(postgres: PostgresServer) -> str:
    return postgres.address().replace("tester@", f"tester:{SECRET}@")


def kept(home: Path) -> str:
    return store_address.file_of(home).read_text()


def test_a_home_has_a_file_unless_it_was_told_otherwise(tmp_path: Path) -> None:
    assert config.store_path(tmp_path) == tmp_path / "store.db"
    config.choose_store(tmp_path, None)
    assert list(tmp_path.iterdir()) == []


def test_what_was_named_is_remembered(postgres: PostgresServer, tmp_path: Path) -> None:
    config.choose_store(tmp_path, postgres.address())
    file = config.store_path(tmp_path)
    assert file == tmp_path / "store.postgres"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    config.choose_store(tmp_path, postgres.address())
    assert [path.name for path in tmp_path.iterdir()] == ["store.postgres"]


def test_the_environments_goes_into_the_home_and_no_further(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNEMOSYNE_STORE", with_secret(postgres))
    home = tmp_path / "not" / "there"
    assert config.store_path(home) == home / "store.postgres"
    assert not [name for name, value in os.environ.items() if SECRET in value]
    assert server.password(kept(home)) == SECRET
    assert SECRET not in server.read(store_address.file_of(home)).name
    assert config.store_path(home) == home / "store.postgres"


def test_a_password_of_libpqs_own_variable_too_and_a_new_one_replaces_it(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "old")
    assert config.store_path(tmp_path) == tmp_path / "store.db"
    assert os.environ["PGPASSWORD"] == "old", "it is not for us"
    config.choose_store(tmp_path, postgres.address())
    assert "PGPASSWORD" not in os.environ
    assert server.password(kept(tmp_path)) == "old"
    monkeypatch.setenv("PGPASSWORD", SECRET)
    config.store_path(tmp_path)
    assert server.password(kept(tmp_path)) == SECRET
    config.choose_store(tmp_path, postgres.address())
    assert server.password(kept(tmp_path)) == SECRET, "named again without one it keeps the one it has"


def test_a_password_as_an_argument_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="everybody on this machine can read the arguments"):
        config.choose_store(tmp_path, f"postgresql://me:{SECRET}@host/db")
    with pytest.raises(UserError, match="--store takes postgresql://USER@HOST/DATABASE"):
        config.choose_store(tmp_path, "mysql://host/db")
    assert list(tmp_path.iterdir()) == []


def test_a_home_keeps_its_store(postgres: PostgresServer, tmp_path: Path) -> None:
    config.choose_store(tmp_path, postgres.address())
    with pytest.raises(UserError, match=r"the store of this home is .*/postgres, not .*/other; use another --home"):
        config.choose_store(tmp_path, postgres.address("other"))
    old = tmp_path / "old"
    old.mkdir()
    (old / "store.db").touch()
    with pytest.raises(UserError, match="this home has a store already"):
        config.choose_store(old, postgres.address())


def test_one_that_does_not_answer_is_not_remembered(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachable):
        config.choose_store(tmp_path, f"postgresql:///db?host={tmp_path}")
    assert list(tmp_path.iterdir()) == []


def test_a_password_file_and_a_service_file_work(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = tmp_path / "services"
    services.write_text(f"[fleet]\nhost={postgres.folder}\nuser=tester\ndbname=postgres\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    home = tmp_path / "home"
    config.choose_store(home, "postgresql:///?service=fleet")
    (found,) = doctor.store(config.store_path(home))
    assert found.message == "postgresql://fleet/ answers; there is no store yet, the first run makes it"


def test_the_commands_read_and_ask_without_any_process(postgres: PostgresServer, tmp_path: Path) -> None:
    def told(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(main.app, [*arguments, "--home", str(tmp_path)])
        assert done.exit_code == code, (done.output, done.exception)
        return done.output

    config.choose_store(tmp_path, postgres.address())
    with pytest.raises(StoreUnusable, match="there is no store here yet"):
        main.app(["status", "--home", str(tmp_path)], standalone_mode=False)
    remembered = json.loads(told("remember", "the sheep are grey", "--json"))
    assert remembered["in_journal"]
    assert "the sheep are grey" in told("recall", "SHEEP")
    assert "all is well" in told("store", "check")
    for command, instead in ((("backup", "copy"), "pg_dump"), (("vacuum",), "VACUUM FULL")):
        with pytest.raises(UserError, match=instead):
            main.app(["store", *command, "--home", str(tmp_path)], standalone_mode=False)
    assert "0 runs removed" in told("store", "prune", "--older-than", "1d")
    assert json.loads(told("status", "--json")) == []


def test_doctor_says_when_the_server_is_away(postgres: PostgresServer, tmp_path: Path) -> None:
    config.choose_store(tmp_path, postgres.address())
    path = config.store_path(tmp_path)
    open_writer(path).close()
    (store,) = doctor.store(path)
    assert (store.level, "0 runs" in store.message) == (Level.WARNING, False), "the tests' server has fsync off"
    assert [finding.level for finding in (*doctor.writer(path), *doctor.waiting(path))] == [Level.OK, Level.OK]
    postgres.stop()
    try:
        (store,) = doctor.store(path)
        assert store.level is Level.BROKEN
        assert "cannot be reached" in store.message
        assert [*doctor.writer(path), *doctor.waiting(path)] == [], "it was said once"
    finally:
        postgres.start()


def test_a_key_is_looked_for_where_no_store_was_made_yet(postgres: PostgresServer, tmp_path: Path) -> None:
    config.choose_store(tmp_path, postgres.address())
    assert run_command.of_key(tmp_path, "monday") is None
