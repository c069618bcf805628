from django.urls import path

from newsletters import stopping, views

app_name = "newsletters"

urlpatterns = [
    path("account/following/", views.following, name="following"),
    path("account/following/mail/", views.switch, name="mail-switch"),
    path("account/following/author/<slug:slug>/", views.follow_author, name="follow-author"),
    path("account/following/topic/<slug:slug>/", views.follow_topic, name="follow-topic"),
    path("account/mail/stop/<str:token>/", stopping.stop, name="mail-stop"),
]
