"""The libraries that every release process has. A mini-app may depend on these and brings no others."""

import sys

CURATED: dict[str, tuple[str, ...]] = {
    "yimen-sdk": ("yimen_sdk",),
    "alembic": ("alembic",),
    "anyio": ("anyio",),
    "babel": ("babel",),
    "cryptography": ("cryptography",),
    "h11": ("h11",),
    "httpcore": ("httpcore",),
    "httptools": ("httptools",),
    "httpx": ("httpx",),
    "idna": ("idna",),
    "jinja2": ("jinja2",),
    "joserfc": ("joserfc",),
    "markupsafe": ("markupsafe",),
    "packaging": ("packaging",),
    "pluggy": ("pluggy",),
    "psycopg": ("psycopg", "psycopg_binary"),
    "psycopg-pool": ("psycopg_pool",),
    "pydantic": ("pydantic",),
    "pydantic-core": ("pydantic_core",),
    "python-multipart": ("python_multipart", "multipart"),
    "sqlalchemy": ("sqlalchemy",),
    "sqlmodel": ("sqlmodel",),
    "standardwebhooks": ("standardwebhooks",),
    "starlette": ("starlette",),
    "typing-extensions": ("typing_extensions",),
    "uvicorn": ("uvicorn",),
    "uvloop": ("uvloop",),
}
"""Distribution, normalised, and the packages it brings."""

_PLATFORM = {"yimen", "yimen_host", "yimen_registry", "yimen_simulators", "pip", "setuptools", "pkg_resources"}

TAKEN_PACKAGES = frozenset(
    set(sys.stdlib_module_names) | _PLATFORM | {name for names in CURATED.values() for name in names}
)
"""Packages that a mini-app would shadow if it took their name."""
