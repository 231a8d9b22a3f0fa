"""The relay: a mini-app's unix socket that leads to a database elsewhere."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from sqlalchemy.engine import URL, make_url
from tests.host.remote import reached_by_tcp

from yimen_host.runtime import relay as module
from yimen_host.runtime import turn
from yimen_host.runtime.relay import SOCKET_NAME, DatabaseRelay, socket_directory_of


@asynccontextmanager
async def relayed(place: Path, url: URL) -> AsyncIterator[Path]:
    """The directory with the socket of a running relay."""
    relay = DatabaseRelay(place / "postgres", url)
    await relay.start()
    yield place / "postgres"
    await relay.stop()


async def ask(url: URL, directory: Path, query: str) -> object:
    """What the database answers through the relay."""
    address = f"postgresql://{url.username}:{url.password}@/{url.database}?host={directory}"
    async with await psycopg.AsyncConnection.connect(address) as connection:
        row = await (await connection.execute(query.encode())).fetchone()
    assert row is not None
    return row[0]


async def test_a_database_elsewhere_answers_on_the_socket(place: Path, database_url: str) -> None:
    async with reached_by_tcp(database_url) as url, relayed(place, url) as directory:
        assert await ask(url, directory, "SELECT current_database()") == url.database
        assert await ask(url, directory, "SELECT length(repeat('x', 3000000))") == 3_000_000


async def test_many_connections_are_carried_at_once(place: Path, database_url: str) -> None:
    async with reached_by_tcp(database_url) as url, relayed(place, url) as directory:
        answers = await asyncio.gather(
            *(ask(url, directory, f"SELECT {n} + 0 * length(pg_sleep(0.05)::text)") for n in range(12))
        )

    assert answers == list(range(12))


async def test_each_still_signs_in_with_its_own_password(place: Path, database_url: str) -> None:
    async with reached_by_tcp(database_url) as url, relayed(place, url) as directory:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            await ask(url.set(password="wrong"), directory, "SELECT 1")


async def test_a_database_that_is_away_ends_the_connection(place: Path, database_url: str) -> None:
    async with reached_by_tcp(database_url) as url:
        pass

    async with relayed(place, url) as directory:
        with pytest.raises(psycopg.OperationalError):
            await ask(url, directory, "SELECT 1")


async def test_a_database_on_this_machine_needs_none(place: Path, database_url: str) -> None:
    async with relayed(place, make_url(database_url)) as directory:
        assert not directory.exists()


async def test_when_one_process_ends_another_takes_over(
    place: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "LOOK_SECONDS", 0.01)
    async with reached_by_tcp(database_url) as url:
        first, second = (DatabaseRelay(place / "postgres", url) for _ in range(2))
        await first.start()
        await second.start()
        await first.stop()

        while not await reachable(place / "postgres"):  # noqa: ASYNC110  the other process has no event either
            await asyncio.sleep(0.01)

        assert await ask(url, place / "postgres", "SELECT 1") == 1
        await second.stop()


async def reachable(directory: Path) -> bool:
    """Whether somebody listens."""
    try:
        _, writer = await asyncio.open_unix_connection(directory / SOCKET_NAME)
    except OSError:
        return False
    writer.close()
    return True


@pytest.mark.parametrize(
    ("address", "directory"),
    [
        ("postgresql://u@/d?host=/run/postgresql", Path("/run/postgresql")),
        ("postgresql://u@db.example/d", None),
        ("postgresql://u@/d?host=db.example", None),
    ],
)
def test_an_address_says_whether_it_is_on_this_machine(address: str, directory: Path | None) -> None:
    assert socket_directory_of(make_url(address)) == directory


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a self-signed certificate for the name localhost."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
    )
    return path


@asynccontextmanager
async def echo(certificate: Path | None) -> AsyncIterator[int]:
    """A server that begins as PostgreSQL does, with or without TLS, and then says back what it hears; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(8)
        if first == module._SSL_REQUEST:
            writer.write(b"S" if certificate else b"N")
            if certificate:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(certificate)
                await writer.start_tls(context)
            first = await reader.readexactly(8)
        secured = b"tls" if writer.get_extra_info("ssl_object") else b"plain"
        writer.write(first + secured)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("host", "query", "tls", "answer"),
    [
        ("127.0.0.1", "", True, b"12345678tls"),
        ("127.0.0.1", "", False, b"12345678plain"),
        ("127.0.0.1", "sslmode=disable", True, b"12345678plain"),
        ("127.0.0.1", "sslmode=require", True, b"12345678tls"),
        ("127.0.0.1", "sslmode=require", False, b""),
        ("localhost", "sslmode=verify-full&sslrootcert={certificate}", True, b"12345678tls"),
        ("127.0.0.1", "sslmode=verify-full&sslrootcert={certificate}", True, b""),
        ("127.0.0.1", "sslmode=verify-ca&sslrootcert={certificate}", True, b"12345678tls"),
        ("localhost", "sslmode=verify-full", True, b""),
    ],
)
async def test_the_way_is_as_safe_as_the_address_asks_for(
    place: Path, certificate: Path, host: str, query: str, tls: bool, answer: bytes
) -> None:
    async with echo(certificate if tls else None) as port:
        url = make_url(f"postgresql://u@{host}:{port}/d?{query.format(certificate=certificate)}")
        async with relayed(place, url) as directory:
            reader, writer = await asyncio.open_unix_connection(directory / SOCKET_NAME)
            writer.write(b"12345678")

            assert await reader.read() == answer

            writer.close()
