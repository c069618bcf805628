"""A reader's own data in this app, for a copy of it. It goes with the account by its foreign keys. Neither a token nor
the hash of one is in it: who holds those reads.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.export import Table
from accounts.models import User
from paywall.feed_keys import FeedKey
from paywall.models import CampusVisit, GiftLink, Institution, MailPass, MeteredRead


def export_tables(user: User) -> list[Table]:
    reads = MeteredRead.objects.filter(user=user).order_by("pk")
    gifts = GiftLink.objects.filter(giver=user).order_by("pk")
    visits = CampusVisit.objects.filter(user=user).order_by("pk")
    passes = MailPass.objects.filter(user=user).order_by("expires_at")
    return [
        Table(
            "reads",
            _("Articles that you opened with a read"),
            [dict(row) for row in reads.values("article__headline", "article__slug", "read_at", "renews_on")],
        ),
        Table("gifts", _("Articles that you gave"), [dict(row) for row in gifts.values(*GIFT)]),
        Table(
            "feed",
            _("Your own feed"),
            [dict(row) for row in FeedKey.objects.filter(user=user).values("created_at", "last_used_at")],
        ),
        Table(
            "institutions",
            _("Institutions in whose network you were seen"),
            [dict(row) for row in visits.values("institution__name", "seen_on")],
        ),
        Table(
            "contact_of",
            _("Institutions whose contact you are"),
            [dict(row) for row in Institution.objects.filter(contacts=user).values("name", "starts_on", "ends_on")],
        ),
        Table(
            "links_in_mails",
            _("Links in your mails that open articles"),
            [dict(row) for row in passes.values("expires_at", "browsers")],
        ),
    ]


GIFT = ("article__headline", "article__slug", "shown_name", "made_at", "expires_at", "revoked_at", "readers")
