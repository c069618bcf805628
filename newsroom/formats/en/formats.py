DATE_FORMAT = "F j, Y"  # August 20, 2026
