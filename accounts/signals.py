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

# A reader asks for a copy of all that is kept about them. Each receiver returns (app, [accounts.export.Table, ...]):
# the reader's own, nothing of other people, no secrets and no hashes. Arguments: user (User).
collect_export = Signal()

# A reader wants to erase the account. A receiver returns the sentence that says why that cannot be yet, or "". Sent
# once before anything is done, and once more in the transaction that erases. Arguments: user (User).
erasure_asked = Signal()

# An account is about to be erased: what has to be ended elsewhere is ended now. Outside of transactions; a receiver
# that comes to nothing raises accounts.erasure.ErasurePutOff, and may be called again. Arguments: user (User).
erasing = Signal()

# In the transaction that erases: receivers cut links and blank what would name the reader in rows that stay.
# Arguments: user (User), emails (frozenset[str], all addresses of the account).
unlinking = Signal()
