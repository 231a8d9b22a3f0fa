"""The project that `yimen new` writes: files with the suffix `.in`, their names filled in."""

from yimen_sdk.scaffold.project import Names, write_project

__all__ = ["Names", "write_project"]
