"""Handsets: the phones on the console's screen, and what is to be read on each."""

from __future__ import annotations

from plum_emulator.engine.accounts import Accounts
from plum_emulator.errors import InvalidNumber, NotFound, NotPossible
from plum_emulator.model.accounts import Account
from plum_emulator.model.handsets import Bubble, Handset
from plum_emulator.model.listings import Listing
from plum_emulator.model.messages import Message
from plum_emulator.model.phones import normalized, pretty
from plum_emulator.store.opt_outs import AutomaticText
from plum_emulator.store.store import Store

_FIRST = 16175550123
_MOST = 12
_NAME_MAX = 40
_LOOKED_AT = 200
_OTHERS = 8


class Handsets:
    """The handsets of every account. An account that has none shows one to begin with."""

    def __init__(self, *, store: Store, accounts: Accounts) -> None:
        self._store = store
        self._accounts = accounts

    def of(self, account: Account) -> list[Handset]:
        """The account's handsets; the first one, made up, when none was added. None without an SMS number to text."""
        with self._store.reading():
            kept = self._store.handsets.of(account.id)
        numbers = account.sms_numbers()
        if not numbers:
            return []
        shown = [each for each in kept if self._accounts.holder(each.number) is None]  # it may have become one's since
        if not shown:
            return [Handset(number=self._free(()), name="Handset 1", texts=numbers[0])]
        return [each if account.can_text(each.texts) else _texting(each, numbers[0]) for each in shown]

    def named(self, account: Account, number: str) -> Handset:
        """The handset with this number, also one that was never added. Raises NotFound and NotPossible."""
        known = _number(number)
        for handset in self.of(account):
            if handset.number == known:
                return handset
        return self._new(account, known, name="", texts="")

    def add(self, account: Account, number: str, *, name: str = "", texts: str = "") -> Handset:
        """Put a handset on the screen: with this number, or with a free one for "". Raises NotPossible."""
        with self._store.reading():
            shown = self.of(account)
            handset = self._new(
                account,
                _number(number) if number else self._free([each.number for each in shown]),
                name=name or f"Handset {len(shown) + 1}",
                texts=texts,
            )
            if any(each.number == handset.number for each in shown):
                raise NotPossible(f"{pretty(handset.number)} is on the screen already", hint="choose another number")
            if len(shown) >= _MOST:
                raise NotPossible(f"there are {_MOST} handsets already", hint="remove one first")
            with self._store.transaction():
                for each in (*shown, handset):  # the one that was made up is kept from now on
                    self._store.handsets.put(account.id, each)
        return handset

    def change(self, account: Account, number: str, *, name: str, texts: str) -> Handset:
        """Give the handset another name, or let it text another of the account's numbers."""
        with self._store.reading():
            handset = self._new(account, _number(number), name=name, texts=texts)
            if all(each.number != handset.number for each in self.of(account)):
                raise NotFound(f"{pretty(handset.number)} is not on the screen", hint="add it first")
            with self._store.transaction():
                self._store.handsets.put(account.id, handset)
        return handset

    def remove(self, account: Account, number: str) -> None:
        """Take the handset off the screen. Its texts stay in the log."""
        with self._store.reading(), self._store.transaction():
            self._store.handsets.delete(account.id, _number(number))

    def conversation(self, account: Account, handset: str, *, limit: int = 50) -> list[Bubble]:
        """What the handset and the account's numbers texted each other last, automatic texts too, oldest first."""
        asked = Listing(number=handset, limit=limit)
        with self._store.reading():
            messages = self._store.messages.page(account.id, asked)
            automatic = self._store.opt_outs.texts_to(account.id, handset, limit=limit)
        bubbles = [((message.requested_at, message.seq, 0), _bubble(message)) for message in messages]
        bubbles += [((text.at, text.message, 1), _automatic(text)) for text in automatic]
        return [bubble for _, bubble in sorted(bubbles, key=lambda each: each[0])][-limit:]

    def others(self, account: Account) -> list[str]:
        """Numbers that have texted or were texted lately, and are not on the screen; the newest first."""
        shown = {handset.number for handset in self.of(account)}
        with self._store.reading():
            newest = self._store.messages.page(account.id, Listing(limit=_LOOKED_AT))
        found = dict.fromkeys(_customer(message) for message in newest)
        return [number for number in found if number not in shown and self._accounts.holder(number) is None][:_OTHERS]

    def _new(self, account: Account, number: str, *, name: str, texts: str) -> Handset:
        holder = self._accounts.holder(number)
        if holder is not None:
            raise NotPossible(
                f"{pretty(number)} is a number of account {holder.username!r}, and not a handset's",
                hint="choose another number",
            )
        numbers = account.sms_numbers()
        if not numbers:
            raise NotPossible(f"account {account.username!r} has no SMS number to text", hint="give it one")
        texted = _number(texts) if texts else numbers[0]
        if not account.can_text(texted):
            raise NotFound(
                f"{pretty(texted)} is not an SMS number of account {account.username!r}",
                hint=f"its SMS numbers are: {', '.join(map(pretty, numbers))}",
            )
        clean = " ".join(name.split())
        if len(clean) > _NAME_MAX:
            raise NotPossible(f"a handset's name has at most {_NAME_MAX} characters", hint="choose a shorter one")
        return Handset(number=number, name=clean or pretty(number), texts=texted)

    def _free(self, taken: tuple[str, ...] | list[str]) -> str:
        number = _FIRST
        while str(number) in taken or self._accounts.holder(str(number)) is not None:
            number += 1
        return str(number)


def _texting(handset: Handset, number: str) -> Handset:
    return Handset(number=handset.number, name=handset.name, texts=number)


def _customer(message: Message) -> str:
    return message.from_ if message.type == "inbound" else message.to


def _bubble(message: Message) -> Bubble:
    mine = message.type == "inbound"
    return Bubble(
        at=message.requested_at,
        mine=mine,
        other=message.to if mine else message.from_,
        body=message.body,
        seq=message.seq,
        message=message,
    )


def _automatic(text: AutomaticText) -> Bubble:
    return Bubble(at=text.at, mine=False, other=text.number, body=text.body, seq=text.message)


def _number(text: str) -> str:
    try:
        return normalized(text)
    except InvalidNumber as error:
        raise NotPossible(error.message, hint=error.hint) from None
