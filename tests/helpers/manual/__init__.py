"""The manual, for its tests: pages as data, tables written from the code, and examples that are played."""
