"""The paywall's part of an article's page in admin."""

from django.utils.translation import gettext_lazy as _

from articles.admin import extension
from paywall import previews

extension.add_view("preview/stranger/", previews.as_stranger, "preview_stranger", _("View as stranger"))
extension.add_view("preview/subscriber/", previews.as_subscriber, "preview_subscriber", _("View as subscriber"))
