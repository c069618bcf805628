"""Who reads by an institution: by the address that a request comes from, by a confirmed mail address, or for some days
after either was seen in its network. Nothing here asks what an article is, and no address of a reader is stored.

All ranges of the contracts that are not over lie in the memory of the process, under a key that triggers purge. While
the process does not hear of changes the database is asked.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from allauth.account.models import EmailAddress
from django.db import DatabaseError, Error, connection
from django.db.models import DateField, ExpressionWrapper, F, Q, Value
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from accounts.models import User
from accounts.proxies import UnknownSender, client_ip
from articles.caching import next_midnight
from articles.page_store import Lifetime, store
from paywall.access import Reason, Right
from paywall.cookies import INSTITUTION, read_cookie, set_cookie
from paywall.models import AddressRange, CampusVisit, Institution, MailDomain
from paywall.models.institution import MOST_ROAMING_DAYS, midnight
from paywall.terms import terms_now
from paywall.ways_in.mail_domains import domain_of, parents_of
from paywall.ways_in.networks import Address, NetworkIndex, plain

logger = logging.getLogger(__name__)

KEY = "institutions"
RANGE_BYTES = 160  # what one range needs in memory, both of its ends with what points at them
SHORTEST_COOKIE = timedelta(days=1)
SEEN = "seen_on_campus"  # in the session: the institution and the day, so that a visit is written once a day
COUNT = """
    INSERT INTO paywall_institutionuse AS used (institution_id, month, article_id, opened)
    SELECT id, %(month)s, %(article)s, 1 FROM paywall_institution WHERE name = %(name)s
    ON CONFLICT (institution_id, month, article_id) DO UPDATE SET opened = used.opened + 1
