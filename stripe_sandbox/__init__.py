"""A local stand-in for Stripe: no money moves, nothing leaves this machine, and it is strict where Stripe is."""
