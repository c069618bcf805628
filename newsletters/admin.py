"""What publishers are told who would delete whom readers follow."""

from __future__ import annotations

from django.utils.translation import ngettext

from articles.admin import extension
from articles.models import Author, Topic
from articles.models.redirect import ListPage
from newsletters import follows
from newsletters.models import Follow


def follows_of_readers(row: ListPage) -> str:
    """Empty where nobody follows it, or nobody can."""
    count = Follow.objects.filter(**follows.key_of(row)).count() if isinstance(row, Author | Topic) else 0
    if not count:
        return ""
    sentence = ngettext(
        "%(count)d reader follows %(name)s. What a reader has chosen is not deleted for them: take %(name)s off all"
        " articles instead, and its page is gone for everybody else.",
        "%(count)d readers follow %(name)s. What readers have chosen is not deleted for them: take %(name)s off all"
        " articles instead, and its page is gone for everybody else.",
        count,
    )
    return sentence % {"count": count, "name": row}


extension.add_objection(follows_of_readers)
