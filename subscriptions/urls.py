from django.urls import path

from subscriptions import webhooks
from subscriptions.account import invoice_pages
from subscriptions.agreed import agreement_pages
from subscriptions.contracts import change_pages, managing, pause_pages
from subscriptions.groups import invitation_pages
from subscriptions.groups import pages as group_pages
from subscriptions.leaving import pages as leaving_pages
from subscriptions.paid_once import gift_pages
from subscriptions.selling import joining, welcome

app_name = "subscriptions"

urlpatterns = [
    path("subscribe/start/", joining.start, name="start"),
    path("subscribe/welcome/", welcome.welcome, name="welcome"),
    path("stripe/webhook/", webhooks.webhook, name="webhook"),
    path("gift-subscription/<slug:gift_token>/", gift_pages.gift, name="gift-redeem"),
    path("account/gift-subscriptions/", gift_pages.given, name="gifts-given"),
    path("account/gift-subscriptions/<int:pk>/card/", gift_pages.card, name="gift-card"),
    path("account/gift-subscriptions/<int:pk>/send/", gift_pages.send, name="gift-send"),
    path("account/gift-subscriptions/<int:pk>/day/", gift_pages.move, name="gift-day"),
    path("cancel/<uuid:uuid>/", leaving_pages.declaration, name="leaving"),
    path("account/agreements/", agreement_pages.agreements, name="agreements"),
    path("account/agreements/agreements.txt", agreement_pages.agreements_text, name="agreements-text"),
    path("account/invoices/", invoice_pages.invoices, name="invoices"),
    path("account/subscription/<int:pk>/portal/", managing.portal, name="portal"),
    path("account/subscription/<int:pk>/return/", managing.portal_return, name="portal-return"),
    path("account/subscription/<int:pk>/cancel/", managing.cancel, name="cancel"),
    path("account/subscription/<int:pk>/keep/", managing.keep, name="keep"),
    path("account/subscription/<int:pk>/change/", change_pages.change, name="change"),
    path("account/subscription/<int:pk>/change/<int:price>/", change_pages.change_to, name="change-to"),
    path("account/subscription/<int:pk>/change/undo/", change_pages.keep_plan, name="keep-plan"),
    path("account/subscription/<int:pk>/pause/", pause_pages.pause, name="pause"),
    path("account/subscription/<int:pk>/resume/", pause_pages.resume, name="resume"),
    path("account/group/", group_pages.group, name="group"),
    path("account/group/<int:pk>/name/", group_pages.name, name="group-name"),
    path("account/group/<int:pk>/invite/", group_pages.invite, name="group-invite"),
    path("account/group/<int:pk>/members.csv", group_pages.members, name="group-members"),
    path("account/group/<int:pk>/seats/", group_pages.seats, name="group-seats"),
    path("account/group/<int:pk>/seats/<int:seat_pk>/again/", group_pages.send_again, name="seat-again"),
    path("account/group/<int:pk>/seats/<int:seat_pk>/free/", group_pages.free, name="seat-free"),
    path("account/seat/<int:pk>/leave/", invitation_pages.leave, name="seat-leave"),
    path("group/invitation/<slug:seat_token>/", invitation_pages.invitation, name="seat-invitation"),
]
