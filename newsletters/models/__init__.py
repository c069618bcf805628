"""Whom readers follow, and the mails that tell them what is new."""

from newsletters.models.daily import Arrival, DailyMail, Letter, LetterState
from newsletters.models.follow import Follow

__all__ = ["Arrival", "DailyMail", "Follow", "Letter", "LetterState"]
