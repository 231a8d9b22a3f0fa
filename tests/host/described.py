"""What a call answers to nonsense, by the model that it is described with."""

from pydantic import BaseModel, ValidationError

WRONG = {"nonsense": "1", "limit": "x", "after": "-1", "code": ""}


def faults(model: type[BaseModel]) -> dict[str, str]:
    """What a model says is wrong with it, by field."""
    try:
        model.model_validate(WRONG)
    except ValidationError as refused:
        return {".".join(map(str, fault["loc"])): fault["msg"] for fault in refused.errors()}
    raise AssertionError(f"{model.__name__} takes nonsense")
