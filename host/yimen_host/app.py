"""Puts the host together: what each part is handed, and which address leads where."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

import yimen_sdk
from yimen_host import edge
from yimen_host.console import (
    deliveries,
    description,
    developer,
    events,
    extensions,
    health,
    merchants,
    orders,
    removal,
    review,
    webhooks,
)
from yimen_host.core.clock import SystemClock
from yimen_host.core.database import Database
from yimen_host.core.errors import HostError
from yimen_host.core.ids import RandomIds
from yimen_host.core.keyring import Keyring
from yimen_host.core.services import Services
from yimen_host.identity import me_pages, sandbox_pages
from yimen_host.identity import pages as identity_pages
from yimen_host.identity.mandates import pages as mandate_pages
from yimen_host.node import Node
from yimen_host.notices import pages as notice_pages
from yimen_host.payments import pages as payment_pages
from yimen_host.portal import frame, home, shell
from yimen_host.runtime.gateway.gateway import Gateway
from yimen_host.runtime.gateway.hosts import Hosts
from yimen_host.settings import Settings
from yimen_sdk.pages import Pages

HERE = Path(__file__).parent
SDK = Path(yimen_sdk.__file__).parent


def create_app(settings: Settings) -> ASGIApp:
    """The whole host as one ASGI application: portal, consoles, registry, and the gateway to every mini-app."""
    node = Node.of(services_of(settings))
    return create_gateway(node, create_portal(node))


def create_gateway(node: Node, portal: Starlette) -> Gateway:
    """What answers on the one port: the portal's site, and every mini-app on its own origin."""
    settings = node.services.settings
    return Gateway(
        hosts=Hosts(
            portal=settings.portal_host,
            apps=settings.apps_suffix.removeprefix("."),
            scheme="https" if settings.secure else "http",
        ),
        portal=portal,
        platform=frame.platform(node.launches, node.directory, SDK / "static"),
        directory=node.directory,
        sessions=node.app_sessions,
        kept=node.app_sessions.kept,
        meter=node.quotas.requests,
        traffic=node.traffic,
        pages=frame.error_pages(portal.state.pages, settings.portal_origin),
        leave=frame.leave(portal.state.pages, settings.portal_origin),
    )


def create_portal(node: Node) -> Starlette:
    """The portal's own site."""
    settings = node.services.settings
    portal = Starlette(
        routes=[
            *home.routes, *shell.routes, *identity_pages.routes, *me_pages.routes,
            *mandate_pages.routes, *notice_pages.routes,
            *payment_pages.routes, *developer.routes, *removal.routes, *events.routes,
            *health.routes, *webhooks.routes, *deliveries.routes, *description.routes,
            *orders.routes, *merchants.routes, *review.routes,
            *extensions.routes, *node.registry.routes(),
            *(sandbox_pages.routes if settings.demo else ()),
            Route("/.well-known/jwks.json", frame.jwks),
            Mount("/static", StaticFiles(directory=HERE / "static")),
            Mount("/sdk", StaticFiles(directory=SDK / "static")),
        ],
        middleware=[
            Middleware(edge.PolicyHeaders, apps_source=settings.app_origin("*")),
            Middleware(GZipMiddleware, minimum_size=1024),
            Middleware(edge.OwnOrigin, origin=settings.portal_origin),
            Middleware(edge.Visitors, sessions=node.sessions, inbox=node.inbox),
        ],
        exception_handlers={
            HostError: edge.host_error, HTTPException: edge.http_error, Exception: edge.our_fault,
        },
        lifespan=_lifespan,
    )  # fmt: skip
    portal.state.node = node
    portal.state.pages = Pages("yimen_host")
    for name, part in node.parts().items():
        setattr(portal.state, name, part)
    return portal


def services_of(settings: Settings) -> Services:
    """What every part is handed. The database must have been prepared (``prepare``)."""
    assert settings.database_url is not None, "the command line starts the embedded database and fills this in"
    return Services(
        settings=settings,
        database=Database(settings.database_url),
        keyring=Keyring.load(settings.var / "keys"),
        clock=SystemClock(),
        ids=RandomIds(),
    )


@asynccontextmanager
async def _lifespan(portal: Starlette) -> AsyncIterator[None]:
    node: Node = portal.state.node
    await node.start()
    try:
        yield
    finally:
        async with asyncio.timeout(10):
            await node.stop()
