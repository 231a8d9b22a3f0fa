"""One-time codes: six digits for ten minutes, five tries, one a minute and ten a day for each phone."""

import datetime as dt
import secrets

LENGTH = 6
LIFE = dt.timedelta(minutes=10)
TRIES = 5
PAUSE = dt.timedelta(seconds=60)
DAY = dt.timedelta(days=1)
A_DAY = 10


def new_code() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(10**LENGTH):0{LENGTH}}"
