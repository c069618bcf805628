"""Where a link of a letter is opened."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from articles.article_page import find_page
from articles.models import Article
from articles.views import not_out
from paywall.models import MailPass
from paywall.reading_as import reader_for
from paywall.ways_in import mail_links
from paywall.ways_in.gifts import keys_of, remember
from paywall.ways_in.lent_pages import (
    is_opened_by_somebody,
    lent_once,
    lent_page,
    may_read_anyway,
    names_itself,
    unknown,
)
from paywall.ways_in.lent_response import closed, to_article


@require_safe
def mail_link(request: HttpRequest, mail_token: str) -> HttpResponse:
    """The article of the link, with its body, in one of so many browsers. A link that opens nothing leads to the
    article, and so does one whose reader is logged in: their address bar shall hold no pass.
    """
    now = timezone.now()
    try:
        key, article_id = mail_links.read_token(mail_token)
    except mail_links.UnknownToken:
        return unknown(request)
    article = get_object_or_404(Article, pk=article_id)
    page = find_page(article.slug)
    if page is None:
        return closed(not_out(request, article.slug))
    letter = MailPass.objects.filter(pk=key).select_related("user").first()
    right = None if letter is None else mail_links.right_of(letter, page.article, now)
    reader = reader_for(request, now)
    if letter is None or right is None or may_read_anyway(reader, page.article, now):
        return to_article(article)
    lent = replace(reader, rights=(*reader.rights, right))
    if letter.openings.filter(pk__in=keys_of(request)).exists():
        return lent_page(request, page, lent)
    is_named = names_itself(request)
    if not mail_links.has_place(letter, is_named=is_named):
        return to_article(article)
    if not is_opened_by_somebody(request, reader):
        return lent_page(request, page, reader)
    response = lent_page(request, page, lent)
    take = partial(mail_links.take, letter, now, is_named=is_named)
    return lent_once(response, take, lambda opening: remember(request, response, opening.key))
