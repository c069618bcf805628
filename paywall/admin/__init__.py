"""The paywall in Django admin."""

from paywall.admin.crawlers import CrawlerAdmin
from paywall.admin.funnel import FunnelCountAdmin
from paywall.admin.gifts import GiftLinkAdmin
from paywall.admin.institutions import InstitutionAdmin
from paywall.admin.meter import MeterAdmin
from paywall.admin.openings import OpeningAdmin
from paywall.admin.rules import RuleAdmin
from paywall.admin.terms import ArticleTermsInline

__all__ = [
    "ArticleTermsInline",
    "CrawlerAdmin",
    "FunnelCountAdmin",
    "GiftLinkAdmin",
    "InstitutionAdmin",
    "MeterAdmin",
    "OpeningAdmin",
    "RuleAdmin",
]
