"""What accounts tells the apps above it."""

from django.dispatch import Signal

# The reader holds this address, for the first time or again: they have just typed a code that was sent to it, or are
# logged in and gave the account's address once more, which they had proved before. A new address is the account's own
# by then. Arguments: user (User), email (str, normalised; the account's address or a further one), request
# (HttpRequest).
address_confirmed = Signal()

# Sessions of the user were ended on purpose: on the page of devices, by staff, or since the address changed. Not by
# logging out in one browser. Arguments: user_id (int).
sessions_ended = Signal()
