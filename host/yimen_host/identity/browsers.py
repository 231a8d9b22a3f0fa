"""Says in a few words which browser a User-Agent header names, so that a resident knows their own devices."""

# The first that fits: many browsers also carry the names of those they resemble.
_PROGRAMS = (
    ("MicroMessenger", "微信"), ("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("HarmonyOS", "鸿蒙"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
    ("Mac OS", "Mac"), ("Linux", "Linux"),
)  # fmt: skip


def browser_name(user_agent: str) -> str:
    """Such as ``Chrome · Android``; empty when nothing is known."""
    found = (next((name for sign, name in signs if sign in user_agent), "") for signs in (_PROGRAMS, _SYSTEMS))
    return " · ".join(part for part in found if part)
