from django.db import migrations


class Migration(migrations.Migration):
    """The list of a topic. Begins by dropping what a broken run of it left, so it can be run again."""

    atomic = False

    dependencies = [("articles", "0022_create_list_redirect_triggers")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS topic_by_date", migrations.RunSQL.noop),
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY topic_by_date"
            " ON articles_article_topics (topic_id, out_at DESC, article_id DESC)",
            "DROP INDEX CONCURRENTLY IF EXISTS topic_by_date",
        ),
    ]
