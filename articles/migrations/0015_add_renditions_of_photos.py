"""Which files of a photo are there, and around which point it is cropped. A row of before has WebP files alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("articles", "0014_add_series_is_complete")]

    operations = [
        migrations.AddField(
            model_name="photo",
            name="recipe",
            field=models.PositiveSmallIntegerField(db_default=1, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="photo",
            name="cropped_x",
            field=models.PositiveSmallIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="photo",
            name="cropped_y",
            field=models.PositiveSmallIntegerField(editable=False, null=True),
        ),
    ]
