from django.db import migrations, models


class Migration(migrations.Migration):
    """The release before writes rows without these columns: the database fills them."""

    dependencies = [("articles", "0026_add_series_list_index")]

    operations = [
        migrations.AddField(
            "article",
            "open_blocks",
            models.TextField(blank=True, db_default="", default="", editable=False),
        ),
        migrations.AddField(
            "article",
            "has_subscribers_blocks",
            models.BooleanField(db_default=False, default=False, editable=False),
        ),
    ]
