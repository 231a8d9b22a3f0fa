"""Writes an HTTP API down as OpenAPI 3.1, from the models that its calls themselves read and answer with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict
from spectree import Response, SecurityScheme, SpecTree
from spectree.models import SecureType, SecuritySchemeData
from starlette.applications import Starlette
from starlette.routing import Route

JSON, PROBLEM, TEXT = "application/json", "application/problem+json", "text/plain"
AS_TEXT = {"schema": {"type": "string"}}


class Problem(BaseModel):
    """A refusal (RFC 9457, July 2023)."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str


@dataclass(frozen=True)
class Call:
    """One call: where, what it reads, what it answers, how it refuses.

    ``shown``: in which of HTTP's ways a caller shows who it is, where not all of the API's are good; ``to_anybody``:
    one who shows nothing is answered too. ``also_in``: the media types, besides ``media``, in which it says the
    same as text. ``elsewhere``: statuses with which it only names another address.
    """

    path: str
    method: str
    endpoint: Any  # Any: an async function of a request, as Starlette takes it
    answers: type[BaseModel] | None
    status: int = 200
    refusals: Sequence[int] = (401, 403, 404)
    reads: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    headers: type[BaseModel] | None = None
    form: type[BaseModel] | None = None
    media: str = JSON
    also_in: Sequence[str] = ()
    elsewhere: Sequence[int] = ()
    refused_in: str = PROBLEM
    shown: Sequence[str] = ()
    to_anybody: bool = False


@dataclass(frozen=True)
class Api:
    """A set of calls, in the words of its document. ``schemes``: in which of HTTP's ways a caller shows who it is."""

    title: str
    version: str
    about: str
    calls: Sequence[Call]
    schemes: Sequence[str] = ()

    def document(self) -> dict[str, Any]:  # Any: an OpenAPI document
        """The description, as JSON values."""
        spec = SpecTree(
            "starlette",
            title=self.title,
            version=self.version,
            description=self.about,
            openapi_version="3.1.0",
            naming_strategy=lambda model: model.__name__,
            nested_naming_strategy=lambda _, name: name,
            security_schemes=[
                SecurityScheme(name, SecuritySchemeData(SecureType.HTTP, scheme=name)) for name in self.schemes
            ],
            security=[{name: []} for name in self.schemes],
        )
        routes = [Route(call.path, _described(spec, call), methods=[call.method]) for call in self.calls]
        spec.register(Starlette(routes=routes))
        document: dict[str, Any] = spec.spec
        for call in self.calls:
            _settle(document, call)
        for foreign in ("ValidationError", "ValidationErrorElement"):  # of the library that describes; no call's
            document["components"]["schemas"].pop(foreign, None)
        return document


def _described(spec: SpecTree, call: Call) -> Any:  # Any: as above
    answers: dict[str, Any] = {f"HTTP_{call.status}": call.answers}
    answers |= {f"HTTP_{status}": Problem for status in call.refusals}
    answers |= {f"HTTP_{status}": None for status in call.elsewhere}
    # The calls check what they read themselves; this only describes it.
    described = spec.validate(
        json=call.reads,
        query=call.query,
        headers=call.headers,
        form=call.form,
        resp=Response(**answers),
        skip_validation=True,
    )
    return described(call.endpoint)


def _settle(document: dict[str, Any], call: Call) -> None:  # Any: as above
    """Put right what the library takes for granted: that every answer is JSON, 422 always, numbers 32 bits long."""
    operation = document["paths"][call.path.replace(":int}", "}")][call.method.lower()]
    answers: dict[str, Any] = operation["responses"]
    if call.status != 422 and 422 not in call.refusals:
        answers.pop("422", None)
    for status, answer in answers.items():
        if int(status) in call.elsewhere:
            answer["headers"] = {
                "Location": {"required": True, "schema": {"type": "string", "format": "uri-reference"}}
            }
            continue
        media = call.media if int(status) == call.status else call.refused_in
        content = answer.get("content", {}).get(JSON, {})
        answer["content"] = {media: AS_TEXT if media == TEXT else content}
        if int(status) == call.status:
            answer["content"] |= dict.fromkeys(call.also_in, AS_TEXT)
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            parameter["schema"].pop("format", None)
    if call.shown or call.to_anybody:
        ways: list[dict[str, list[str]]] = [{name: []} for name in call.shown] or document["security"]
        operation["security"] = [{}, *ways] if call.to_anybody else ways
