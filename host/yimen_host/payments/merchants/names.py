"""How merchants are named: by a code within their mini-app, and by an id everywhere else. Arithmetic only."""

from yimen_sdk.split import SELF


def merchant_id(app_id: str, code: str) -> str:
    """A merchant's id: a mini-app's own has the mini-app's, which holds no ``_``."""
    return app_id if code == SELF else f"{app_id}_{code}"


def code_of(merchant_id: str) -> str:
    """The code of a merchant by its id."""
    return merchant_id.partition("_")[2] or SELF


def app_of(merchant_id: str) -> str:
    """The mini-app of a merchant by its id."""
    return merchant_id.partition("_")[0]
