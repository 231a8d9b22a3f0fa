"""Starts every part of a host on one machine, in order, and stops them in the opposite order."""

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping

from yimen_host.cli import simulation
from yimen_host.cli.addresses import is_loopback, listener, port_problem
from yimen_host.cli.parts import Part, Parts
from yimen_host.core.embedded import EmbeddedError, EmbeddedPostgres
from yimen_host.core.sockets import NotOurs, run_directory
from yimen_host.settings import Settings

READY_SECONDS = 40.0
WATCH_SECONDS = 0.1
DATABASE = "yimen"
_ERROR = re.compile(r"[a-z_]\w*(\.\w+)+: |[A-Z]\w*Error: ")


class CannotStart(Exception):
    """Something is missing or in the way; the message is one sentence that says what to do."""


class Conductor:
    """Everything that ``yimen-host run`` starts."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._parts = Parts()
        self._postgres: EmbeddedPostgres | None = None
        self._logs = settings.var.absolute() / "log"
        self._listeners: list[socket.socket] = []

    def run(self) -> int:
        """Start all, print where to go, watch over all until Ctrl-C, stop all."""
        began = time.monotonic()
        self._check()
        # What is below `var` must be readable for the users that mini-apps run as, whatever the umask was; `var` itself
        # keeps the operator's, and what is secret has a mode of its own.
        os.umask(0o022)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupt)
        try:
            environment = self._prepare()
            self._start(environment)
            self._wait_until_ready()
            self._say_where(time.monotonic() - began)
            return self._wait()
        except KeyboardInterrupt:
            print("\nStopping …", flush=True)
            return 0
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self._stop()

    def _check(self) -> None:
        settings = self._settings
        if settings.demo and not is_loopback(settings.bind):
            raise CannotStart(
                "the demo has known passwords and a pretend bank, so it only listens on this machine: "
                "unset YIMEN_DEMO, or set YIMEN_BIND=127.0.0.1."
            )
        try:
            self._logs.mkdir(parents=True, exist_ok=True)
            run_directory(settings.var)
        except NotOurs as error:
            raise CannotStart(str(error)) from None
        except OSError as error:
            raise CannotStart(f"{self._logs} cannot be made ({error.strerror}): set YIMEN_VAR to a directory of yours.")  # noqa: B904
        self._be_the_only_one()
        wanted = [(settings.port, "YIMEN_PORT")] + (
            [(settings.the_biller_port, "YIMEN_BILLER_PORT"), (settings.the_channels_port, "YIMEN_CHANNELS_PORT")]
            * settings.demo
        )
        for port, setting in wanted:
            if (reason := port_problem(settings.bind, port)) is not None:
                raise CannotStart(f"port {port} {reason}: stop what uses it, or set {setting} to another port.")
        self._listeners = [listener(settings) for _ in range(settings.processes)]

    def _be_the_only_one(self) -> None:
        """Hold a lock as long as we live: two hosts in one directory would stop each other's database."""
        self._lock = (self._settings.var / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            where = self._settings.var.absolute()
            raise CannotStart(f"another Yimen runs in {where}: stop it, or set YIMEN_VAR elsewhere.") from None

    def _prepare(self) -> Mapping[str, str]:
        """Start the database, migrate it and fill in the demo; tell the environment of every part."""
        settings = self._settings
        url = settings.database_url
        if url is None:
            self._postgres = EmbeddedPostgres(settings.var.absolute() / "postgres")
            try:
                self._postgres.start()
            except EmbeddedError as error:
                raise CannotStart(str(error)) from None
            url = self._postgres.database(DATABASE, owner=DATABASE).url
        connections, billers = dict(settings.connections), dict(settings.billers)
        if settings.demo:
            power = f"http://127.0.0.1:{settings.the_biller_port}"
            connections.setdefault("biller.yimen.test", power)
            billers.setdefault("utilities", f"{power}/files")
        return {
            **os.environ,
            "YIMEN_DATABASE_URL": url,
            "YIMEN_VAR": str(settings.var.absolute()),
            "YIMEN_CONNECTIONS": _pairs(connections),
            "YIMEN_BILLERS": _pairs(billers),
            "YIMEN_DEMO": "1" if settings.demo else "0",
            **({"YIMEN_PROJECT": str(settings.project)} if settings.project else {}),
            **(simulation.merchant(settings) if settings.demo else {}),
            "PYTHONUNBUFFERED": "1",
        }

    def _start(self, environment: Mapping[str, str]) -> None:
        here = [sys.executable, "-m", "yimen_host.cli"]
        self._begin("supervisor", [sys.executable, "-m", "yimen_host.runtime.supervisor", "--config", self._config()])
        if self._settings.demo:
            port = str(self._settings.the_biller_port)
            file = str(self._settings.var.absolute() / "biller.sqlite")
            self._begin("biller", [sys.executable, "-m", "yimen_simulators.biller", "--port", port, "--file", file])
            self._begin("channels", simulation.command(self._settings))
        self._once([*here, "prepare"], environment, "the database could not be prepared")
        self._begin("jobs", [*here, "jobs"], environment, stands_on="supervisor")
        for name, place in zip(self._hosts(), self._listeners, strict=True):
            command = [*here, "serve", "--fd", str(place.fileno())]
            self._begin(name, command, environment, stands_on="supervisor", hand=place)

    def _hosts(self) -> list[str]:
        """The names of the host processes: the first one's is the same however many there are."""
        return ["host", *(f"host-{number}" for number in range(2, self._settings.processes + 1))]

    def _config(self) -> str:
        var = self._settings.var.absolute()
        path = var / "supervisor.json"
        path.write_text(
            json.dumps({"run_dir": str(run_directory(self._settings.var)), "state_dir": str(var / "supervisor")})
        )
        return str(path)

    def _begin(
        self,
        name: str,
        command: list[str],
        environment: Mapping[str, str] | None = None,
        *,
        stands_on: str | None = None,
        hand: socket.socket | None = None,
    ) -> None:
        # Under `yimen dev` the host tells what the mini-app writes, so it has the terminal.
        aloud = hand is not None and self._settings.project is not None
        part = Part(name, command, self._logs / f"{name}.log", environment, aloud, hand)
        self._parts.begin(part, stands_on=stands_on)

    def _once(self, command: list[str], environment: Mapping[str, str], failure: str) -> None:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        (self._logs / "prepare.log").open("ab").write(done.stdout + done.stderr)
        if done.returncode:
            raise CannotStart(f"{failure} ({_reason(done.stderr)}): see {self._logs / 'prepare.log'}.")

    def _wait_until_ready(self) -> None:
        address = f"http://{self._settings.bind}:{self._settings.port}/sign-in"
        request = urllib.request.Request(address, headers={"Host": self._settings.portal_host})
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            self._complain_if_ended()
            try:
                urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - our own address
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)
            else:
                return
        raise CannotStart(f"the host did not answer within {READY_SECONDS:.0f} s: see {self._logs / 'host.log'}.")

    def _complain_if_ended(self) -> None:
        if (part := self._parts.ended()) is not None:
            raise CannotStart(f"the {part.name} ended by itself: see {part.log}.")

    def _wait(self) -> int:
        """Watch over everything; what dies is begun again. Return 1 when that does not help."""
        while True:
            time.sleep(WATCH_SECONDS)
            if self._postgres is not None and not self._postgres.running:
                print("The database ended; it is started again.", file=sys.stderr, flush=True)
                self._postgres.start()
            if (part := self._parts.ended()) is not None:
                print(f"The {part.name} ended; it is started again. See {part.log}.", file=sys.stderr, flush=True)
                if not self._parts.begin_again(part):
                    print(f"The {part.name} ends again and again: everything stops.", file=sys.stderr, flush=True)
                    return 1

    def _stop(self) -> None:
        self._parts.stop()
        for place in self._listeners:
            place.close()
        if self._postgres is not None:
            self._postgres.stop()

    def _say_where(self, seconds: float) -> None:
        origin = self._settings.portal_origin
        lines = [f"Yimen 一门 is at {origin}  (ready after {seconds:.1f} s; logs in {self._logs})"]
        if self._settings.demo:
            from yimen_host.cli.demo import ACCOUNTS, COUPON_DESK, PASSWORD

            lines += [
                "",
                "Demo: the identity check and the bank are SANDBOXES; no person and no money here is real.",
                f"  the payer's phone for the simulated WeChat Pay and Alipay: http://localhost:{self._settings.the_channels_port}/",
                *(
                    f"  {who.role:<10} {who.phone}   password {PASSWORD}   {who.note}"
                    for who in (*ACCOUNTS, *COUPON_DESK)
                ),
                f"  text messages to newcomers: {origin}/sandbox/inbox",
            ]
        print("\n".join([*lines, "", "Ctrl-C stops everything."]), flush=True)


def _pairs(named: Mapping[str, str]) -> str:
    return ",".join(f"{name}={address}" for name, address in named.items())


def _reason(stderr: bytes) -> str:
    """The line of a traceback that names the error: a database's message goes on with details below it."""
    lines = stderr.decode(errors="replace").strip().splitlines() or ["no reason was given"]
    return next((line for line in reversed(lines) if _ERROR.match(line)), lines[-1])


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
