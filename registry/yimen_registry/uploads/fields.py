"""The fields of an upload's form that are read; the packaging tools send more of them."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema
from starlette.datastructures import FormData, UploadFile

from yimen_registry.errors import Invalid


def _named(content: UploadFile) -> UploadFile:
    if not content.filename:
        raise ValueError("the file has no name")
    return content


class UploadForm(BaseModel):
    """An upload as `twine` and `uv` send it. What is left empty is as good as absent."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    action: Literal["file_upload"] = Field(alias=":action")
    protocol_version: Literal["1"] = "1"
    filetype: Literal["bdist_wheel"]
    content: Annotated[
        UploadFile,
        AfterValidator(_named),
        WithJsonSchema({"type": "string", "contentMediaType": "application/octet-stream"}),
    ] = Field(description="the wheel")
    name: str | None = None
    version: str | None = None
    sha256_digest: str | None = None
    blake2_256_digest: str | None = None
    attestations: str | None = Field(default=None, description="PEP 740 attestations: a JSON list of objects")

    @classmethod
    def read(cls, sent: FormData) -> Self:
        """Read what was sent. Raises Invalid with the first thing that is wrong."""
        try:
            return cls.model_validate({name: value for name, value in sent.items() if value != ""})
        except ValidationError as error:
            field = str(error.errors()[0]["loc"][0])
            raise Invalid(_WRONG.get(field, f"the field `{field}` is not text")) from error


_NO_UPLOAD = "this address takes uploads of files only (:action=file_upload, protocol_version=1)"
_WRONG = {
    ":action": _NO_UPLOAD,
    "protocol_version": _NO_UPLOAD,
    "filetype": "only wheels are taken: a source distribution would run code to become one",
    "content": "the upload has no file in the field `content`",
}
