"""What readers, librarians and staff see of institutions: the way in past a cache, the usage, admin."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from articles.page_store import PageStore
from paywall.models import AddressRange, Crawler, Institution, InstitutionUse, MailDomain
from paywall.ways_in.mail_domains import DomainRefused, clean_domain
from paywall.ways_in.networks import RangeRefused, parse_range, read_ranges
from tests import make
from tests.paywall.test_institutions import CAMPUS, HOME, domain, institution, opens

pytestmark = pytest.mark.django_db

WAY_IN = "/access/institution/"
ADMIN = "/admin/paywall/institution/"


# --- the way in ------------------------------------------------------------------------------------------------------


def test_the_way_in_sets_a_cookie_and_returns_to_the_article() -> None:
    institution("8.8.8.0/24")
    path = make.article().get_absolute_url()
    response = Client().get(WAY_IN, {"next": f"{path}#continue"}, REMOTE_ADDR=CAMPUS)
    assert (response.status_code, response["Location"]) == (303, f"{path}#continue")
    assert response["Cache-Control"] == "private, no-store"
    cookie = response.cookies["institution"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert CAMPUS not in cookie.value


def test_elsewhere_it_says_what_to_do() -> None:
    institution("8.8.8.0/24")
    response = Client().get(WAY_IN, {"next": "/archive/"}, REMOTE_ADDR=HOME)
    page = response.content.decode()
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store"
    assert "institution" not in response.cookies
    assert '<meta name="robots" content="noindex">' in page
    assert "/account/login/?next=%2Farchive%2F" in page
    assert HOME in page


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "evil", ""]
)
@pytest.mark.parametrize("address", [CAMPUS, HOME])
def test_it_leads_nowhere_else(target: str, address: str) -> None:
    institution("8.8.8.0/24")
    response = Client().get(WAY_IN, {"next": target}, REMOTE_ADDR=address)
    assert response.get("Location", "/") == "/"
    assert "evil" not in response.content.decode()


def test_who_reads_by_mail_address_goes_on_without_a_cookie() -> None:
    domain(institution("8.8.8.0/24"), "city.example")
    response = make.logged_in(make.user("one@city.example")).get(WAY_IN, {"next": "/archive/"}, REMOTE_ADDR=HOME)
    assert (response.status_code, response["Location"]) == (303, "/archive/")
    assert "institution" not in response.cookies


def test_the_cookie_of_the_way_in_lets_the_browser_read_on_campus_and_not_at_home(kept_pages: PageStore) -> None:
    institution("8.8.8.0/24")
    article, client = make.article(), Client()
    client.get(WAY_IN, REMOTE_ADDR=CAMPUS)
    assert client.cookies["institution"].value
    assert opens(client, article, CAMPUS)
    assert not opens(client, article, HOME)


def test_the_gate_shows_the_way_while_any_contract_is_live(stranger: Client) -> None:
    path = make.article().get_absolute_url()
    assert WAY_IN not in stranger.get(path).content.decode()
    made = institution()
    assert f"{WAY_IN}?next={path.replace('/', '%2F')}%23continue" in stranger.get(path).content.decode()
    Institution.objects.filter(pk=made.pk).update(starts_on=date(2020, 1, 1), ends_on=date(2020, 1, 2))
    assert WAY_IN not in stranger.get(path).content.decode()


# --- librarians ------------------------------------------------------------------------------------------------------


@pytest.fixture
def librarian() -> Client:
    made = institution("8.8.8.0/24", "9.9.9.1/32", roaming_days=7)
    user = make.user("librarian@example.org")
    made.contacts.add(user)
    article = make.article(headline='=HYPERLINK("https://evil.example")')
    for month, opened in ((date(2026, 10, 1), 1234), (date(2026, 9, 1), 7)):
        InstitutionUse.objects.create(institution=made, month=month, article=article, opened=opened)
    return make.logged_in(user)


def test_a_librarian_sees_the_usage_by_month(librarian: Client) -> None:
    page = librarian.get("/account/institution/")
    text = page.content.decode()
    assert "private" in page["Cache-Control"]
    assert [word in text for word in ("City Library", "1,234", "October 2026", "8.8.8.0/24", "9.9.9.1")] == [True] * 5
    assert "/account/institution/" in librarian.get("/account/").content.decode()


def test_the_table_holds_no_formula(librarian: Client) -> None:
    made = Institution.objects.get()
    response = librarian.get(f"/account/institution/{made.pk}/usage.csv")
    rows = list(csv.reader(io.StringIO(response.getvalue().decode("utf-8-sig"))))
    assert rows[0] == ["Month", "Article", "Address", "Opened"]
    assert [(row[0], row[3]) for row in rows[1:]] == [("2026-09", "7"), ("2026-10", "1234")]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert 'filename="city-library-usage.csv"' in response["Content-Disposition"]
    assert "private" in response["Cache-Control"]


def test_nobody_else_sees_it(librarian: Client, registered: Client, stranger: Client) -> None:
    made = Institution.objects.get()
    path = f"/account/institution/{made.pk}/usage.csv"
    assert "City Library" not in registered.get("/account/institution/").content.decode()
    assert registered.get(path).status_code == 404
    assert stranger.get(path).status_code == 302
    other = institution(name="Another")
    assert librarian.get(f"/account/institution/{other.pk}/usage.csv").status_code == 404


# --- what is refused, in words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("10.1.2.0/24", "private"),
        ("172.16.0.0/16", "private"),
        ("192.168.1.5", "private"),
        ("100.64.0.1", "private"),
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("169.254.1.1", "link-local"),
        ("fe80::1", "link-local"),
        ("fc00::/32", "private"),
        ("224.0.0.0/16", "multicast"),
        ("ff02::1", "multicast"),
        ("240.0.0.1", "reserved"),
        ("64:ff9b::1", "reserved"),
        ("::ffff:10.0.0.1", "private"),
        ("203.0.113.0/24", "for documentation"),
        ("2001:db8::/48", "for documentation"),
        ("8.0.0.0/15", "too large"),
        ("8.0.0.0 - 8.1.0.0", "too large"),
        ("9.255.255.0 - 10.0.0.1", "private"),
        ("2a00::/31", "too large"),
        ("8.8.8.8/24", "Did you mean 8.8.8.0/24?"),
        ("8.8.8.8 - 8.8.8.1", "before its first"),
        ("8.8.8.8 - 2a00::1", "one end is IPv4"),
        ("8.8.8", "neither an address nor a range"),
        ("8.8.8.8 -", "no address"),
        ("2a00::1%1", "names a zone"),
        ("2a00::1%eth0 - 2a00::9", "names a zone"),
    ],
)
def test_a_range_is_refused_in_words(text: str, word: str) -> None:
    with pytest.raises(RangeRefused, match=word.replace("?", r"\?")):
        parse_range(text)


@pytest.mark.parametrize(
    "text", ["gmail.com", "@GMail.com", "localhost", "ac.uk", "a b.example", "1.2.3.4", "", "x" * 260 + ".com"]
)
def test_a_domain_that_is_not_one_institutions_is_refused(text: str) -> None:
    with pytest.raises(DomainRefused):
        clean_domain(text)


def test_a_domain_is_compared_as_the_network_writes_it() -> None:
    assert clean_domain(" @Bücherei.Example. ") == "xn--bcherei-n2a.example"
    assert clean_domain("lib.ox.ac.uk") == "lib.ox.ac.uk"


def test_the_lists_of_search_engines_are_read() -> None:
    document = {
        "creationTime": "2026",
        "prefixes": [{"ipv6Prefix": "2001:4860:4801:10::/64"}, {"ipv4Prefix": "66.249.64.0/27"}],
    }
    ranges, errors = read_ranges(json.dumps(document))
    assert ([one.text for one in ranges], errors) == (["2001:4860:4801:10::/64", "66.249.64.0/27"], [])
    for broken in ("{", '{"prefixes": 1}', '{"prefixes": [{}]}', "[1]"):
        with pytest.raises(RangeRefused):
            read_ranges(broken)


# --- admin -----------------------------------------------------------------------------------------------------------


def form(ranges: str, *domains: dict[str, str], name: str = "City Library", **fields: str) -> dict[str, str]:
    given = {
        "name": name,
        "starts_on": "2026-01-01",
        "ends_on": "2026-12-31",
        "roaming_days": "0",
        "notes": "",
        "ranges": ranges,
        "domains-TOTAL_FORMS": str(len(domains)),
        "domains-INITIAL_FORMS": str(sum("id" in row for row in domains)),
    }
    for number, row in enumerate(domains):
        given |= {f"domains-{number}-{field}": value for field, value in row.items()}
    return given | fields


def problems(response: Any) -> str:
    return " ".join(str(error) for error in response.context["errors"])


def test_many_ranges_are_pasted_at_once(superuser: Client) -> None:
    lines = "8.8.8.0/25\n8.8.8.128/25  # the annex\n\n2a00:1450::/32\n8.8.4.1 - 8.8.4.6\n"
    response = superuser.post(f"{ADMIN}add/", form(lines))
    assert response.status_code == 302, problems(response)
    stored = {str(row.network) for row in AddressRange.objects.all()}
    assert stored == {"8.8.8.0/24", "2a00:1450::/32", "8.8.4.1/32", "8.8.4.2/31", "8.8.4.4/31", "8.8.4.6/32"}
    made = Institution.objects.get()
    page = superuser.get(f"{ADMIN}{made.pk}/change/").content.decode()
    assert "8.8.4.1 - 8.8.4.6\n8.8.8.0/24\n2a00:1450::/32" in page
    ids = set(AddressRange.objects.values_list("pk", flat=True))
    assert superuser.post(f"{ADMIN}{made.pk}/change/", form("8.8.8.0/24\n2a00:1450::/32")).status_code == 302
    assert set(AddressRange.objects.values_list("pk", flat=True)) < ids


def test_errors_name_their_lines_and_nothing_is_lost(superuser: Client) -> None:
    lines = "8.8.8.0/24\n10.0.0.0/8\nnonsense\n9.9.9.0/24"
    response = superuser.post(f"{ADMIN}add/", form(lines))
    assert response.status_code == 200
    assert "Line 2" in problems(response)
    assert "Line 3" in problems(response)
    assert "Line 1" not in problems(response)
    assert lines in response.content.decode()
    assert not Institution.objects.exists()


def test_an_overlap_is_refused_in_words(superuser: Client) -> None:
    institution("8.8.8.0/24", name="University")
    response = superuser.post(f"{ADMIN}add/", form("9.9.9.0/24\n8.8.8.7"))
    assert "Line 2, “8.8.8.7”: 8.8.8.0/24 belongs to University already." in problems(response)
    assert superuser.post(f"{ADMIN}add/", form("9.9.9.0/24\n8.8.9.7")).status_code == 302


def test_a_domain_is_vouched_for_by_who_ticks_it(superuser: Client) -> None:
    row = {"domain": "City.Example", "is_verified": "on"}
    assert superuser.post(f"{ADMIN}add/", form("", row)).status_code == 302
    stored = MailDomain.objects.get()
    assert (stored.domain, stored.verified_by.email) == ("city.example", "root@example.org")
    assert stored.verified_at is not None
    path = f"{ADMIN}{stored.institution_id}/change/"
    renamed = {"id": str(stored.pk), "institution": str(stored.institution_id), "domain": "other.example"}
    assert superuser.post(path, form("", renamed | {"is_verified": "on"})).status_code == 302
    stored.refresh_from_db()
    assert (stored.domain, stored.verified_at, stored.verified_by) == ("other.example", None, None)


@pytest.mark.parametrize("fields", [{"ends_on": "2025-12-31"}, {"roaming_days": "1000"}, {"name": ""}])
def test_a_contract_makes_sense(fields: dict[str, str], superuser: Client) -> None:
    assert superuser.post(f"{ADMIN}add/", form("", **fields)).status_code == 200
    assert not Institution.objects.exists()


def test_a_public_mail_provider_is_refused(superuser: Client) -> None:
    response = superuser.post(f"{ADMIN}add/", form("", {"domain": "gmail.com"}))
    assert "Anybody may have an address at gmail.com." in problems(response)


CRAWLER = {"name": "Googlebot", "user_agent": "Googlebot", "address_list": "", "host_suffixes": ""}


def test_a_crawlers_list_is_pasted_or_uploaded(superuser: Client) -> None:
    document = json.dumps({"prefixes": [{"ipv4Prefix": "66.249.64.0/27"}]})
    add = "/admin/paywall/crawler/add/"
    assert superuser.post(add, CRAWLER | {"address_list": document}).status_code == 302
    upload = SimpleUploadedFile("list.json", document.encode())
    named = CRAWLER | {"name": "Another", "upload": upload, "is_active": "on"}
    assert superuser.post(add, named).status_code == 302
    assert list(Crawler.objects.values_list("name", "is_active", "address_list")) == [
        ("Another", True, "66.249.64.0/27"),
        ("Googlebot", False, "66.249.64.0/27"),
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"is_active": "on"},
        {"address_list": "10.0.0.0/8"},
        {"host_suffixes": "com"},
        {"user_agent": "Mozilla"},
        {"user_agent": "bot"},
    ],
)
def test_a_crawler_that_everybody_could_be_is_refused(fields: dict[str, str], superuser: Client) -> None:
    assert superuser.post("/admin/paywall/crawler/add/", CRAWLER | fields).status_code == 200
    assert not Crawler.objects.exists()
