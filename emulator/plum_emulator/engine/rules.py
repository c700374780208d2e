"""The rules of every account, with how often each has matched and fired. Deciding is in scenario; here they live."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from plum_emulator.engine.feed import Feed
from plum_emulator.errors import NotFound, NotPossible
from plum_emulator.ids import IdSource
from plum_emulator.model.accounts import Account
from plum_emulator.model.events import Event
from plum_emulator.scenario.effects import NOTHING, Count, Effects, Facts, fire
from plum_emulator.scenario.rules import Rule, read_rule
from plum_emulator.scenario.scenarios import Scenario, read_scenario, shipped
from plum_emulator.store.store import Store
from plum_emulator.values import did_you_mean

Live = tuple[Rule, Count]
_MOST = 1000


class Rules:
    """Kept in memory beside the tables, because every request asks. Counts are written behind."""

    def __init__(
        self, *, store: Store, feed: Feed, ids: IdSource, now: Callable[[Account], int], chance_allowed: bool
    ) -> None:
        self._store = store
        self._feed = feed
        self._ids = ids
        self._now = now
        self._chance_allowed = chance_allowed
        self._live: dict[int, list[Live]] = {}
        self._uncounted: set[int] = set()
        for account in store.rules.accounts():
            self._live[account] = self.kept(account)

    def fire(self, account: Account, facts: Callable[[], Facts], *, treating: bool = False) -> Effects:
        """What the account's rules do to this. `treating`: only rules that treat a message, not an HTTP answer."""
        live = self._live.get(account.id)
        if not live:
            return NOTHING
        with self._store.reading():
            asked = facts()
            concerned = [each for each in live if treats_message(each[0])] if treating else live
            seed = self._ids.derived("chance", account.username, own_seed=account.ids_from)
            effects = fire(concerned, asked, seed=seed)
            self._uncounted.add(account.id)
            for id_ in effects.rules:
                data = {"rule": id_, "operation": asked.operation}
                self._feed.publish(Event(account=account.id, at=asked.at, kind="rule", data=data))
        return effects

    def of(self, account: Account) -> list[Live]:
        """The account's rules, in the order in which they are looked at."""
        return list(self._live.get(account.id, ()))

    def named(self, account: Account, id_: str) -> Live:
        """One of the account's rules. Raises NotFound."""
        for live in self.of(account):
            if live[0].id == id_:
                return live
        known = [rule.id for rule, _ in self.of(account)]
        hint = did_you_mean(id_, known) if known else "there are none; POST /_plum/rules makes one"
        raise NotFound(f"account {account.username!r} has no rule {id_[:64]!r}", hint=hint)

    def put(self, account: Account, value: object, *, id_: str = "") -> Live:
        """Make a rule, or another in the place of one with this id. Raises NotPossible."""
        with self._store.reading():
            live = self.of(account)
            rule = read_rule(value, id=id_ or _free_id(live), chance_allowed=self._chance_allowed)
            if id_ and rule.id != id_:
                raise NotPossible(f"the rule's id is {rule.id!r}, but {id_!r} was named", hint="leave one of them out")
            made = (rule, Count(made_at=self._now(account)))
            places = [place for place, (other, _) in enumerate(live) if other.id == rule.id]
            if places:
                live[places[0]] = made
            else:
                live.append(made)
            self._keep(account, live)
        return made

    def remove(self, account: Account, id_: str) -> None:
        """The rule is no more. Raises NotFound."""
        with self._store.reading():
            self.named(account, id_)
            self._keep(account, [live for live in self.of(account) if live[0].id != id_])

    def clear(self, account: Account) -> None:
        """The account has no rules."""
        with self._store.reading():
            self._keep(account, [])

    def scenario(self, name: str, document: object | None = None) -> Scenario:
        """A scenario that comes with the emulator, or the one that was sent. Raises NotPossible."""
        if document is not None:
            return read_scenario(document, name=name, chance_allowed=self._chance_allowed)
        known = shipped()
        if name not in known:
            raise NotFound(f"there is no scenario {name[:64]!r}", hint=did_you_mean(name, known))
        return known[name]

    def switch_on(self, account: Account, scenario: Scenario) -> list[Live]:
        """Add the rules of a scenario, fresh when it was on already; those rules."""
        with self._store.reading():
            at = self._now(account)
            fresh = [(rule, Count(made_at=at)) for rule in scenario.rules]
            ids = {rule.id for rule, _ in fresh}
            others = [live for live in self.of(account) if live[0].scenario != scenario.name and live[0].id not in ids]
            self._keep(account, [*others, *fresh])
        return fresh

    def switch_off(self, account: Account, name: str) -> None:
        """Remove the rules of a scenario. Raises NotFound when it is not on."""
        with self._store.reading():
            others = [live for live in self.of(account) if live[0].scenario != name]
            if len(others) == len(self.of(account)):
                on = sorted({rule.scenario for rule, _ in self.of(account) if rule.scenario})
                raise NotFound(f"scenario {name[:64]!r} is not on", hint=f"on are: {', '.join(on) or 'none'}")
            self._keep(account, others)

    def keep_counts(self) -> None:
        """Write how often rules matched and fired since the last time."""
        if not self._uncounted:
            return
        with self._store.reading():
            with self._store.transaction():
                for id_ in self._uncounted:
                    counts = [(rule.id, count.as_dict()) for rule, count in self._live.get(id_, ())]
                    self._store.rules.keep_counts(id_, counts)
            self._uncounted = set()

    def forget(self, account: int) -> None:
        """The account's rules were deleted."""
        self._live.pop(account, None)
        self._uncounted.discard(account)

    def restored(self, account: int, live: list[Live]) -> None:
        """The account's rules are those that `kept` read, after others were brought back from elsewhere."""
        self.forget(account)
        self._live[account] = live

    def kept(self, account: int) -> list[Live]:
        """The account's rules as the tables have them. Raises NotPossible when there is something else."""
        # What was allowed when it was made stays: chance too.
        return [
            (read_rule(written, id=id_, scenario=scenario, chance_allowed=True), Count.from_dict(count))
            for id_, scenario, written, count in self._store.rules.of(account)
        ]

    def _keep(self, account: Account, live: Iterable[Live]) -> None:
        kept = list(live)
        if len(kept) > _MOST:
            raise NotPossible(f"an account has at most {_MOST} rules", hint="DELETE /_plum/rules removes all")
        with self._store.transaction():
            self._store.rules.put_all(
                account.id, [(rule.id, rule.scenario, rule.written, count.as_dict()) for rule, count in kept]
            )
        self._live[account.id] = kept


def treats_message(rule: Rule) -> bool:
    """Whether the rule says what becomes of a message, and not how a service answers."""
    then = rule.then
    wants: tuple[Any, ...] = (then.callbacks, then.rate_limit)
    return any(wants) or not (then.outcome is None and then.sent_after is None and then.final_after is None)


def _free_id(live: list[Live]) -> str:
    taken = {rule.id for rule, _ in live}
    return next(id_ for id_ in (f"rule-{place}" for place in range(1, len(live) + 2)) if id_ not in taken)
