"""Whether mini-apps live on a domain of their own. Arithmetic on names only: no look-up, no list from elsewhere."""

from enum import StrEnum

# 中国互联网络域名体系 (MIIT notice 7 of 2018): the names below .CN under which domains are registered.
_CATEGORIES = "ac com edu gov mil net org xn--zfr164b xn--55qw42g"  # the last two are 政务 and 公益
_PROVINCES = "bj sh tj cq he sx nm ln jl hl js zj ah fj jx sd ha hb hn gd gx hi sc gz yn xz sn gs qh nx xj tw hk mo"
_BELOW_CN = frozenset(f"{_CATEGORIES} {_PROVINCES}".split())


class Layout(StrEnum):
    """How the portal's host name and the mini-apps' domain stand to each other."""

    SEPARATE = "separate"
    """Different registrable domains: to a browser a mini-app is another site."""
    LOCAL = "local"
    """Below ``localhost``, where browsers keep every name apart: for one's own machine."""
    SHARED = "shared"
    """One registrable domain, as far as can be told from the names: a mini-app is a sibling of the portal."""


def layout(portal: str, apps: str) -> Layout:
    """Tell the layout of two host names without ports.

    A public suffix that is not known here (such as co.uk) counts as a registrable domain: then two domains below it
    look shared, which errs on the safe side.
    """
    ours, theirs = portal.lower().split("."), apps.lower().split(".")
    if ours[-1] == theirs[-1] == "localhost":
        return Layout.LOCAL
    return Layout.SHARED if _registrable(ours) == _registrable(theirs) else Layout.SEPARATE


def _registrable(labels: list[str]) -> tuple[str, ...]:
    has_two = len(labels) > 2 and labels[-1] == "cn" and labels[-2] in _BELOW_CN
    return tuple(labels[-3:] if has_two else labels[-2:])
