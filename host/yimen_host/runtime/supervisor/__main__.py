"""Run the supervisor: `python -m yimen_host.runtime.supervisor --config FILE`."""

import argparse
import asyncio
import logging
import signal
from pathlib import Path

from yimen_host.runtime.supervisor.config import SupervisorConfig
from yimen_host.runtime.supervisor.control import Control, listen
from yimen_host.runtime.supervisor.supervisor import Supervisor


def main() -> None:
    """Read the configuration and serve until a signal ends it."""
    parser = argparse.ArgumentParser(prog="yimen-supervisor", description="Runs the releases of mini-apps.")
    parser.add_argument("--config", type=Path, required=True, help="a JSON file; see SupervisorConfig")
    config = SupervisorConfig.model_validate_json(parser.parse_args().config.read_bytes())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(serve(config))


async def serve(config: SupervisorConfig) -> None:
    """Serve until SIGTERM or SIGINT, then drain every release."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    config.run_dir.mkdir(mode=0o755, parents=True, exist_ok=True)
    config.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    supervisor = Supervisor(config)
    try:
        await supervisor.start()
        control = Control(supervisor, allowed=frozenset({0, config.host_uid}))
        server = await control.serve(listen(config.control_socket))
        await ended.wait()
        server.close()
        await control.close()
    finally:
        await supervisor.close()
        config.control_socket.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
