"""How many examples Hypothesis tries of each law."""

from __future__ import annotations

from hypothesis import settings

_USUAL = settings().max_examples
settings.register_profile("few", max_examples=_USUAL // 5)


def examples(most: int) -> settings:
    """So many, or a fifth of them in the inner loop, which asks for few: `--hypothesis-profile few`."""
    return settings(max_examples=max(1, most * settings().max_examples // _USUAL), deadline=None)
