from django.urls import path

from subscriptions import joining, managing, webhooks, welcome

app_name = "subscriptions"

urlpatterns = [
    path("subscribe/start/", joining.start, name="start"),
    path("subscribe/welcome/", welcome.welcome, name="welcome"),
    path("stripe/webhook/", webhooks.webhook, name="webhook"),
    path("account/subscription/<int:pk>/portal/", managing.portal, name="portal"),
    path("account/subscription/<int:pk>/return/", managing.portal_return, name="portal-return"),
    path("account/subscription/<int:pk>/cancel/", managing.cancel, name="cancel"),
    path("account/subscription/<int:pk>/keep/", managing.keep, name="keep"),
]
