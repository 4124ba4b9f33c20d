"""The answer to a login: the token, when it ends, and how much of the day's quota is used."""

from __future__ import annotations

import hashlib
import uuid

from services.feeds.emt.login import LIFETIME_S, Session
from services.queries.bodies import Body

USER_PER_DAY, APPLICATION_PER_DAY = 20_000, 150_000
"""EMT's quotas, which are only shown where this server has no daily limit."""
LICENCE = "Simulated data. Not for travel information; not made or endorsed by EMT Madrid."
ABOUT = (
    "The limit of requests a day is that of --daily-limit; it holds for all routes of the simulator together."
)


def session_body(session: Session, used_today: int, per_day: int) -> Body:
    """The body of a login's `data`; `per_day` 0 is no limit."""
    usual = APPLICATION_PER_DAY if session.is_application else USER_PER_DAY
    return {
        "userName": session.caller.group,
        "username": session.caller.group,
        "email": session.user,
        "idUser": str(uuid.UUID(bytes=hashlib.sha256(session.caller.group.encode()).digest()[:16])),
        "accessToken": session.token,
        "tokenSecExpiration": LIFETIME_S,
        "tokenDteExpiration": {"$date": int(session.ends_s * 1000)},
        "apiCounter": {
            "current": used_today,
            "dailyUse": per_day or usual,
            "owner": 1 if session.is_application else 0,
            "licenceUse": LICENCE,
            "aboutUses": ABOUT,
        },
    }