"""


@dataclass(frozen=True, slots=True)
class Contract:
    """What is agreed with an institution. It is live from `starts_at` until `ends_at` (UTC, exclusive)."""

    institution_id: int
    name: str
    starts_at: datetime
    ends_at: datetime
    roaming_days: int

    def is_live(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at

    def right(self, until: datetime | None = None) -> Right:
        """To the whole library, until the contract ends or sooner."""
        ends_at = self.ends_at if until is None else min(until, self.ends_at)
        return Right(Reason.INSTITUTION, ends_at, via=self.name)


def contract_of(institution: Institution) -> Contract:
    return Contract(
        institution.pk, institution.name, institution.starts_at, institution.ends_at, institution.roaming_days
    )


# --- what is known of them -------------------------------------------------------------------------------------------


class Known(Protocol):
    """What may be asked of the institutions. Only live contracts are answered."""

    @property
    def is_empty(self) -> bool: ...
    def at(self, address: Address, now: datetime) -> Contract | None: ...
    def of_domain(self, domain: str, now: datetime) -> Contract | None: ...
    def with_id(self, institution_id: int, now: datetime) -> Contract | None: ...
    def has_any(self, now: datetime) -> bool: ...
    def has_roaming(self, now: datetime) -> bool: ...


class Directory:
    """All of it, in memory."""

    def __init__(
        self,
        contracts: Iterable[Contract] = (),
        ranges: Iterable[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, int]] = (),
        domains: Iterable[tuple[str, bool, int]] = (),
    ) -> None:
        self._contracts = {contract.institution_id: contract for contract in contracts}
        self._ranges = NetworkIndex(ranges)
        self._domains = {domain: (has_subdomains, owner) for domain, has_subdomains, owner in domains}

    @property
    def is_empty(self) -> bool:
        return not self._contracts

    @property
    def size(self) -> int:
        """In bytes, about."""
        return 4096 + RANGE_BYTES * (len(self._ranges) + len(self._contracts) + len(self._domains))

    def at(self, address: Address, now: datetime) -> Contract | None:
        owner = self._ranges.owner(address)
        return None if owner is None else self.with_id(owner, now)

    def of_domain(self, domain: str, now: datetime) -> Contract | None:
        _has_subdomains, owner = self._domains.get(domain, (False, None))
        for parent in parents_of(domain):
            if owner is not None:
                break
            has_subdomains, found = self._domains.get(parent, (False, None))
            owner = found if has_subdomains else None
        return None if owner is None else self.with_id(owner, now)

    def with_id(self, institution_id: int, now: datetime) -> Contract | None:
        contract = self._contracts.get(institution_id)
        return contract if contract is not None and contract.is_live(now) else None

    def has_any(self, now: datetime) -> bool:
        return any(contract.is_live(now) for contract in self._contracts.values())

    def has_roaming(self, now: datetime) -> bool:
        return any(contract.roaming_days and contract.is_live(now) for contract in self._contracts.values())


class Records:
    """The same, asked of the database each time."""

    is_empty = False  # it is not known before it is asked

    def at(self, address: Address, now: datetime) -> Contract | None:
        return first(Institution.objects.live(now).filter(ranges__network__holds=address))

    def of_domain(self, domain: str, now: datetime) -> Contract | None:
        rows = MailDomain.objects.filter(verified_at__isnull=False, domain__in=[domain, *parents_of(domain)])
        fitting = [row for row in rows if row.domain == domain or row.has_subdomains]
        nearest = max(fitting, key=lambda row: len(row.domain), default=None)
        return None if nearest is None else self.with_id(nearest.institution_id, now)

    def with_id(self, institution_id: int, now: datetime) -> Contract | None:
        return first(Institution.objects.live(now).filter(pk=institution_id))

    def has_any(self, now: datetime) -> bool:
        return Institution.objects.live(now).exists()

    def has_roaming(self, now: datetime) -> bool:
        return Institution.objects.live(now).filter(roaming_days__gt=0).exists()


def first(rows: Iterable[Institution]) -> Contract | None:
    return next(map(contract_of, rows), None)


def known() -> Known:
    """What requests ask: of the contracts that are not over now. For a moment that is past there is `Records`."""
    now = timezone.now()
    if not store.is_open:
        return Records()
    kept = store.get(KEY, now)
    if isinstance(kept, Directory):
        return kept
    stamp = store.stamp()
    directory = directory_of(now)
    store.put(KEY, directory, Lifetime((KEY,), next_midnight(now)), size=directory.size, stamp=stamp)
    return directory


def directory_of(now: datetime) -> Directory:
    """As it stands in the database, without what is over."""
    contracts = [contract_of(row) for row in Institution.objects.not_over(now)]
    if not contracts:
        return Directory()
    ids = [contract.institution_id for contract in contracts]
    ranges = AddressRange.objects.filter(institution__in=ids).values_list("network", "institution_id").order_by()
    domains = MailDomain.objects.filter(institution__in=ids, verified_at__isnull=False)
    return Directory(contracts, ranges, domains.values_list("domain", "has_subdomains", "institution_id"))


def has_live_institution(now: datetime) -> bool:
    """Of those whose contract is not over by today."""
    return known().has_any(now)


def next_contract_moment(now: datetime) -> datetime | None:
    """When the next contract begins or ends: each gate says whether there is any."""
    contracts = [contract_of(row) for row in Institution.objects.not_over(now)]
    bounds = [bound for contract in contracts for bound in (contract.starts_at, contract.ends_at)]
    return min((bound for bound in bounds if bound > now), default=None)


# --- by the address of a request -------------------------------------------------------------------------------------


def sender(request: HttpRequest) -> Address | None:
    """The address that the request comes from; None where it cannot be told."""
    try:
        return plain(ipaddress.ip_address(client_ip(request)))
    except (UnknownSender, ValueError):
        return None


def contract_at(request: HttpRequest) -> Contract | None:
    """The live contract in whose network the request was made, looked up once for each request. Raises DatabaseError
    where it has to be looked up in the database and cannot.
    """
    remembered = vars(request)
    if KEY not in remembered:
        where = known()
        # Most sites have none, and then no address has to be read.
        address = None if where.is_empty else sender(request)
        remembered[KEY] = None if address is None else where.at(address, timezone.now())
    found: Contract | None = remembered[KEY]
    return found


def is_on_campus(request: HttpRequest) -> bool:
    """For the caches: whether the answer is an institution's own. Where it cannot be found out, so nor can be what it
    may read, and the answer is that of a stranger.
    """
    try:
        return contract_at(request) is not None
    except Error:
        logger.exception("it could not be found out whether a request comes from an institution")
        return False


def rights_at(request: HttpRequest, user: User | None, now: datetime) -> tuple[Right, ...]:
    """What the request's network opens, or its cookie. A visit of somebody who is logged in is remembered."""
    contract = contract_at(request)
    if contract is None or not contract.is_live(now):
        return rights_by_cookie(request, now)
    if user is not None and contract.roaming_days:
        remember_visit(request, user, contract, now)
    return (contract.right(),)


# --- away from it ----------------------------------------------------------------------------------------------------


