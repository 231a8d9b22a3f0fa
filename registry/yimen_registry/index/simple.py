"""The simple repository API (PEP 503, 658, 691, 700) as text. Pure: values in, HTML or JSON out."""

import html
from collections.abc import Sequence

from yimen_registry.index.answers import FilesAnswer, ProjectsAnswer
from yimen_registry.index.store import IndexFile

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "application/vnd.pypi.simple.v1+html"
PLAIN_TYPE = "text/html"
_LATEST = {
    "application/vnd.pypi.simple.latest+json": JSON_TYPE,
    "application/vnd.pypi.simple.latest+html": HTML_TYPE,
    "text/*": PLAIN_TYPE,
    "application/*": JSON_TYPE,
    "*/*": PLAIN_TYPE,
}


def choose_type(accept: str) -> str | None:
    """Return the media type to answer with, by the client's preference; None when there is none in common."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept.split(",") if accept.strip() else ["*/*"]):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((_quality(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
        known = _LATEST.get(name, name)
        if quality > 0 and known in {JSON_TYPE, HTML_TYPE, PLAIN_TYPE}:
            wanted.append((-quality, place, known))
    return min(wanted)[2] if wanted else None


def list_json(distributions: Sequence[str]) -> str:
    """Write the list of distributions as JSON."""
    return ProjectsAnswer.of(distributions).model_dump_json(by_alias=True)


def list_html(distributions: Sequence[str]) -> str:
    """Write the list of distributions as HTML."""
    return _page("Simple index", [f'<a href="{html.escape(n)}/">{html.escape(n)}</a>' for n in distributions])


def files_json(distribution: str, files: Sequence[IndexFile]) -> str:
    """Write the files of a distribution as JSON."""
    return FilesAnswer.of(distribution, files).model_dump_json(by_alias=True)


def files_html(distribution: str, files: Sequence[IndexFile]) -> str:
    """Write the files of a distribution as HTML."""
    return _page(f"Links for {distribution}", [_file_html(file) for file in files])


def _file_html(file: IndexFile) -> str:
    attributes = {
        "href": f"../../files/{file.file_name}#sha256={file.sha256}",
        "data-requires-python": file.requires_python,
        "data-core-metadata": f"sha256={file.metadata_sha256}",
        "data-dist-info-metadata": f"sha256={file.metadata_sha256}",
        "data-yanked": file.yanked,
    }
    written = " ".join(f'{name}="{html.escape(value)}"' for name, value in attributes.items() if value)
    return f"<a {written}>{html.escape(file.file_name)}</a>"


def _page(title: str, links: Sequence[str]) -> str:
    body = "".join(f"{link}<br>\n" for link in links)
    head = '<meta charset="utf-8"><meta name="pypi:repository-version" content="1.1">'
    return (
        f"<!DOCTYPE html>\n<html><head>{head}<title>{html.escape(title)}</title></head><body>\n{body}</body></html>\n"
    )


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
