from django.urls import path

from paywall import views

app_name = "paywall"

urlpatterns = [
    path("subscribe/", views.plans, name="plans"),
]