def remember_visit(request: HttpRequest, user: User, contract: Contract, now: datetime) -> None:
    """Written once a day. Visits that have run out go with it."""
    today = timezone.localdate(now, timezone.get_default_timezone())
    mark = f"{contract.institution_id} {today}"
    session = request.session
    if session.get(SEEN) == mark:
        return
    visits = CampusVisit.objects.filter(institution_id=contract.institution_id)
    CampusVisit.objects.bulk_create(
        [CampusVisit(user=user, institution_id=contract.institution_id, seen_on=today)],
        update_conflicts=True,
        unique_fields=["user", "institution"],
        update_fields=["seen_on"],
    )
    visits.filter(seen_on__lt=today - timedelta(days=contract.roaming_days)).delete()
    session[SEEN] = mark


def forget_visits(now: datetime) -> int:
    """Remove those that open nothing any more: the days are over, or the contract, or none are agreed any longer."""
    today = timezone.localdate(now, timezone.get_default_timezone())
    first_day = ExpressionWrapper(Value(today) - F("institution__roaming_days"), output_field=DateField())
    is_over = Q(seen_on__lt=first_day) | Q(institution__roaming_days=0) | Q(institution__ends_on__lt=today)
    return CampusVisit.objects.filter(is_over).delete()[0]


def roams_until(seen_on: date, contract: Contract) -> datetime:
    """The end of the last day (UTC, exclusive)."""
    return midnight(seen_on + timedelta(days=contract.roaming_days + 1))


def rights_of_account(
    user: User, now: datetime, *, has_library: bool = False, institutions: Known | None = None
) -> tuple[Right, ...]:
    """What the account has by institutions, wherever it is used: by its confirmed address, or by a visit. Who has the
    library anyway is asked about only while an article needs a plan of its own, which may not be theirs.

    For a moment that is not now, `institutions` are to be the records.
    """
    institutions = institutions or known()
    if not institutions.has_any(now) or (has_library and not asks_for_plans()):
        return ()
    rights = []
    contract = institutions.of_domain(domain_of(user.email), now)
    if contract is not None and has_confirmed_address(user):
        rights.append(contract.right())
    if institutions.has_roaming(now):
        for visit in CampusVisit.objects.filter(user=user):
            visited = institutions.with_id(visit.institution_id, now)
            if visited is not None and visited.roaming_days:
                rights.append(visited.right(roams_until(visit.seen_on, visited)))
    return tuple(right for right in rights if right.until is None or now < right.until)


def asks_for_plans() -> bool:
    return any(terms.plan_ids for terms in terms_now().values())


def has_confirmed_address(user: User) -> bool:
    return bool(EmailAddress.objects.filter(user=user, email__iexact=user.email, verified=True).exists())


def set_institution_cookie(response: HttpResponseBase, contract: Contract, now: datetime) -> None:
    """Leads this browser past caches in front of the site. Away from the network it opens something only where roaming
    is agreed.
    """
    value = f"{contract.institution_id}.{int(now.timestamp())}"
    set_cookie(response, INSTITUTION, value, max(SHORTEST_COOKIE, timedelta(days=contract.roaming_days)))


def rights_by_cookie(request: HttpRequest, now: datetime) -> tuple[Right, ...]:
    """What a browser has that was seen in a network which allows to read elsewhere for some days."""
    value = read_cookie(request, INSTITUTION, timedelta(days=MOST_ROAMING_DAYS))
    institution_id, _dot, seconds = value.partition(".")
    if not (institution_id.isdecimal() and seconds.isdecimal()):
        return ()
    contract = known().with_id(int(institution_id), now)
    if contract is None or not contract.roaming_days:
        return ()
    seen_at = datetime.fromtimestamp(int(seconds), tz=now.tzinfo)
    until = seen_at + timedelta(days=contract.roaming_days)
    return (contract.right(until),) if now < until else ()


# --- counting --------------------------------------------------------------------------------------------------------


def count_opened(article_id: int, name: str, now: datetime) -> None:
    """Count the article for the institution of this name, without who read it. What goes wrong is logged alone."""
    month = timezone.localdate(now, timezone.get_default_timezone()).replace(day=1)
    values: dict[str, date | int | str] = {"month": month, "article": article_id, "name": name}
    try:
        with connection.cursor() as cursor:
            cursor.execute(COUNT, values)
    except DatabaseError:
        logger.exception("an article read by an institution could not be counted")
