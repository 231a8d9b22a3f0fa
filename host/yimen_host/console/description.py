"""Describes what a publisher's programs may ask of the portal with an API token: their webhooks, and the registry."""

import json
from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yimen_host.console import bodies, deliveries
from yimen_host.core.openapi import JSON, TEXT, Api, Call
from yimen_host.payments.idempotency import KeyHeader
from yimen_registry.index.answers import FilesAnswer, ProjectsAnswer
from yimen_registry.index.api import FILE_TYPE, Index
from yimen_registry.index.simple import HTML_TYPE, JSON_TYPE, PLAIN_TYPE
from yimen_registry.uploads.api import Uploads
from yimen_registry.uploads.fields import UploadForm

ADDRESS = "/v1/openapi.json"

_APP = "/v1/apps/{app_id}/webhooks"
_ENDPOINT = f"{_APP}/{{endpoint}}"
_DOES = (400, 401, 404, 409)
_PACKAGING = ("basic",)
_HTML = (HTML_TYPE, PLAIN_TYPE)
"""What `Accept` chooses besides JSON; who asks for nothing in particular gets the plain one."""
CALLS = (
    Call(_APP, "GET", deliveries.endpoints, bodies.EndpointsAnswer, 200, (401, 404)),
    Call(f"{_ENDPOINT}/dead-letters", "GET", deliveries.dead_letters, bodies.DeadLettersAnswer, 200, (401, 404, 422),
         query=bodies.DeadLettersQuery),
    Call(f"{_ENDPOINT}/dead-letters/replay", "POST", deliveries.send_dead_again, bodies.SentAgainAnswer, 202, _DOES,
         headers=KeyHeader),
    Call(f"{_ENDPOINT}/deliveries/{{delivery:int}}/replay", "POST", deliveries.send_again, bodies.SentAgainAnswer, 202,
         _DOES, headers=KeyHeader),
    Call("/legacy/", "POST", Uploads.upload, None, 200, (400, 401, 403, 409, 413, 422), form=UploadForm,
         media=TEXT, refused_in=TEXT, shown=_PACKAGING),
    Call("/simple/", "GET", Index.list_all, ProjectsAnswer, 200, (406,),
         media=JSON_TYPE, also_in=_HTML, refused_in=TEXT, shown=_PACKAGING, to_anybody=True),
    Call("/simple/{name}/", "GET", Index.list_files, FilesAnswer, 200, (404, 406),
         media=JSON_TYPE, also_in=_HTML, elsewhere=(301,), refused_in=TEXT, shown=_PACKAGING, to_anybody=True),
    Call("/files/{file}", "GET", Index.file, None, 200, (404,),
         media=FILE_TYPE, also_in=(TEXT,), refused_in=TEXT, shown=_PACKAGING, to_anybody=True),
)  # fmt: skip
PUBLISHERS = Api(
    "Yimen publishers' API",
    "1.0",
    "What a publisher's programs may ask of the portal, with an API token of the developer's console: as a bearer "
    "token, or as the password of the user __token__, as packaging tools send it. /legacy/ and /simple/ are the "
    "packaging ecosystem's own protocols (twine, uv and pip speak them; PEP 503, 658, 691 and 700), in which the index "
    "shows what was approved to everybody, and what waits for review to its publisher's token.",
    CALLS,
    ("bearer", "basic"),
)


async def show(request: Request) -> Response:
    """``GET /v1/openapi.json`` of the portal, for everybody."""
    return Response(_written(), media_type=JSON)


@cache
def _written() -> str:
    return json.dumps(PUBLISHERS.document(), ensure_ascii=False)


routes = [Route(ADDRESS, show)]

if __name__ == "__main__":
    print(json.dumps(PUBLISHERS.document(), indent=2, ensure_ascii=False, sort_keys=True))
