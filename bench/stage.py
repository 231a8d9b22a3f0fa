"""A stage for runtime benchmarks: a supervisor with the tiny mini-app, a gateway before it, and the bare app beside."""

import asyncio
import contextlib
import gc
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import uvicorn
from joserfc.jwk import ECKey
from joserfc.jwt import encode as sign
from starlette.responses import PlainTextResponse

from bench.measure import ROOT, free_port, program, wait_for_port
from yimen_host.runtime.contract import Limits, ReleaseSpec, ReleaseState
from yimen_host.runtime.gateway.edge import Edge
from yimen_host.runtime.gateway.gateway import Gateway
from yimen_host.runtime.gateway.hosts import Hosts
from yimen_host.runtime.gateway.ports import AppTarget, ReleaseTarget, TargetState, Visitor
from yimen_host.runtime.supervision import Supervision

APP, VERSION, MODULE = "tiny", "1.0.0", "yimen_tiny"
COOKIE = "measured"
Answer = TypeVar("Answer")
_KEY = ECKey.generate_key("P-256", {"kid": "bench", "alg": "ES256"})


def environment() -> dict[str, str]:
    """Return what the tiny mini-app is told."""
    keys = json.dumps({"keys": [_KEY.as_dict(private=False)]})
    return {
        "YIMEN_APP_ID": APP,
        "YIMEN_APP_VERSION": VERSION,
        "YIMEN_APP_PUBLIC_URL": "http://tiny.localhost",
        "YIMEN_PORTAL_URL": "http://localhost",
        "YIMEN_HOST_URL": "http+unix:///run/yimen/api/host.sock",
        "YIMEN_HOST_KEYS": keys,
    }


@dataclass(frozen=True)
class Stage:
    """Directories of one benchmark run."""

    home: Path
    supervisor: int
    """Its process."""

    @property
    def control(self) -> Path:
        """Where the supervisor listens."""
        return self.home / "run" / "control.sock"

    def spec(
        self, *, app_id: str = APP, module: str = MODULE, idle_seconds: float = 300.0, processor: float = 2.0
    ) -> ReleaseSpec:
        """Return a release, of the tiny mini-app; with two processors the quota is not what is measured."""
        braced = {name: value.replace("{", "{{").replace("}", "}}") for name, value in environment().items()}
        return ReleaseSpec(
            app_id=app_id,
            version=VERSION,
            tree=self.home / "tree",
            module=module,
            data=self.home / "data" / app_id,
            environment={**braced, "YIMEN_APP_ID": app_id, "YIMEN_APP_DATA": "{data}"},
            limits=Limits(idle_seconds=idle_seconds, processor=processor),
        )


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    """Run a supervisor in a fresh directory."""
    home = Path(tempfile.mkdtemp(prefix="yimen-bench-"))
    home.chmod(0o755)
    shutil.copytree(ROOT / "bench" / "apps", home / "tree", ignore=shutil.ignore_patterns("__pycache__"))
    config = home / "supervisor.json"
    config.write_text(json.dumps({"run_dir": str(home / "run"), "state_dir": str(home / "state")}))
    try:
        with program("-m", "yimen_host.runtime.supervisor", "--config", str(config)) as process:
            made = Stage(home, process.pid)
            until = time.monotonic() + 20
            while not made.control.exists() and time.monotonic() < until:
                time.sleep(0.02)
            yield made
    finally:
        shutil.rmtree(home, ignore_errors=True)


def arm(made: Stage, spec: ReleaseSpec) -> Path:
    """Arm a release; return its socket."""

    async def ask(supervision: Supervision) -> Path:
        return (await supervision.arm(spec)).socket

    return _asked(made, ask)


def worker_of(made: Stage, app_id: str = APP) -> int:
    """Return the process of a running release."""

    async def ask(supervision: Supervision) -> int:
        for status in await supervision.status():
            if status.app_id == app_id and status.pid is not None:
                return status.pid
        raise LookupError(f"{app_id} does not run")

    return _asked(made, ask)


def starts_of(made: Stage) -> list[int]:
    """Return how often each armed release was started."""

    async def ask(supervision: Supervision) -> list[int]:
        return [status.starts for status in await supervision.status()]

    return _asked(made, ask)


