class BrokenBody(OSError):
    """Incomplete or wrongly framed; ``detail`` is for the caller."""

    detail = "The body ended early, or its framing is wrong."


class SmallChunks(BrokenBody):
    """The framing of a body outweighs it."""

    detail = (
        "The chunks of the body are too small: beyond 16,384 bytes, sizes and extensions may take a quarter of the body. "
        "Send chunks of 24 bytes or more on average, or Content-Length."
    )
