from django.urls import path

from subscriptions import joining

app_name = "subscriptions"

urlpatterns = [
    path("subscribe/start/", joining.start, name="start"),
]
