"""The ledger's post route of the test build, and beside it a route that reads JSON and answers JSON.

python -m bench.posting.server PORT DATABASE
"""

import sys

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.conformance.adapter import application

from yimen_host.cli.serving import seldom_look_for_cycles
from yimen_host.core.database import Database


async def empty(request: Request) -> Response:
    """Read the same body, and do nothing."""
    await request.json()
    return JSONResponse({})


def main(port: int, address: str) -> None:
    """Serve until the end."""
    app = application(Database(address))
    app.router.routes.insert(1, Route("/empty", empty, methods=["POST"]))  # beside the other: routes are tried in turn
    seldom_look_for_cycles()  # as the host does
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
