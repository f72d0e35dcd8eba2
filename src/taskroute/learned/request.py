"""Reads the request in a prompt: its words and signs in order, how it begins and ends, and what is left out of it.

Signs count like words, so that formulas, code, options to choose from and labels such as `Question:` are told by the pairs they form.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from taskroute.learned.words import MARK
from taskroute.signals.classifiers.terms import UNSPACED, fold

Counted = dict[str | tuple[str, str], None]

HEAD: Final = 350
TAIL: Final = 350
"""Characters at each end of a long prompt that are read: requests stand there, and material in between."""

_ASCII_TOKEN: Final = re.compile(r"[a-z]+|[0-9]+|\n\n+|[^\sa-z0-9]+")
_TOKEN: Final = re.compile(rf"[{UNSPACED}]|[^\W\d_{UNSPACED}]+|\d+|\n\n+|[^\s\w]+|_+")
_COURTESY: Final = frozenset(
    """please pls plz kindly can could would will you u i we me us need want like d to a an the so now just help let s your task is go ahead and
    then next also bitte kannst konntest du mir mich peux tu pouvez vous puedes por favor puoi per favore pode voce kun je alsjeblieft as expert in
    this have be try was wondering if , ' ! . : ? -""".split()  # noqa: SIM905 - a list of words
)
_HELLO: Final = re.compile(
    r"(?:(?:hi|hello|hey|good (?:morning|afternoon|evening)|dear \w+|hallo|guten (?:tag|morgen)|bonjour|salut|hola|buenos dias|ciao|buongiorno|ola|bom dia|hoi)"
    r"(?: there| all| everyone| team)?|(?:one|a|another) (?:quick |small |short )?(?:question|request|thing)|(?:quick|small|short) (?:question|request|one)|please|so|ok|okay|thanks"
    r"|i have (?:something|a (?:question|request|task)) for you)\s*[,.!:;-]\s*"
)
_BYE: Final = re.compile(
    r"(?:(?:^|(?<=[,.!?;:)\n-]))\s*(?:(?:many )?thanks|thank you|thx|ty|cheers|much appreciated|(?:i )?appreciate it|that would be (?:great|nice|helpful|lovely)|danke|vielen dank"
    r"|merci|gracias|grazie|obrigad[oa]|dank je(?: wel)?|(?:best|kind) regards|please|pls|bitte|por favor|per favore)"
    r"(?: (?:a lot|so much|very much|in advance|again|for your help|schon|beaucoup|mil|mille))?|\s(?:please|pls|bitte))\s*[.!:)]*\s*$"
)
_LONGEST_BYE: Final = 40
"""Characters at the end in which thanks are looked for."""
_LEAST_LEFT: Final = 12
"""Characters of a request: with less beside it, a greeting or thanks are what the prompt is about."""
_READ_AT_ENDS: Final = 16
"""Tokens at the beginning, and at the end, among which the first and the last sentence are looked for."""
_STOPS: Final = frozenset(".!?:\n")
_SIZES: Final = (15, 60, 250, 1000)

_HINTS: Final = (
    "model",
    "tier",
    "gpt",
    "claude",
    "gemini",
    "opus",
    "llm",
    "difficult",
    "complex",
    "hard",
    "expert",
    "challenging",
    "easy",
    "simple",
    "trivial",
    "tricky",
)
_CLAUSE: Final = re.compile(r"[^.!?,;\n]*(?:[.!?,;\n]+|$)")
_RATES_ITSELF: Final = re.compile(
    r"\b(?:this|it|the following|question|task|request|problem|prompt)(?: is| are| has|'s| should be treated as)(?: \w+){0,3}? "
    r"(?:hard|difficult|complex|easy|simple|trivial|expert|challenging|tricky)(?:,? ?(?:level|grade)?[ -]?(?:tasks?|questions?|requests?|problems?|prompts?))?\W*$"
    r"|\b(?:this|it|the following|question|task|request|problem|prompt)(?: is| are|'s)(?: \w+){0,3}? "
    r"(?:hard|difficult|complex|easy|simple|trivial|expert|challenging|tricky) (?:\w+ )?(?:task|question|request|problem|prompt)\b"
    r"|\b(?:complexity|difficulty|tier|priority) ?[:=]"
)
_NAMES_A_MODEL: Final = re.compile(r"\b(?:models?|tiers?|llms?|gpt[\w.-]*|claude|gemini|opus)\b")
_ORDERS: Final = re.compile(
    r"\b(?:route|send|forward|escalate|assign|direct|delegate|switch|upgrade)\b.{0,60}\b(?:to|with|by)\b"
    r"|\b(?:use|pick|choose|select|needs?|requires?|deserves?|demands?|want)\b.{0,40}\b"
    r"(?:best|strongest|smartest|largest|biggest|cheapest|smallest|premium|top|powerful|capable|expensive|gpt[\w.-]*|claude|gemini|opus)\b"
)


