"""What tells of another choice for the front page."""

from django.db import migrations

from articles.purge_triggers import create_triggers, drop_triggers

PICKS = "SELECT 'front' FROM changed"


class Migration(migrations.Migration):
    atomic = False  # the table is locked by itself, and for a moment only

    dependencies = [("articles", "0006_create_front_page")]

    operations = [
        migrations.RunSQL(create_triggers("articles_frontpick", PICKS), drop_triggers("articles_frontpick")),
    ]
