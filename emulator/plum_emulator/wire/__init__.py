"""What do the bytes look like? Requests in, replies out, callbacks and inbound posts, and the XML that answers them.

Everything here is pure: bytes become values and values become bytes. No storage, no network, no clock.
"""
