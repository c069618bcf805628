"""What the paywall remembers: what editors decided, and what readers used of it."""

from paywall.feed_keys import FeedKey
from paywall.models.crawler import Crawler
from paywall.models.funnel_count import FunnelCount, Step
from paywall.models.gift import GiftLink, GiftOpening
from paywall.models.institution import AddressRange, CampusVisit, Institution, InstitutionUse, MailDomain
from paywall.models.mail_pass import MailPass, MailPassOpening
from paywall.models.meter import AnonymousMeter, AnonymousRead, Meter, PeriodKind
from paywall.models.metered_read import MeteredRead
from paywall.models.rule import Opening, Rule, RuleAsk
from paywall.models.terms import ArticleTerms

__all__ = [
    "AddressRange",
    "AnonymousMeter",
    "AnonymousRead",
    "ArticleTerms",
    "CampusVisit",
    "Crawler",
    "FeedKey",
    "FunnelCount",
    "GiftLink",
    "GiftOpening",
    "Institution",
    "InstitutionUse",
    "MailDomain",
    "MailPass",
    "MailPassOpening",
    "Meter",
    "MeteredRead",
    "Opening",
    "PeriodKind",
    "Rule",
    "RuleAsk",
    "Step",
]
