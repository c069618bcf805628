"""Where the formats of a language are not those that a publication prints: `FORMAT_MODULE_PATH` of the settings."""
