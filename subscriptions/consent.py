"""What a reader is told beside the e-mail field. A lead keeps wording and version, so that it can be shown years later
what was agreed to.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

# Change both together: the version is the day on which the wording came into use.
CONSENT_VERSION = "2026-11-23"
CONSENT_WORDING = _("We use your address to send you the code and to keep your account, and pass it to nobody.")
