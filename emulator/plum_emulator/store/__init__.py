"""Where is it kept? The only room that knows SQL: one SQLite database through sqlite-utils, and its tables.

Each table has a module of its own name. Callers hold `Store.transaction()` or `Store.reading()` around every call.
"""
