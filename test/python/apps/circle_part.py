import circle  # noqa: F401
