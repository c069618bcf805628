"""Since when each feed says what it says."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0015_add_renditions_of_photos"),
    ]

    operations = [
        migrations.CreateModel(
            name="FeedState",
            fields=[
                ("name", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("digest", models.CharField(max_length=64)),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]
