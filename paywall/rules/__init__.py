"""What editors see of rules and terms before they save them and after. What they mean is decided in
`paywall/asking.py`."""
