"""The embedded PostgreSQL."""

from pathlib import Path

import psycopg
import pytest

from yimen_host.core.embedded import EmbeddedError, EmbeddedPostgres


@pytest.fixture
def server(tmp_path: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(tmp_path / "postgres", durable=False)


def test_a_second_start_keeps_the_data(server: EmbeddedPostgres) -> None:
    server.start()
    address = server.database("town", owner="town")
    with psycopg.connect(address.conninfo) as connection:
        connection.execute("CREATE TABLE door (name text)")
        connection.execute("INSERT INTO door VALUES ('one')")
    server.stop()

    server.start()
    try:
        with psycopg.connect(server.database("town", owner="town").conninfo) as connection:
            rows = connection.execute("SELECT name, current_user FROM door").fetchall()
    finally:
        server.stop()

    assert rows == [("one", "town")]


def test_a_running_server_is_adopted(server: EmbeddedPostgres, tmp_path: Path) -> None:
    first = server.start()
    try:
        second = EmbeddedPostgres(tmp_path / "postgres", durable=False).start()
    finally:
        server.stop()

    assert second == first


def test_a_wrong_password_is_refused(server: EmbeddedPostgres) -> None:
    address = server.start()
    try:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(host=str(address.socket_dir), user="postgres", password="guess", dbname="postgres")
    finally:
        server.stop()


def test_a_server_that_cannot_start_names_its_log(server: EmbeddedPostgres, tmp_path: Path) -> None:
    server.start()
    server.stop()
    (tmp_path / "postgres" / "data" / "postgresql.conf").write_text("no such setting = 1\n")

    with pytest.raises(EmbeddedError, match=r"did not start: see the last lines of .*server\.log"):
        server.start()
