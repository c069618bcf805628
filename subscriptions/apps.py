from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    name = "subscriptions"
    verbose_name = "Subscriptions"

    def ready(self) -> None:
        from accounts import overview as account_overview
        from subscriptions import receivers  # noqa: F401
        from subscriptions.account.account_parts import register_holdings, register_next, register_ways
        from subscriptions.account.new_prices import fetch_former, save_told_prices
        from subscriptions.account.notices import fetch_told, save_told
        from subscriptions.account.overview import grants_held, invoices_section, subscription_sections
        from subscriptions.contracts.coming import coming, ways
        from subscriptions.groups.groups import fetch_quantities, save_groups
        from subscriptions.groups.overview import group_section, seats_held
        from subscriptions.mirroring.cards import fetch_labels, save_labels
        from subscriptions.mirroring.charges import fetch_charges, save_charges
        from subscriptions.mirroring.lowered import fetch_lowered, save_lowered
        from subscriptions.mirroring.sync_parts import SyncPart, register
        from subscriptions.paid_once.bought_once import bought_once
        from subscriptions.paid_once.purchases import fetch_payments, save_payments
        from subscriptions.selling.debits import fetch_nothing, tell_failed
        from subscriptions.selling.trials import fetch_cards, save_trials

        account_overview.register(subscription_sections, place=10)
        account_overview.register(invoices_section, place=12)
        register_holdings(grants_held)
        register_holdings(bought_once)
        register_holdings(seats_held)
        register_next(coming)
        register_ways(ways)
        account_overview.register(group_section, place=11)
        register(SyncPart("groups", fetch_quantities, save_groups))
        register(SyncPart("trials", fetch_cards, save_trials))
        register(SyncPart("payments", fetch_payments, save_payments))
        register(SyncPart("debits", fetch_nothing, tell_failed))
        register(SyncPart("card", fetch_labels, save_labels))
        register(SyncPart("charges", fetch_charges, save_charges))  # after what was paid for, subscriptions and once
        register(SyncPart("lowered", fetch_lowered, save_lowered))
        register(SyncPart("prices", fetch_former, save_told_prices))
        register(SyncPart("notices", fetch_told, save_told))  # after those whose records it tells of
