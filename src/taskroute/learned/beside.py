"""Leaves out of a prompt what stands beside the request: greetings and thanks, and orders for a model."""

from __future__ import annotations

import re
from collections.abc import Collection
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
_MODEL: Final = r"(?:models?|tiers?|llms?|gpt[\w.-]*|claude|gemini|opus|modell(?:e|en|s|o|i)?|modeles?|modelos?|modellen)"
_BEST: Final = (
    r"(?:best|strongest|smartest|largest|biggest|cheapest|smallest|premium|top|powerful|capable|expensive|gpt[\w.-]*|claude|gemini|opus"
    r"|beste[nrs]?|starkste[nrs]?|klugste[nrs]?|grosste[nrs]?|sterkste|slimste|grootste|meilleure?|puissant|mejor|potente|migliore|melhor)"
)
_USE: Final = (
    r"(?:use|pick|choose|select|needs?|requires?|deserves?|demands?|want|nutze|benutze|verwende|nimm|wahle|brauch(?:e|t)|utilise[rz]?|choisis"
    r"|prends|usar?|utiliza|utilice|elige|necesita|utilizza|scegli|richiede|utilize|escolha|precisa|gebruik|kies|neem)"
)
_SEND: Final = (
    r"(?:(?:route|send|forward|escalate|assign|direct|delegate|switch|upgrade)\b.{0,60}\b(?:to|with|by)"
    r"|(?:leite|schicke?|sende)\b.{0,60}\b(?:an|zu|zum)|envoie\b.{0,60}\b(?:a|au)|envia\b.{0,60}\b(?:a|al)|manda\b.{0,60}\b(?:a|al)"
    r"|envie\b.{0,60}\b(?:a|ao|para)|stuur\b.{0,60}\b(?:naar|door))"
)
_HARD_ELSEWHERE: Final = (
    r"(?:schwer|schwierig|komplex|anspruchsvoll|leicht|einfach|difficile|complexe|facile|dificil|complicad[oa]|complej[oa]|facil|sencill[oa]"
    r"|compless[oa]|complex[oa]|moeilijk|makkelijk|eenvoudig)(?:e[nrs]?)?"
)
_PROMPT_ELSEWHERE: Final = (
    r"(?:das|dies|aufgabe|frage|anfrage|c'est|tache|question|demande|esto|tarea|pregunta|questo|questa|compito|domanda|richiesta"
    r"|isto|tarefa|pergunta|pedido|dit|taak|vraag|opdracht)"
)
_HINTING: Final = """
model models tier tiers gpt claude gemini opus llm llms modell modelle modellen modells modele modeles modelo modelos modello modelli
difficult difficulty complex complexity hard expert challenging easy simple trivial tricky priority
schwer schwere schweres schwerer schwierig schwierige schwieriges schwieriger komplex komplexe komplexes anspruchsvoll anspruchsvolle
leicht leichte leichtes einfach einfache einfaches difficile complexe facile dificil complicada complicado compleja complejo facil sencilla
sencillo complessa complesso complexa complexo moeilijk moeilijke makkelijk makkelijke eenvoudig eenvoudige
"""
_HINTS: Final = frozenset(_HINTING.split())
"""Without any of these words there is no order."""
_CLAUSE: Final = re.compile(r"[^.!?,;\n]*(?:[.!?,;\n]+|$)")
_RATES_ITSELF: Final = re.compile(
    rf"\b{_PROMPT}(?: is| are| has|'s| should be treated as)(?: \w+){{0,3}}? {_HARD}"
    r"(?:,? ?(?:level|grade)?[ -]?(?:tasks?|questions?|requests?|problems?|prompts?))?\W*$"
    rf"|\b{_PROMPT}(?: is| are|'s)(?: \w+){{0,3}}? {_HARD} (?:\w+ )?(?:task|question|request|problem|prompt)\b"
    r"|\b(?:complexity|difficulty|tier|priority) ?[:=]"
)
_RATES_ITSELF_ELSEWHERE: Final = re.compile(
    rf"\b{_PROMPT_ELSEWHERE}(?: \w+){{1,4}}? {_HARD_ELSEWHERE}(?: {_PROMPT_ELSEWHERE})?\W*$"
    rf"|\b(?:ist|est|es|e|is)(?: \w+){{0,3}}? (?:{_HARD_ELSEWHERE} )?{_PROMPT_ELSEWHERE}(?: \w+)?? {_HARD_ELSEWHERE}\W*$"
)
_NAMES_A_MODEL: Final = re.compile(rf"\b{_MODEL}\b")
_ORDERS: Final = re.compile(rf"\b{_SEND}\b|\b{_USE}\b.{{0,40}}\b{_BEST}\b")


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


def may_order(tokens: Collection[str]) -> bool:
    """Whether a word of a folded prompt may belong to an order for a model."""
    return not _HINTS.isdisjoint(tokens)


def without_orders(plain: str) -> str:
    """Return a folded prompt without the sentences that order a model or rate their own difficulty; the whole, where nothing else is there.

    Who asks must not be able to choose the model by saying so.
    """
    kept = "".join(clause for clause in _CLAUSE.findall(plain) if not _is_order(clause))
    if not kept.strip():
        # The request and the order may stand in one sentence: then the words of the order alone are left out.
        kept = "".join(map(_without_words_of_order, _CLAUSE.findall(plain)))
    return kept if any(map(str.isalnum, kept)) else plain


def _without_words_of_order(clause: str) -> str:
    left = _RATES_ITSELF.sub(" ", clause)
    if "?" not in clause:
        left = _RATES_ITSELF_ELSEWHERE.sub(" ", left)
        if _NAMES_A_MODEL.search(left) is not None:
            left = _ORDERS.sub(" ", left)
    return left


def _is_order(clause: str) -> bool:
    if _RATES_ITSELF.search(clause):
        return True
    if "?" in clause:
        return False
    if _RATES_ITSELF_ELSEWHERE.search(clause):
        return True
    return _NAMES_A_MODEL.search(clause) is not None and _ORDERS.search(clause) is not None
