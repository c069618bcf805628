"""How a reader comes in beside an account's own subscription: gifts, links in mails, institutions, crawlers. Each makes
rights, and decides nothing."""
