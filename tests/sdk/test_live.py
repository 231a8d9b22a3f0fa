"""A mini-app's WebSocket as its page meets it."""

import pytest

from yimen_sdk import MiniApp, Refused, Resident, WebSocket
from yimen_sdk.testing import Closed, visit

WANG = Resident("r1", scopes=frozenset({"identity.name"}), claims={"name": "王秀英"})


@pytest.fixture
def app() -> MiniApp:
    """A mini-app that answers by the visitor's name, and sells nothing."""
    app = MiniApp("yimen_sdk", id="app")

    @app.websocket("/live")
    async def live(socket: WebSocket) -> None:
        async for text in socket.iter_text():
            await socket.send_text(f"{socket.resident.name} {text}")

    @app.websocket("/open", public=True)
    async def anybody(socket: WebSocket) -> None:
        await socket.send_text(f"{socket.visitor} {socket.locale}")

    @app.websocket("/tea")
    async def tea(socket: WebSocket) -> None:
        raise Refused("the tea is sold out")

    return app


async def test_a_socket_knows_who_opened_it(app: MiniApp) -> None:
    async with visit(app, resident=WANG) as visitor, visitor.talk("/live") as talk:
        await talk.send("你好")
        await talk.send("茶")

        assert [await talk.receive(), await talk.receive()] == ["王秀英 你好", "王秀英 茶"]


async def test_nobody_opens_a_socket_that_needs_somebody(app: MiniApp) -> None:
    async with visit(app) as visitor:
        with pytest.raises(Closed, match="1008 sign_in_required"):
            async with visitor.talk("/live"):
                pass


async def test_a_forged_identity_opens_nothing(app: MiniApp) -> None:
    async with visit(app) as visitor:
        visitor.headers["Yimen-Resident"] = "eyJhbGciOiJub25lIn0.e30."
        for path in ("/live", "/open"):
            with pytest.raises(Closed, match="1008 sign_in_required"):
                async with visitor.talk(path):
                    pass


async def test_a_socket_is_closed_when_its_handler_is_done(app: MiniApp) -> None:
    async with visit(app) as visitor, visitor.talk("/open") as talk:
        told = await talk.receive()
        with pytest.raises(Closed) as closed:
            await talk.receive()

    assert (told, closed.value.code) == ("None zh", 1000)


async def test_a_refusal_closes_with_its_code(app: MiniApp) -> None:
    async with visit(app, resident=WANG) as visitor, visitor.talk("/tea") as talk:
        with pytest.raises(Closed) as closed:
            await talk.receive()

    assert (closed.value.code, closed.value.reason) == (1008, "refused")


def test_a_handler_that_blocks_everybody_is_not_taken(app: MiniApp) -> None:
    with pytest.raises(TypeError, match="async def"):
        app.websocket("/slow")(lambda socket: None)  # type: ignore[arg-type, return-value]  # on purpose
