"""How long what is over is kept, and why: every such time of the platform. ``yimen_host.forgetting`` acts on them.

Personal Information Protection Law 个人信息保护法 (20 August 2021), article 19: no longer than its purpose needs,
unless a law says otherwise. What is not named here is kept; docs/reference/retention.md lists every table.
"""

import datetime as dt

CODES = dt.timedelta(days=2)
"""A one-time code, after it ended: a day's codes are counted against the limit of a day."""
TICKETS = dt.timedelta(days=1)
"""A launch ticket, after its 30 seconds: used, late and unknown ones are refused alike."""
APP_SESSIONS = dt.timedelta(days=1)
"""A session at a mini-app, after it ended: which services somebody opened is told by nothing else."""
SESSIONS = dt.timedelta(days=190)
"""A session at the portal or a console, after it ended: it is the log of sign-ins. Cybersecurity Law 网络安全法
(in the text of 7 November 2016), article 21(3): network logs for at least six months."""
ANSWERS = dt.timedelta(days=90)
"""An answer under an ``Idempotency-Key``: nobody tries again for so long, and a refund is known by its own key."""
EVENTS = dt.timedelta(days=90)
"""An event of which everybody has heard who was to: nothing that tells of it is kept for longer after that."""
CHANNEL_NOTICES = dt.timedelta(days=90)
"""A channel's notice that was acted on: far past the age at which a replay is refused, long enough for a dispute."""
DELIVERIES = dt.timedelta(days=90)
"""A webhook that was taken: a publisher's accountant asks about last quarter."""
DISPATCHES = dt.timedelta(days=90)
"""An alert that was taken outside: the same, asked by whoever is on duty."""
SECRETS = dt.timedelta(days=1)
"""A secret of a webhook's address, after it signs no more."""
READ_NOTICES = dt.timedelta(days=730)
"""A notice in an inbox, after it was read: last year's bill is looked for, and receipts stay with the payments."""
CHORES = dt.timedelta(days=7)
"""A regular job that failed: the log says why, and the next one has long done its work."""
