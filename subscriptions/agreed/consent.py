"""What a reader is told beside the e-mail field. A lead keeps wording and version, so that it can be shown years later
what was agreed to.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

# Change both together: the version is the day on which the wording came into use.
CONSENT_VERSION = "2026-11-23"
CONSENT_WORDING = _("We use your address to send you the code and to keep your account, and pass it to nobody.")

# Stands below what is sold. Who goes on asks by it that reading begins within the time in which the contract may be
# withdrawn: article 7(3) of Directive 2011/83/EU. One version for both wordings. The ledger keeps in each row what was
# shown, so former wordings need not be kept here.
BEGIN_VERSION = "2026-11-24"


def begin_wording() -> str:
    """Beside subscriptions. Empty where nothing can be withdrawn."""
    if not settings.WITHDRAWAL_DAYS:
        return ""
    return ngettext(
        "By subscribing you ask us to open everything at once. If you withdraw within %(days)d day, you pay for the "
        "time until then alone.",
        "By subscribing you ask us to open everything at once. If you withdraw within %(days)d days, you pay for the "
        "time until then alone.",
        settings.WITHDRAWAL_DAYS,
    ) % {"days": settings.WITHDRAWAL_DAYS}


def begin_wording_once() -> str:
    """Beside what is paid once: a pass, one article, a gift. Empty where nothing can be withdrawn."""
    if not settings.WITHDRAWAL_DAYS:
        return ""
    return ngettext(
        "By buying you ask us to open what you buy at once. If you withdraw within %(days)d day, you pay for what you "
        "have had until then alone.",
        "By buying you ask us to open what you buy at once. If you withdraw within %(days)d days, you pay for what you "
        "have had until then alone.",
        settings.WITHDRAWAL_DAYS,
    ) % {"days": settings.WITHDRAWAL_DAYS}


_terms_versions: list[Callable[[], str]] = []


def register_terms_version(source: Callable[[], str]) -> None:
    """Let an upper app say which version of the terms the site shows just now; empty where it shows none."""
    _terms_versions[:] = [source]


def terms_version() -> str:
    return _terms_versions[0]() if _terms_versions else ""