class Prompt(NamedTuple):
    """What was read of a prompt."""

    text: str
    """Folded, without orders; of a long prompt its two ends."""
    tokens: Sequence[str]
    """Its words and signs in order."""
    size: int
    """Characters of the whole prompt."""

    @property
    def counted(self) -> Counted:
        """What is counted, each once: words and signs, pairs of neighbours, and marks for the beginning, the end and the size."""
        tokens = self.tokens
        counted: Counted = dict.fromkeys(tokens)
        counted.update(dict.fromkeys(pairwise(tokens)))
        for mark in _marks(tokens):
            counted[mark] = None
        counted[f"{MARK}size {sum(self.size >= limit for limit in _SIZES)}"] = None
        return counted


def read_prompt(text: str) -> Prompt:
    """Return what is read of a prompt; its two ends, whatever its length."""
    size = len(text)
    ends = text if size <= HEAD + TAIL else f"{text[:HEAD]}\n{text[size - TAIL :]}"
    plain = without_courtesy(without_orders(fold(ends)).strip())
    return Prompt(plain, (_ASCII_TOKEN if plain.isascii() else _TOKEN).findall(plain), size)


def without_courtesy(plain: str) -> str:
    """Return a folded prompt without its greeting and its thanks; the whole, where it is nothing else."""
    kept = plain
    found = _HELLO.match(kept)
    if found is not None:
        kept = kept[found.end() :]
    ending = _BYE.search(kept, max(0, len(kept) - _LONGEST_BYE))
    if ending is not None:
        kept = kept[: ending.start()]
    return kept if len(kept) >= _LEAST_LEFT else plain


def without_orders(plain: str) -> str:
    """Return a folded prompt without the sentences that order a model or rate their own difficulty; the whole, where nothing else is there.

    Who asks must not be able to choose the model by saying so.
    """
    if not any(hint in plain for hint in _HINTS):
        return plain
    kept = "".join(clause for clause in _CLAUSE.findall(plain) if not _is_order(clause))
    return kept if kept.strip() else plain


def _is_order(clause: str) -> bool:
    if not any(hint in clause for hint in _HINTS):
        return False
    if _RATES_ITSELF.search(clause):
        return True
    return "?" not in clause and _NAMES_A_MODEL.search(clause) is not None and _ORDERS.search(clause) is not None


def _marks(tokens: Sequence[str]) -> list[str]:
    """Return how the first and the last sentence begin, courtesies left out, and whether a question ends the prompt."""
    first = [token for token in tokens[:_READ_AT_ENDS] if token not in _COURTESY and token[0] != "\n"][:3]
    if not first:
        return []
    marks = [f"{MARK}first {first[0]}", f"{MARK}first {' '.join(first[:2])}", f"{MARK}first {' '.join(first)}"]
    tail = tokens[-_READ_AT_ENDS:]
    begins = 0
    for i in range(len(tail) - 3, -1, -1):
        if tail[i][0] in _STOPS:
            begins = i + 1
            break
    last = [token for token in tail[begins:] if token not in _COURTESY and token[0] != "\n"][:2]
    if last and (begins or len(tokens) > _READ_AT_ENDS):
        marks += [f"{MARK}last {last[0]}", f"{MARK}last {' '.join(last)}"]
    if tail[-1][-1] == "?":
        marks.append(f"{MARK}asks")
    return marks
