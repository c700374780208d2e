"""Who makes it happen? Operations, the worker that empties the agenda, the only way out, and word to watchers.

An operation is one transaction. No request is made inside a transaction or under a lock.
"""
