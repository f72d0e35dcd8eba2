"""Leaves out of a prompt what stands beside the request: greetings and thanks, and orders for a model."""

from __future__ import annotations

import re
from typing import Final

_HELLO: Final = re.compile(
    r"(?:(?:hi|hello|hey|good (?:morning|afternoon|evening)|dear \w+|hallo|guten (?:tag|morgen)|bonjour|salut|hola|buenos dias"
    r"|ciao|buongiorno|ola|bom dia|hoi)(?: there| all| everyone| team)?"
    r"|(?:one|a|another) (?:quick |small |short )?(?:question|request|thing)|(?:quick|small|short) (?:question|request|one)"
    r"|please|so|ok|okay|thanks|i have (?:something|a (?:question|request|task)) for you)\s*[,.!:;-]\s*"
)
_BYE: Final = re.compile(
    r"(?:(?:^|(?<=[,.!?;:)\n-]))\s*(?:(?:many )?thanks|thank you|thx|ty|cheers|much appreciated|(?:i )?appreciate it"
    r"|that would be (?:great|nice|helpful|lovely)|danke|vielen dank|merci|gracias|grazie|obrigad[oa]|dank je(?: wel)?"
    r"|(?:best|kind) regards|please|pls|bitte|por favor|per favore)"
    r"(?: (?:a lot|so much|very much|in advance|again|for your help|schon|beaucoup|mil|mille))?|\s(?:please|pls|bitte))\s*[.!:)]*\s*$"
)
_LONGEST_BYE: Final = 40
"""Characters at the end in which thanks are looked for."""
_LEAST_LEFT: Final = 12
"""Characters of a request: with less beside it, a greeting or thanks are what the prompt is about."""

_HARD: Final = r"(?:hard|difficult|complex|easy|simple|trivial|expert|challenging|tricky)"
_PROMPT: Final = r"(?:this|it|the following|question|task|request|problem|prompt)"
_HINTS: Final = (
    *("model", "tier", "gpt", "claude", "gemini", "opus", "llm"),
    *("difficult", "complex", "hard", "expert", "challenging", "easy", "simple", "trivial", "tricky"),
)
"""Without any of these there is no order."""
_CLAUSE: Final = re.compile(r"[^.!?,;\n]*(?:[.!?,;\n]+|$)")
_RATES_ITSELF: Final = re.compile(
    rf"\b{_PROMPT}(?: is| are| has|'s| should be treated as)(?: \w+){{0,3}}? {_HARD}"
    r"(?:,? ?(?:level|grade)?[ -]?(?:tasks?|questions?|requests?|problems?|prompts?))?\W*$"
    rf"|\b{_PROMPT}(?: is| are|'s)(?: \w+){{0,3}}? {_HARD} (?:\w+ )?(?:task|question|request|problem|prompt)\b"
    r"|\b(?:complexity|difficulty|tier|priority) ?[:=]"
)
_NAMES_A_MODEL: Final = re.compile(r"\b(?:models?|tiers?|llms?|gpt[\w.-]*|claude|gemini|opus)\b")
_ORDERS: Final = re.compile(
    r"\b(?:route|send|forward|escalate|assign|direct|delegate|switch|upgrade)\b.{0,60}\b(?:to|with|by)\b"
    r"|\b(?:use|pick|choose|select|needs?|requires?|deserves?|demands?|want)\b.{0,40}\b"
    r"(?:best|strongest|smartest|largest|biggest|cheapest|smallest|premium|top|powerful|capable|expensive|gpt[\w.-]*|claude|gemini|opus)\b"
)


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
