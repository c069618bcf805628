"""What accounts tells the apps above it."""

from django.dispatch import Signal

# The reader has proved with a code that the account's address is theirs, for the first time or again. A new address is
# the account's own by then. Arguments: user (User), request (HttpRequest).
address_confirmed = Signal()
