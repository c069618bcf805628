"""That pictures are to have AVIF files beside the WebP ones. No column changes."""

import pictures.models
from django.db import migrations

import articles.models.photo


class Migration(migrations.Migration):
    dependencies = [("articles", "0008_add_article_language_index")]

    operations = [
        migrations.AlterField(
            model_name="photo",
            name="image",
            field=pictures.models.PictureField(
                aspect_ratios=[None],
                breakpoints={"desktop": 1280, "laptop": 1024, "phone": 480, "tablet": 768},
                container_width=1600,
                file_types=["AVIF", "WEBP"],
                grid_columns=4,
                height_field="height",
                max_length=255,
                pixel_densities=[1],
                upload_to=articles.models.photo.photo_path,
                verbose_name="picture",
                width_field="width",
            ),
        ),
    ]
