"""Photos in admin: what comes in is judged by its content, and what readers must be told about it is asked for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminFileWidget
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from articles.admin.opened import OpenedAdmin, OpenedForm
from articles.models import Photo, Status
from articles.uploads import PictureRefused, checked_picture


def thumbnail(photo: Photo) -> str:
    return format_html('<img class="admin-thumbnail" src="{}" alt="{}" loading="lazy">', photo.thumbnail_url, photo.alt)


class UploadField(forms.FileField):
    """Takes a JPEG, PNG or WebP and gives it back made anew; refuses anything else in words."""

    widget = AdminFileWidget(attrs={"accept": "image/jpeg,image/png,image/webp"})

    def to_python(self, data: Any) -> Any:
        upload = super().to_python(data)
        if upload is None:
            return None
        try:
            return checked_picture(upload.name or "", upload.size or 0, upload.open())
        except PictureRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class PhotoForm(OpenedForm):
    image = UploadField(label=gettext_lazy("Picture"), max_length=200)

    class Meta:
        model = Photo
        fields = ("image", "alt", "caption", "credit", "focal_x", "focal_y")

    def clean_alt(self) -> str:
        alt: str = self.cleaned_data["alt"].strip()
        if not alt and self.instance.pk and self.instance.articles.filter(status=Status.PUBLISHED).exists():
            raise forms.ValidationError(_("A published article shows this photo, so it needs its alternative text."))
        return alt


@admin.register(Photo)
class PhotoAdmin(OpenedAdmin):
    form = PhotoForm
    fields = ("preview", "image", "alt", "caption", "credit", ("focal_x", "focal_y"))
    readonly_fields = ("preview",)
    list_display = ("preview", "alt", "caption", "credit", "created_at")
    list_display_links = ("preview", "alt")
    list_per_page = 30
    show_full_result_count = False
    search_fields = ("alt", "caption", "credit")

    @admin.display(description=gettext_lazy("preview"))
    def preview(self, photo: Photo) -> str:
        return thumbnail(photo) if photo.image else "–"
