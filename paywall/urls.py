from django.urls import path

from paywall import reading_as_views, views

app_name = "paywall"

urlpatterns = [
    path("subscribe/", views.plans, name="plans"),
    path("admin/read-as/", reading_as_views.choose, name="read-as"),
    path("read-as/stop/", reading_as_views.stop, name="read-as-stop"),
]