def rearm_when_quarantined(made: Stage, spec: ReleaseSpec) -> None:
    """Give a release that died too often another chance, as an operator would."""

    async def ask(supervision: Supervision) -> None:
        states = {status.app_id: status.state for status in await supervision.status()}
        if states.get(spec.app_id) is ReleaseState.QUARANTINED:
            await supervision.disarm(spec.app_id, spec.version)
            await supervision.arm(spec)

    _asked(made, ask)


def processes(made: Stage) -> list[int]:
    """Return the supervisor's process and all below it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = [made.supervisor]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found


def wait_until_asleep(made: Stage, app_id: str = APP) -> None:
    """Wait until a release has put itself to sleep."""

    async def ask(supervision: Supervision) -> None:
        while any(s.app_id == app_id and s.state != ReleaseState.READY for s in await supervision.status()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    _asked(made, ask)


def _asked(made: Stage, question: Callable[[Supervision], Coroutine[None, None, Answer]]) -> Answer:
    async def ask() -> Answer:
        supervision = Supervision(made.control)
        try:
            return await question(supervision)
        finally:
            await supervision.close()

    return asyncio.run(ask())


@contextlib.contextmanager
def bare() -> Iterator[tuple[int, int]]:
    """Run the same application on uvicorn alone; give its port and process once it answers."""
    with bare_program() as (port, pid):
        wait_for_port(port)
        yield port, pid


@contextlib.contextmanager
def bare_program() -> Iterator[tuple[int, int]]:
    """Start the same application on uvicorn alone, without waiting for it."""
    port = free_port()
    with program(*_uvicorn("bare_app", port), environment=_for_bare_app()) as process:
        yield port, process.pid


@contextlib.contextmanager
def gateway(socket: Path) -> Iterator[tuple[int, int]]:
    """Run the gateway on uvicorn; give its port and process."""
    port = free_port()
    told = {"BENCH_SOCKET": str(socket), "BENCH_PORT": str(port)}
    with program("-m", "bench.stage", str(port), environment=told) as process:
        wait_for_port(port)
        yield port, process.pid


def bare_app() -> object:
    """Make the mini-app's application without anything around it."""
    from yimen_sdk.loading import load_miniapp

    return load_miniapp(MODULE, APP).asgi()


def gateway_app() -> Gateway:
    """Make a gateway with every policy on and one known session."""
    claims = {"aud": APP, "sub": "pairwise", "exp": 4_000_000_000, "scopes": ["identity.name"]}
    release = ReleaseTarget(Path(os.environ["BENCH_SOCKET"]), "default-src 'none'; script-src 'self'; style-src 'self'")
    visitor = Visitor("session", release, sign({"alg": "ES256"}, claims, _KEY))
    portal = PlainTextResponse("portal")
    sessions = _OneSession(visitor)
    place = f"localhost:{os.environ['BENCH_PORT']}"
    return Gateway(
        hosts=Hosts(portal=place, apps=place),
        portal=portal,
        platform=portal,
        directory=_OneApp(release),
        sessions=sessions,
        kept=sessions.kept,
    )


def serve_gateway(port: int) -> None:
    """Serve it as the host does."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    uvicorn.run(
        gateway_app(), port=port, loop="uvloop", http=Edge, access_log=False, log_level="warning", proxy_headers=False,
        server_header=False,
    )  # fmt: skip


def _uvicorn(factory: str, port: int) -> tuple[str, ...]:
    quiet = ("--no-access-log", "--no-proxy-headers", "--log-level", "warning")
    return ("-m", "uvicorn", "--factory", f"bench.stage:{factory}", "--port", str(port), *quiet)


class _OneApp:
    def __init__(self, release: ReleaseTarget) -> None:
        self._target = AppTarget(APP, TargetState.LIVE, release)

    def find(self, app_id: str) -> AppTarget | None:
        return self._target if app_id == APP else None


class _OneSession:
    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor

    async def identify(self, app_id: str, cookie: str | None) -> Visitor | None:
        return self.kept(app_id, cookie)

    def kept(self, app_id: str, cookie: str | None) -> Visitor | None:
        return self._visitor if cookie == COOKIE else None


def _for_bare_app() -> dict[str, str]:
    return {**environment(), "PYTHONPATH": str(ROOT / "bench" / "apps")}


if __name__ == "__main__":
    serve_gateway(int(sys.argv[1]))
