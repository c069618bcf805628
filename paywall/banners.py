"""The line that tells readers that a section or the site is open to everybody just now. It is the same for all of them,
so it may stand on pages that caches keep: these end at the moment at which it goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from articles.models import Section
from paywall.asking import OpeningFacts
from paywall.policy import policy_now


@dataclass(frozen=True, slots=True)
class Banner:
    """`words` are the editors', and may be empty; `until` is in UTC."""

    words: str
    until: datetime
    is_for_site: bool


def banner_for(section: Section | None, now: datetime) -> Banner | None:
    """What stands on a page of this section, or on one of none. Of several openings the one that ends last: it says
    when the page closes.
    """
    about = [opening for opening in policy_now().openings if is_told(opening, section, now)]
    if not about:
        return None
    last = max(about, key=lambda opening: (opening.ends_at, opening.section_id is None))
    return Banner(last.name, last.ends_at, last.section_id is None)


def is_told(opening: OpeningFacts, section: Section | None, now: datetime) -> bool:
    is_here = opening.section_id is None or (section is not None and opening.section_id == section.pk)
    return is_here and opening.starts_at <= now < opening.ends_at
