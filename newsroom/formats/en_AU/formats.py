DATE_FORMAT = "j F Y"  # 20 August 2026
