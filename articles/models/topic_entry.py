"""The table that joins articles and topics, with the moment by which a topic's list is ordered."""

from __future__ import annotations

from django.db import models

from articles.models.article import Article
from articles.models.classification import Topic


class TopicEntry(models.Model):
    """To be read alone: `Article.topics` writes the rows, a trigger the moment (see `Byline.out_at`)."""

    topic = models.ForeignKey(Topic, on_delete=models.DO_NOTHING, related_name="+")
    article = models.ForeignKey(Article, on_delete=models.DO_NOTHING, related_name="+")
    out_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "articles_article_topics"

    def __str__(self) -> str:
        return f"{self.topic_id}: {self.article_id}"
