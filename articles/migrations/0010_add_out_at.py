from django.db import migrations, models


class Migration(migrations.Migration):
    """The table of topics has no model whose state could be altered, since `Article.topics` makes it by itself."""

    dependencies = [("articles", "0009_add_renditions")]

    operations = [
        migrations.AddField("byline", "out_at", models.DateTimeField(editable=False, null=True)),
        migrations.RunSQL(
            "ALTER TABLE articles_article_topics ADD COLUMN out_at timestamptz",
            "ALTER TABLE articles_article_topics DROP COLUMN out_at",
        ),
        migrations.CreateModel(
            name="TopicEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("out_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "articles_article_topics", "managed": False},
        ),
    ]
