from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("articles", "0013_add_byline_list_index")]

    operations = [
        migrations.AddField(
            "series",
            "is_complete",
            models.BooleanField(
                db_default=False,
                default=False,
                help_text="The last part is out. Readers of an unfinished one are told of more.",
                verbose_name="complete",
            ),
        ),
    ]
