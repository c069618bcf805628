"""The pages of whom a reader follows. They are about one reader and never stand in a cache; the links to them, on pages
that do, are the same for everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import time

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import limits
from accounts.requests import user_of
from articles.lists import is_public as is_public_list
from articles.models import Author, Topic
from articles.moved import follows_moves
from newsletters import follows

MORNING_TIME = time(follows.MORNING)


@require_safe
@login_required
def following(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    context = {"followed": follows.followed_by(user), "has_mail": follows.has_mail(user), "morning": MORNING_TIME}
    return render(request, "newsletters/following.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@follows_moves(Author)
def follow_author(request: HttpRequest, slug: str) -> HttpResponse:
    return one(request, get_object_or_404(Author, slug=slug))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@follows_moves(Topic)
def follow_topic(request: HttpRequest, slug: str) -> HttpResponse:
    return one(request, get_object_or_404(Topic, slug=slug))


def one(request: HttpRequest, followed: follows.Followed) -> HttpResponse:
    """The page of one author or topic with its one button, which a link alone never presses. Raises Http404 where the
    list is not public, except for who follows it already and may want to stop.
    """
    user = user_of(request)
    is_public = is_public_list(followed, timezone.now())
    if not is_public and not follows.is_followed(user, followed):
        raise Http404
    if request.method == "POST":
        here = request.path if is_public and "list" not in request.POST else ""
        if "stop" in request.POST:
            return changed(request, lambda: follows.stop_following(user, followed), stopped(followed), here)
        return changed(request, lambda: follows.follow(user, followed), "", here)
    context = {
        "followed": followed,
        "is_followed": follows.is_followed(user, followed),
        "has_mail": follows.has_mail(user),
        "morning": MORNING_TIME,
    }
    return render(request, "newsletters/follow.html", context)


def stopped(followed: follows.Followed) -> str:
    return _("You no longer follow %(name)s.") % {"name": followed.name}


@require_POST
@login_required
def switch(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    if "on" in request.POST:
        return changed(request, lambda: follows.switch_on(user), _("The daily mail is on."))
    return changed(request, lambda: follows.switch_off(user.pk), _("The daily mail is off."))


def changed(request: HttpRequest, change: Callable[[], None], sentence: str, here: str = "") -> HttpResponse:
    """Do it within the reader's limit, then show the page where the form was: the one with the path `here`, else the
    list.
    """
    try:
        limits.consume(request, "own_lists", str(user_of(request).pk))
        change()
    except limits.LimitReached as reached:
        return limits.refuse(request, reached.wait, has_code=False)
    except follows.TooManyFollows as many:
        messages.error(request, str(many))
        return HttpResponseRedirect(reverse("newsletters:following"), status=303)
    if sentence:
        messages.success(request, sentence)
    return HttpResponseRedirect(here or reverse("newsletters:following"), status=303)
