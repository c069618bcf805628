"""What the account page says about whom a reader follows."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.overview import OverviewLink, OverviewSection
from accounts.requests import user_of
from newsletters.models import DailyMail, Follow


def following_section(request: HttpRequest) -> OverviewSection:
    """The part about following, for a reader who is logged in."""
    user = user_of(request)
    count = Follow.objects.filter(user=user).count()
    heading = _("Following")
    if not count:
        return OverviewSection(heading, (_("Nobody yet. “Follow” stands on the page of each author and topic."),))
    sentence = ngettext("You follow %(count)d author or topic.", "You follow %(count)d authors and topics.", count)
    is_off = DailyMail.objects.filter(user=user, is_on=False).exists()
    mail = _("The daily mail is switched off.") if is_off else _("New articles come by mail, at most once a day.")
    link = OverviewLink(_("Manage whom you follow"), reverse("newsletters:following"))
    return OverviewSection(heading, (sentence % {"count": count}, mail), (link,))
