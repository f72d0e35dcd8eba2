"""Draws prompts from the phrasings: the same seed gives the same prompts."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from classifier_data import (
    english_chat,
    english_code,
    english_everyday,
    english_faults,
    english_helpdesk,
    english_offhand,
    english_prose,
    english_reasoning,
    english_roundabout,
    english_talk,
    english_transform,
    english_words,
    everyday_abroad,
    helpdesk_abroad,
    languages,
    languages_south,
    languages_west,
    nothing,
)
from classifier_data.material import MATERIAL
from classifier_data.nothing import NOTHING
from classifier_data.subjects import SUBJECTS

_ENGLISH: Final = (english_code, english_reasoning, english_words, english_transform, english_chat, english_talk)
_SPOKEN: Final = (english_roundabout, english_offhand)
_PLAIN: Final = (english_everyday, english_helpdesk, english_faults, english_prose)
_PLAIN_ABROAD: Final = (everyday_abroad, helpdesk_abroad)
_FOREIGN: Final = (
    languages.GERMAN,
    languages.FRENCH,
    languages_south.SPANISH,
    languages_south.ITALIAN,
    languages_west.PORTUGUESE,
    languages_west.DUTCH,
)
_SLOT: Final = re.compile(r"\{([a-z0-9]+)\}")
_CHOICE: Final = re.compile(r"<([^<>{}\n]*(?:\{[a-z0-9]+\}[^<>{}\n]*)*\|[^<>\n]*)>")
_OPENINGS: Final = (
    "",
    "",
    "",
    "",
    "",
    "please ",
    "Please ",
    "can you ",
    "Can you please ",
    "could you ",
    "Could you please ",
    "would you ",
    "I need you to ",
    "I want you to ",
    "i'd like you to ",
    "I would like you to ",
    "help me ",
    "Can you help me ",
    "pls ",
    "Hey, can you ",
    "Hi! Please ",
    "Hello, could you ",
    "Your task is to ",
    "Let's ",
    "Now ",
    "ok now ",
    "kindly ",
    "Next, ",
    "go ahead and ",
    "You are a helpful assistant. ",
    "I was wondering if you could ",
    "As an expert, ",
    "In this task, you have to ",
    "Hi, ",
    "Hey ",
    "Quick one: ",
    "Good morning, please ",
    "You will be given some input. ",
    "Try to ",
    "Thanks! Now ",
)
_CLOSINGS: Final = (
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    " Thanks!",
    " thanks",
    " please",
    " Keep it short.",
    " Be concise.",
    " Think step by step.",
    " Make it clear.",
    " Answer in English.",
    " asap",
    " Let me know if you need more.",
    " Use markdown.",
    " Don't explain.",
    " Explain your reasoning.",
    " I'm a beginner.",
    " It's for work.",
    " It's urgent!",
    " No more than 200 words.",
    " Thank you in advance.",
    " Do not make anything up.",
    " Cheers",
    " :)",
    " Take your time.",
)


_SIGNS: Final = "…—!?.,;:-*#~()/\\|<>=+%&☺★✓👍🎈🔥🙈💡"
_FULL: Final = 60
"""Phrasings of a task for which everyday prompts are drawn in full."""


class Drawn(NamedTuple):
    """A prompt with the task that it asks for."""

    text: str
    task: str
    phrasing: str
    """What it was filled from; prompts of one phrasing are alike."""


def _lines(text: str) -> list[str]:
    return [line.replace("\\n", "\n").replace("\\\\", "\\") for line in text.strip("\n").split("\n") if line.strip()]


def _all_slots() -> Mapping[str, tuple[str, ...]]:
    slots: dict[str, tuple[str, ...]] = {**SUBJECTS, **MATERIAL}
    for part in (*_ENGLISH, *_PLAIN, languages, languages_south, languages_west, *_PLAIN_ABROAD):
        slots.update(part.SLOTS)
    return slots


_SLOTS: Final = _all_slots()


def fill(template: str, rng: random.Random) -> str:
    """Return the template with one of each choice, and with something in each slot."""
    while True:
        chosen = _CHOICE.sub(lambda found: rng.choice(found[1].split("|")), template)
        if chosen == template:
            break
        template = chosen
    for _ in range(3):
        filled = _SLOT.sub(lambda found: rng.choice(_SLOTS[found[1]]) if found[1] in _SLOTS else found[0], template)
        if filled == template:
            break
        template = filled
    return re.sub(r" {2,}(?=\S)", " ", template).strip() if "\n" not in template else template.strip()


def english(each: int, rng: random.Random) -> Iterator[Drawn]:
    """Yield `each` prompts of every task in English: two of three in the form of an order."""
    for part in _ENGLISH:
        for task, listed in part.ORDERS.items():
            orders = _lines(listed)
            said = [line for spoken in (part, *_SPOKEN) for line in _lines(spoken.SAID[task])]
            share = len(orders) / (len(orders) + len(said))
            for _ in range(each):
                ordered = rng.random() < share
                phrasing = rng.choice(orders if ordered else said)
                text = fill(phrasing, rng)
                yield Drawn(text if task == "conversation" and not ordered else _dressed(text, ordered, rng), task, phrasing)


def _dressed(text: str, ordered: bool, rng: random.Random) -> str:
    if ordered:
        text = rng.choice(_OPENINGS) + text
    if "\n" not in text or rng.random() < 0.2:
        closing = rng.choice(_CLOSINGS)
        if closing and text[-1] not in ".?!:":
            text += rng.choice((".", ",", "")) if closing[1:2].islower() else "."
        text += closing
    first = text.split(maxsplit=1)[0]
    if rng.random() < 0.5 and first.isalpha() and first not in {"def", "function", "public", "from", "class", "fn", "panic"}:
        text = text[0].upper() + text[1:]
    if rng.random() < 0.3 and "\n" not in text and text[-1] not in ".?!:\n":
        text += "."
    return text


def foreign(each: int, rng: random.Random) -> Iterator[Drawn]:
    """Yield `each` prompts of every task in each of the other languages that are covered."""
    for language in _FOREIGN:
        for task, listed in language.items():
            lines = _lines(listed)
            for _ in range(each):
                phrasing = rng.choice(lines)
                text = fill(phrasing, rng)
                yield Drawn(text.lower() if rng.random() < 0.2 else text, task, phrasing)


def everyday(each: int, rng: random.Random) -> Iterator[Drawn]:
    """Yield what is written to shops, offices and help desks, and what sounds like it: by how many phrasings a task has."""
    abroad = (language for part in _PLAIN_ABROAD for language in part.LANGUAGES)
    for language in (*(part.SAID for part in _PLAIN), *abroad):
        for task, listed in language.items():
            lines = _lines(listed)
            for _ in range(each * len(lines) // _FULL):
                phrasing = rng.choice(lines)
                yield Drawn(_said_plainly(fill(phrasing, rng), rng), task, phrasing)


def _said_plainly(text: str, rng: random.Random) -> str:
    """Return the text as people type it: with or without capitals and a full stop."""
    if "\n" not in text and text[-1] not in ".?!" and rng.random() < 0.5:
        text += rng.choice((".", "!", "."))
    if text[-1] == "?" and rng.random() < 0.15:
        text = text[:-1]
    if rng.random() < 0.5:
        text = text[0].upper() + text[1:]
    return text.lower() if "\n" not in text and rng.random() < 0.15 else text


def material_around(drawn: Drawn, rng: random.Random) -> Drawn:
    """Return the prompt with passages before or after it, as retrieval and pasting put them."""
    passages = [rng.choice(MATERIAL["passage"]) for _ in range(rng.randint(1, 6))]
    where = rng.random()
    body = rng.choice(("\n\n", "\n", " ")).join(passages)
    if where < 0.5:
        return drawn._replace(text=f"{drawn.text}\n\n{body}")
    if where < 0.8:
        return drawn._replace(text=f"{body}\n\n{drawn.text}")
    return drawn._replace(text=f"{drawn.text}\n\n{body}\n\n{drawn.text}")


def nothings(count: int, rng: random.Random) -> Iterator[Drawn]:
    """Yield texts of which nothing is to be said."""
    fragments = [part.strip() for part in nothing.WORDS.replace("\n", " ").split(";") if part.strip()]
    strange = _lines(nothing.FOREIGN)
    letters = "abcdefghijklmnopqrstuvwxyz"
    for _ in range(count):
        kind = rng.random()
        if kind < 0.3:
            text = rng.choice(strange)
        elif kind < 0.5:
            text = rng.choice(MATERIAL["passage"])
            if rng.random() < 0.6:
                text = rng.choice(re.split(r"(?<=[.!]) ", text))
        elif kind < 0.6:
            text = " ".join("".join(rng.choices(letters, k=rng.randint(1, 9))) for _ in range(rng.randint(1, 12)))
        elif kind < 0.63:
            text = "".join(rng.choices(_SIGNS, k=rng.randint(1, 9)))
        elif kind < 0.8:
            text = " ".join(
                rng.choice(_SLOTS[rng.choice(("topic", "noun", "place", "item", "human", "field"))]) for _ in range(rng.randint(1, 3))
            )
        else:
            text = " ".join(rng.sample(fragments, rng.randint(1, 2)))
        yield Drawn(text, NOTHING, text)
